// Roles' rules: which request one allows, and which rules cover others.
import type { Dict } from '../json.ts';
import { dictOr, listOr } from '../json.ts';
import type { Attributes, ResourceAttributes } from './attributes.ts';

export interface Rule {
  verbs: readonly string[];
  apiGroups: readonly string[];
  resources: readonly string[];
  resourceNames: readonly string[];
  nonResourceURLs: readonly string[];
}

const texts = (value: unknown): string[] => listOr(value).map(String);

export function readRules(role: Dict): Rule[] {
  return listOr(role['rules'])
    .map(dictOr)
    .map((rule) => ({
      verbs: texts(rule['verbs']),
      apiGroups: texts(rule['apiGroups']),
      resources: texts(rule['resources']),
      resourceNames: texts(rule['resourceNames']),
      nonResourceURLs: texts(rule['nonResourceURLs']),
    }));
}

const holds = (list: readonly string[], wanted: string): boolean => list.includes('*') || list.includes(wanted);

/** A star stands for everything; `*` and a subresource, for that subresource of everything. */
function holdsResource(list: readonly string[], { plural, subresource }: ResourceAttributes): boolean {
  const full = subresource === '' ? plural : `${plural}/${subresource}`;
  return list.some((each) => each === '*' || each === full || (subresource !== '' && each === `*/${subresource}`));
}

const holdsUrl = (list: readonly string[], path: string): boolean =>
  list.some((each) => each === '*' || each === path || (each.endsWith('*') && path.startsWith(each.slice(0, -1))));

export function allows(rule: Rule, attributes: Attributes): boolean {
  const { verb, resource } = attributes;
  if (!holds(rule.verbs, verb)) return false;
  if (resource === undefined) return holdsUrl(rule.nonResourceURLs, attributes.path);
  return (
    holds(rule.apiGroups, resource.group) &&
    holdsResource(rule.resources, resource) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(resource.name))
  );
}

/** One right each: one verb on one resource, one name, or one path. */
function brokenDown(rule: Rule): Rule[] {
  const names = rule.resourceNames.length === 0 ? [[]] : rule.resourceNames.map((name) => [name]);
  const blank = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  const onResources = rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        names.map((resourceNames) => ({
          ...blank,
          verbs: [verb],
          apiGroups: [group],
          resources: [resource],
          resourceNames,
        })),
      ),
    ),
  );
  const onPaths = rule.nonResourceURLs.flatMap((url) =>
    rule.verbs.map((verb) => ({ ...blank, verbs: [verb], nonResourceURLs: [url] })),
  );
  return [...onResources, ...onPaths];
}

function coversResource(owned: readonly string[], wanted: string): boolean {
  const [plural = '', subresource = ''] = wanted.split('/', 2);
  return wanted === '*' ? owned.includes('*') : holdsResource(owned, { ...NOWHERE, plural, subresource });
}

const NOWHERE = { group: '', name: '', namespace: '' };
const all = (wanted: readonly string[], has: (each: string) => boolean): boolean => wanted.every(has);

function coversOne(owner: Rule, wanted: Rule): boolean {
  if (!all(wanted.verbs, (verb) => (verb === '*' ? owner.verbs.includes('*') : holds(owner.verbs, verb)))) return false;
  if (wanted.nonResourceURLs.length > 0)
    return all(wanted.nonResourceURLs, (url) => holdsUrl(owner.nonResourceURLs, url));
  const isNamed = owner.resourceNames.length > 0;
  return (
    all(wanted.apiGroups, (group) => holds(owner.apiGroups, group)) &&
    all(wanted.resources, (resource) => coversResource(owner.resources, resource)) &&
    (!isNamed || (wanted.resourceNames.length > 0 && all(wanted.resourceNames, (n) => owner.resourceNames.includes(n))))
  );
}

/** The single rights of `wanted` that `owned` do not give. */
export const uncovered = (owned: readonly Rule[], wanted: readonly Rule[]): Rule[] =>
  wanted.flatMap(brokenDown).filter((right) => !owned.some((owner) => coversOne(owner, right)));
