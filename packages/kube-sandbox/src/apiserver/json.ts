// Plain JSON values: telling them apart, copying, comparing, and walking dotted paths.

export type Dict = Record<string, unknown>;

export const isDict = (value: unknown): value is Dict =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const dictOr = (value: unknown): Dict => (isDict(value) ? value : {});
export const listOr = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const textOr = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : otherwise);
export const numberOr = (value: unknown, otherwise = 0): number => (typeof value === 'number' ? value : otherwise);

export function clone<T>(value: T): T {
  return cloneAny(value) as T;
}

/** Everything in the cluster is copied all the time: plain loops, and no call for what holds nothing. */
function cloneAny(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneAny);
  const copy: Dict = {};
  for (const key in value) {
    const member = (value as Dict)[key];
    if (member === undefined) continue;
    put(copy, key, typeof member === 'object' ? cloneAny(member) : member);
  }
  return copy;
}

/** Sets a key, also one that is called __proto__. */
export function put(target: Dict, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

export const has = (target: Dict, key: string): boolean => Object.hasOwn(target, key) && target[key] !== undefined;
export const own = (target: Dict, key: string): unknown => (Object.hasOwn(target, key) ? target[key] : undefined);

/** Equal as JSON: the order of keys does not count, undefined is absent. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (!isDict(a) || !isDict(b)) return false;
  const keys = Object.keys(a).filter((k) => a[k] !== undefined);
  const others = Object.keys(b).filter((k) => b[k] !== undefined);
  return keys.length === others.length && keys.every((k) => has(b, k) && equal(a[k], b[k]));
}

/** Value at a path of keys, or undefined. */
export function at(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const key of path) {
    if (!isDict(here)) return undefined;
    here = own(here, key);
  }
  return here;
}

/** The dict at a key, made where there is none. */
export function ensure(target: Dict, key: string): Dict {
  const present = own(target, key);
  if (isDict(present)) return present;
  const made: Dict = {};
  put(target, key, made);
  return made;
}

/** Sets what is absent. */
export function setDefault(target: Dict, key: string, value: unknown): void {
  if (own(target, key) === undefined || own(target, key) === null) put(target, key, value);
}

/** Sorts the keys of every object, as custom resources are written. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isDict(value)) return value;
  const copy: Dict = {};
  for (const key of Object.keys(value).toSorted()) put(copy, key, sorted(value[key]));
  return copy;
}

/** A value as Go's fmt prints it with %v: map[a:b], [x y]. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (isDict(value)) {
    const keys = Object.keys(value).toSorted();
    return `map[${keys.map((k) => `${k}:${goText(value[k])}`).join(' ')}]`;
  }
  return value === null || value === undefined ? '<nil>' : `${value as string | number | boolean}`;
}
