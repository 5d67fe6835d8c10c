// The RBAC authorizer over the Roles and bindings in the store.
import type { Dict } from '../json.ts';
import { at, dictOr, listOr, textOr } from '../json.ts';
import type { Storage } from '../storage.ts';
import type { Attributes } from './attributes.ts';
import { allows, readRules, type Rule } from './rules.ts';
import { accountUserName, MASTERS, type User } from './user.ts';

export interface Decision {
  allowed: boolean;
  /** Which binding allows it; or why not, beyond that no rule does. */
  reason: string;
}

interface Grant {
  rules: Rule[];
  subjects: Dict[];
  /** Empty for ClusterRoleBindings. */
  namespace: string;
  /** As reasons name it, up to the subject. */
  source: string;
  /** The role that a binding names and that is not there. */
  missing: string | undefined;
}

const GROUP = 'rbac.authorization.k8s.io';
const BUCKETS = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'].map((plural) => `${GROUP}/${plural}`);

export class Rbac {
  readonly #storage: Storage;
  /** Read from the store once, until a role or binding changes; by namespace, '' for the cluster's. */
  #grants: Map<string, Grant[]> | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
    storage.listen((event) => {
      if (BUCKETS.includes(event.bucket)) this.#grants = undefined;
    });
  }

  authorize(user: User, attributes: Attributes): Decision {
    if (user.groups.includes(MASTERS)) return { allowed: true, reason: '' };
    const missing = new Set<string>();
    for (const { grant, subject } of this.#grantsOf(user, attributes.resource?.namespace ?? '')) {
      if (grant.missing !== undefined) missing.add(grant.missing);
      if (attributes.resource === undefined && grant.namespace !== '') continue;
      if (!grant.rules.some((rule) => allows(rule, attributes))) continue;
      return { allowed: true, reason: `RBAC: allowed by ${grant.source} to ${subjectText(subject, grant.namespace)}` };
    }
    return { allowed: false, reason: missingText([...missing]) };
  }

  /** Everything that the user may do there. */
  rulesFor(user: User, namespace: string): Rule[] {
    return this.#grantsOf(user, namespace).flatMap(({ grant }) => grant.rules);
  }

  /** The rules of the role that a binding names; none where it is not there. */
  rulesOf(roleRef: Dict, namespace: string): Rule[] {
    return readRules(this.#role(roleRef, namespace) ?? {});
  }

  #grantsOf(user: User, namespace: string): { grant: Grant; subject: Dict }[] {
    this.#grants ??= this.#read();
    const near = namespace === '' ? [] : (this.#grants.get(namespace) ?? []);
    return [...(this.#grants.get('') ?? []), ...near].flatMap((grant) => {
      const subject = grant.subjects.find((each) => isMeant(each, user, grant.namespace));
      return subject === undefined ? [] : [{ grant, subject }];
    });
  }

  #read(): Map<string, Grant[]> {
    const grants = new Map<string, Grant[]>();
    for (const plural of ['clusterrolebindings', 'rolebindings']) {
      for (const [, binding] of this.#storage.list(`${GROUP}/${plural}`)) {
        const grant = this.#grant(binding, plural === 'rolebindings');
        grants.set(grant.namespace, [...(grants.get(grant.namespace) ?? []), grant]);
      }
    }
    return grants;
  }

  #grant(binding: Dict, isNamespaced: boolean): Grant {
    const namespace = isNamespaced ? textOr(at(binding, 'metadata', 'namespace')) : '';
    const ref = dictOr(binding['roleRef']);
    const [kind, name] = [textOr(ref['kind']), textOr(ref['name'])];
    const role = this.#role(ref, namespace);
    const own = textOr(at(binding, 'metadata', 'name'));
    const named = isNamespaced ? `RoleBinding "${own}/${namespace}"` : `ClusterRoleBinding "${own}"`;
    return {
      rules: readRules(role ?? {}),
      subjects: listOr(binding['subjects']).map(dictOr),
      namespace,
      source: `${named} of ${kind} "${name}"`,
      missing: role === undefined ? `${kind.toLowerCase()}.${GROUP} "${name}" not found` : undefined,
    };
  }

  #role(ref: Dict, namespace: string): Dict | undefined {
    const name = textOr(ref['name']);
    return ref['kind'] === 'Role'
      ? this.#storage.get(`${GROUP}/roles`, `${namespace}/${name}`)
      : this.#storage.get(`${GROUP}/clusterroles`, name);
  }
}

function isMeant(subject: Dict, user: User, bindingNamespace: string): boolean {
  const name = textOr(subject['name']);
  switch (subject['kind']) {
    case 'User':
      return name === user.name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount': {
      const namespace = textOr(subject['namespace'], bindingNamespace) || bindingNamespace;
      return namespace !== '' && accountUserName({ namespace, name }) === user.name;
    }
    default:
      return false;
  }
}

/** Names the roles that bindings name in vain. */
function missingText(roles: string[]): string {
  if (roles.length === 0) return '';
  const list = roles.join(', ');
  return `RBAC: ${roles.length > 1 ? `[${list}]` : list}`;
}

function subjectText(subject: Dict, bindingNamespace: string): string {
  const kind = textOr(subject['kind']);
  if (kind !== 'ServiceAccount') return `${kind} "${textOr(subject['name'])}"`;
  return `${kind} "${textOr(subject['name'])}/${textOr(subject['namespace']) || bindingNamespace}"`;
}
