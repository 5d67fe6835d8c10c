// Declared against live: which declared fields differ. What a declaration leaves out may be anything (defaults, other writers); values the
// server spells differently (quantities, empty parts it drops) are the same.
import type { KubeObject } from '../../api/k8s.ts';
import { isRecord } from '../../api/json.ts';

/** At most this many fields are named. */
const MAX_FIELDS = 20;

/** Paths of declared fields whose live value differs, as `spec.template.spec.containers[web].image`. */
export function driftedFields(declared: KubeObject, live: KubeObject): string[] {
  const fields: string[] = [];
  for (const [name, value] of Object.entries(declared)) {
    if (name === 'metadata') compareMetadata(value, live.metadata, fields);
    else if (name !== 'status' && name !== 'apiVersion') compare(value, live[name], name, fields);
  }
  return fields.slice(0, MAX_FIELDS);
}

function compareMetadata(declared: unknown, live: unknown, fields: string[]): void {
  if (!isRecord(declared) || !isRecord(live)) return;
  for (const part of ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
    if (declared[part] !== undefined) compare(declared[part], live[part], `metadata.${part}`, fields);
  }
}

function compare(declared: unknown, live: unknown, path: string, fields: string[]): void {
  if (isEmpty(declared) && (live === undefined || live === null || isEmpty(live))) return;
  if (isRecord(declared) && isRecord(live)) {
    for (const [key, value] of Object.entries(declared)) compare(value, live[key], `${path}.${key}`, fields);
  } else if (Array.isArray(declared) && Array.isArray(live)) {
    compareLists(declared, live, path, fields);
  } else if (!sameScalar(declared, live)) fields.push(path);
}

function compareLists(declared: unknown[], live: unknown[], path: string, fields: string[]): void {
  if (declared.length > 0 && declared.every((item) => nameOf(item) !== undefined)) {
    const byName = new Map(live.map((item) => [nameOf(item), item]));
    for (const item of declared) compare(item, byName.get(nameOf(item)), `${path}[${nameOf(item)}]`, fields);
    return;
  }
  if (declared.length !== live.length) fields.push(path);
  else for (const [index, item] of declared.entries()) compare(item, live[index], `${path}[${index}]`, fields);
}

const nameOf = (item: unknown): string | undefined =>
  isRecord(item) && typeof item['name'] === 'string' ? item['name'] : undefined;

/** What the server may drop: nothing, zero, false, and containers of such alone. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isRecord(value)) return Object.values(value).every((item) => isEmpty(item));
  return value === null || value === undefined || value === '' || value === 0 || value === false;
}

function sameScalar(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isScalar(a) || !isScalar(b)) return false;
  const quantity = quantityOf(a);
  return String(a) === String(b) || (quantity !== undefined && quantity === quantityOf(b));
}

const isScalar = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';

const SUFFIXES: Record<string, number> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The amount of a resource quantity, rounded so that `100m` and `0.1` are equal. */
function quantityOf(value: string | number): number | undefined {
  const parts = /^([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])?$/.exec(String(value));
  const factor = SUFFIXES[parts?.[2] ?? ''];
  return parts && factor !== undefined ? Number((Number(parts[1]) * factor).toPrecision(12)) : undefined;
}
