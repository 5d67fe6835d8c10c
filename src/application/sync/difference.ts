// Two states of one object, as the API server tells them: which fields an apply would change. No opinion of our own about defaults,
// quantities or empty values: both sides are the server's.
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';

/** At most this many fields are named. */
const MAX_FIELDS = 20;

/** What the server writes by itself, and what is not declared. */
const VOLATILE = new Set(['managedFields', 'resourceVersion', 'generation', 'creationTimestamp', 'uid', 'selfLink']);

/** Paths that differ between what is and what would be, as `spec.template.spec.containers[web].image`; the status does not count. */
export function changedFields(live: KubeObject, applied: KubeObject): string[] {
  const fields: string[] = [];
  for (const name of union(live, applied)) {
    if (name === 'status') continue;
    if (name === 'metadata') compareMetadata({ ...live.metadata }, { ...applied.metadata }, fields);
    else compare(live[name], applied[name], name, fields);
  }
  return [...new Set(fields)].slice(0, MAX_FIELDS);
}

function compareMetadata(live: Record<string, unknown>, applied: Record<string, unknown>, fields: string[]): void {
  for (const name of union(live, applied)) {
    if (!VOLATILE.has(name)) compare(live[name], applied[name], `metadata.${name}`, fields);
  }
}

const union = (a: object, b: object): Set<string> => new Set([...Object.keys(a), ...Object.keys(b)]);

function compare(live: unknown, applied: unknown, path: string, fields: string[]): void {
  if (live === applied || fields.length >= MAX_FIELDS) return;
  if (isRecord(live) && isRecord(applied)) {
    for (const key of union(live, applied)) compare(live[key], applied[key], `${path}.${key}`, fields);
  } else if (Array.isArray(live) && Array.isArray(applied)) compareLists(live, applied, path, fields);
  else fields.push(path);
}

/** Items are told by their names where these are unlike; a list in another order is another list. */
function compareLists(live: unknown[], applied: unknown[], path: string, fields: string[]): void {
  const [before, after] = [namesOf(live), namesOf(applied)];
  if (!before || !after) {
    if (live.length !== applied.length) fields.push(path);
    else for (const [index, item] of live.entries()) compare(item, applied[index], `${path}[${index}]`, fields);
    return;
  }
  const count = fields.length;
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    compare(before.get(name), after.get(name), `${path}[${name}]`, fields);
  }
  if (fields.length === count && [...before.keys()].join('\n') !== [...after.keys()].join('\n')) fields.push(path);
}

function namesOf(items: unknown[]): Map<string, unknown> | undefined {
  const names = new Map<string, unknown>();
  for (const item of items) {
    const name = isRecord(item) ? item['name'] : undefined;
    if (typeof name !== 'string' || names.has(name)) return undefined;
    names.set(name, item);
  }
  return names;
}

/**
 * Whether everything that is declared is live just so: with the same values, and lists of the same items. True proves that an apply
 * would change nothing only where nobody else has written the object; false proves nothing.
 */
export function isLiveAsDeclared(declared: unknown, live: unknown): boolean {
  if (declared === live) return true;
  if (isRecord(declared) && isRecord(live))
    return Object.entries(declared).every(([key, value]) => isLiveAsDeclared(value, live[key]));
  if (Array.isArray(declared) && Array.isArray(live))
    return declared.length === live.length && declared.every((item, index) => isLiveAsDeclared(item, live[index]));
  return false;
}
