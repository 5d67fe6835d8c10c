// Nobody grants what they do not hold: the server's checks on writes of roles and bindings.
import type { Call } from '../call.ts';
import type { Dict } from '../json.ts';
import { at, dictOr, equal, textOr } from '../json.ts';
import type { Guard, ResourceType } from '../resource.ts';
import { forbiddenResource } from './authorize.ts';
import { readRules, uncovered, type Rule } from './rules.ts';
import { MASTERS } from './user.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Undefined for kinds that grant nothing and for people who may do everything. Errors of the guard: 403. */
export function escalationGuard(call: Call, type: ResourceType): Guard | undefined {
  if (type.group !== GROUP || call.user.groups.includes(MASTERS)) return undefined;
  const isBinding = type.plural.endsWith('bindings');
  return (object, old) => {
    const field = isBinding ? ['roleRef', 'subjects'] : ['rules'];
    if (old !== undefined && field.every((name) => equal(old[name], object[name]))) return;
    const name = textOr(at(object, 'metadata', 'name'));
    const namespace = textOr(at(object, 'metadata', 'namespace'));
    const granted = isBinding ? boundBy(call, object, namespace) : writtenIn(call, object, type.plural);
    const missing =
      granted === undefined ? [] : uncovered(call.server.access.rbac.rulesFor(call.user, namespace), granted);
    if (missing.length > 0) throw forbiddenResource({ ...type, name }, attempt(call, missing));
  };
}

const may = (call: Call, verb: string, resource: { plural: string; name: string; namespace: string }): boolean =>
  call.server.access.rbac.authorize(call.user, {
    verb,
    resource: { ...resource, group: GROUP, subresource: '' },
    path: call.path,
  }).allowed;

/** Undefined where the user may escalate. */
function writtenIn(call: Call, role: Dict, plural: string): Rule[] | undefined {
  const [name, namespace] = [textOr(at(role, 'metadata', 'name')), textOr(at(role, 'metadata', 'namespace'))];
  return may(call, 'escalate', { plural, name, namespace }) ? undefined : readRules(role);
}

/** Undefined where the user may bind that role. */
function boundBy(call: Call, binding: Dict, namespace: string): Rule[] | undefined {
  const ref = dictOr(binding['roleRef']);
  const plural = ref['kind'] === 'Role' ? 'roles' : 'clusterroles';
  if (may(call, 'bind', { plural, name: textOr(ref['name']), namespace })) return undefined;
  return call.server.access.rbac.rulesOf(ref, namespace);
}

function attempt(call: Call, missing: Rule[]): string {
  const { name, groups } = call.user;
  const rights = [...new Set(merged(missing).map(ruleText))].toSorted();
  const who = `user ${JSON.stringify(name)} (groups=[${groups.map((g) => JSON.stringify(g)).join(' ')}])`;
  return `${who} is attempting to grant RBAC permissions not currently held:\n${rights.join('\n')}`;
}

/** Rights on one resource as one rule with all their verbs. */
function merged(rights: Rule[]): Rule[] {
  const found = new Map<string, Rule>();
  for (const right of rights) {
    const isSimple = right.resourceNames.length === 0 && right.nonResourceURLs.length === 0;
    const key = isSimple ? `${right.apiGroups.join()}/${right.resources.join()}` : JSON.stringify(right);
    const known = found.get(key);
    found.set(key, known === undefined ? right : { ...known, verbs: [...known.verbs, ...right.verbs] });
  }
  return [...found.values()];
}

const quoted = (list: readonly string[]): string => `[${list.map((each) => JSON.stringify(each)).join(' ')}]`;

function ruleText(rule: Rule): string {
  const parts: [string, readonly string[]][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const said = parts.filter(([, list]) => list.length > 0).map(([name, list]) => `${name}:${quoted(list)}`);
  return `{${said.join(', ')}}`;
}
