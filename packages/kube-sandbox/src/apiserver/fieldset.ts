// Sets of field paths as managedFields holds them (FieldsV1): a tree whose keys are f:NAME, k:{KEYS} and v:VALUE.
import type { Dict } from './json.ts';
import { dictOr, equal, has, isDict, own, put, sorted } from './json.ts';
import type { TypeNode } from './types.ts';
import { ANY, isDeclared, memberType } from './types.ts';

export interface FieldSet {
  /** The path itself belongs to the set. */
  own: boolean;
  children: Map<string, FieldSet>;
}

export const emptySet = (): FieldSet => ({ own: false, children: new Map() });
export const isEmpty = (set: FieldSet): boolean => !set.own && set.children.size === 0;

export function fromFieldsV1(fields: unknown): FieldSet {
  const set = emptySet();
  for (const [key, value] of Object.entries(dictOr(fields))) {
    if (key === '.') set.own = true;
    else {
      const child = fromFieldsV1(value);
      if (child.children.size === 0) child.own = true;
      set.children.set(key, child);
    }
  }
  return set;
}

export function toFieldsV1(set: FieldSet): Dict {
  const out: Dict = {};
  if (set.own && set.children.size > 0) out['.'] = {};
  for (const key of [...set.children.keys()].toSorted()) {
    const child = set.children.get(key);
    if (child !== undefined && !isEmpty(child)) put(out, key, toFieldsV1(child));
  }
  return out;
}

type Choose = (a: boolean, b: boolean) => boolean;

const NOTHING = emptySet();

function combine(a: FieldSet, b: FieldSet, choose: Choose): FieldSet {
  const out = emptySet();
  out.own = choose(a.own, b.own);
  for (const key of new Set([...a.children.keys(), ...b.children.keys()])) {
    const child = combine(a.children.get(key) ?? NOTHING, b.children.get(key) ?? NOTHING, choose);
    if (!isEmpty(child)) out.children.set(key, child);
  }
  return out;
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (x, y) => x || y);
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (x, y) => x && y);
/** Members of `a` that are not in `b`. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (x, y) => x && !y);

const fieldKey = (name: string): string => `f:${name}`;

/** The key of a list element: its key fields with their defaults, or its value. Undefined where a list has no keys. */
export function elementKey(type: TypeNode, item: unknown): string | undefined {
  if (type.listType === 'set') return `v:${JSON.stringify(item)}`;
  if (type.listType !== 'map' || !isDict(item)) return undefined;
  const keys: Dict = {};
  for (const name of [...(type.keys ?? [])].toSorted()) {
    const value = own(item, name) ?? (type.element === undefined ? undefined : keyDefault(type.element, name));
    if (value !== undefined) keys[name] = value;
  }
  return Object.keys(keys).length === 0 ? undefined : `k:${JSON.stringify(sorted(keys))}`;
}

/** The fields that key the lists of built-in kinds are never absent: what is not given is empty. */
function keyDefault(element: TypeNode, name: string): unknown {
  const member = memberType(element, name);
  if (member?.default !== undefined || element.name === undefined) return member?.default;
  return member?.scalar === 'i' ? 0 : '';
}

const isLeafType = (type: TypeNode, value: unknown): boolean => {
  if (type.atomic === true || type.shape === 'scalar' || value === null) return true;
  if (Array.isArray(value)) return type.shape !== 'list' || type.listType === undefined;
  return !isDict(value);
};

/** What an applied configuration claims: leaves, list elements and keys of maps, but no declared containers. */
export function setOf(value: unknown, type: TypeNode): FieldSet {
  if (isLeafType(type, value)) return { own: true, children: new Map() };
  const children = Array.isArray(value) ? elementsOf(value, type) : membersOf(dictOr(value), type);
  return { own: false, children };
}

function elementsOf(list: unknown[], type: TypeNode): FieldSet['children'] {
  const children: FieldSet['children'] = new Map();
  for (const item of list) {
    const key = elementKey(type, item);
    if (key === undefined) continue;
    const child = isDict(item) ? setOf(item, type.element ?? ANY) : emptySet();
    child.own = true;
    children.set(key, child);
  }
  return children;
}

function membersOf(value: Dict, type: TypeNode): FieldSet['children'] {
  const children: FieldSet['children'] = new Map();
  for (const [name, member] of Object.entries(value)) {
    const child = setOf(member, memberType(type, name) ?? ANY);
    const bare = member === null || (isDict(member) && Object.keys(member).length === 0);
    if (bare || !isDeclared(type, name)) child.own = true;
    if (!isEmpty(child)) children.set(fieldKey(name), child);
  }
  return children;
}

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

const isBare = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) ? value.length === 0 : isDict(value) && Object.keys(value).length === 0);

/** How an object changed, field by field; containers that came or went are members themselves. */
export function compare(before: unknown, after: unknown, type: TypeNode): Comparison {
  if (before === undefined && after === undefined) return blank();
  const value = after ?? before;
  if (becomesMap(before, after, type)) return compare(undefined, after, type);
  if (isLeafType(type, value) || areUnlike(before, after)) return compareLeaf(before, after);
  const result = Array.isArray(value) ? compareLists(before, after, type) : compareDicts(before, after, type);
  if (before === undefined) result.added.own = true;
  else if (after === undefined) result.removed.own = true;
  return result;
}

/** A map that comes in the place of a scalar or a list is new, with all that it holds. */
const becomesMap = (before: unknown, after: unknown, type: TypeNode): boolean =>
  isDict(after) && !isDict(before) && !isBare(before) && type.atomic !== true;

/** Two that have no members to be compared by: both empty, or a list and something else. */
const areUnlike = (before: unknown, after: unknown): boolean =>
  isBare(before) ? isBare(after) : !isBare(after) && Array.isArray(before) !== Array.isArray(after);

function blank(): Comparison {
  return { added: emptySet(), modified: emptySet(), removed: emptySet() };
}

function compareLeaf(before: unknown, after: unknown): Comparison {
  const result = blank();
  if (before === undefined) result.added.own = true;
  else if (after === undefined) result.removed.own = true;
  else if (!equal(before, after)) result.modified.own = true;
  return result;
}

function compareDicts(before: unknown, after: unknown, type: TypeNode): Comparison {
  const [old, now] = [dictOr(before), dictOr(after)];
  const result = blank();
  for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const part = compare(own(old, name), own(now, name), memberType(type, name) ?? ANY);
    attach(result, fieldKey(name), part);
  }
  return result;
}

function compareLists(before: unknown, after: unknown, type: TypeNode): Comparison {
  const index = (list: unknown): Map<string, unknown> => {
    const found = new Map<string, unknown>();
    for (const item of Array.isArray(list) ? list : []) found.set(elementKey(type, item) ?? '', item);
    return found;
  };
  const [old, now] = [index(before), index(after)];
  const result = blank();
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    attach(result, key, compare(old.get(key), now.get(key), type.element ?? ANY));
  }
  return result;
}

function attach(result: Comparison, key: string, part: Comparison): void {
  for (const side of ['added', 'modified', 'removed'] as const) {
    if (!isEmpty(part[side])) result[side].children.set(key, part[side]);
  }
}

/** Paths as conflict messages write them, .spec.items[name="a"].value: at each level those that end there come first. */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const children = [...set.children].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const here = children.filter(([, child]) => child.own).map(([key]) => prefix + stepText(key));
  return [...here, ...children.flatMap(([key, child]) => pathsOf(child, prefix + stepText(key)))];
}

function stepText(key: string): string {
  const rest = key.slice(2);
  if (key.startsWith('f:')) return `.${rest}`;
  if (key.startsWith('v:')) return `[=${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as Dict).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `[${keys.join(',')}]`;
}

/** Takes out what `last` named and nobody in `kept` names any more. Changes `value`. */
export function removeAbandoned(value: unknown, last: FieldSet, kept: FieldSet, type: TypeNode): void {
  if (Array.isArray(value)) return removeElements(value, last, kept, type);
  if (!isDict(value)) return;
  for (const [key, named] of last.children) {
    const name = key.slice(2);
    if (!key.startsWith('f:') || !has(value, name)) continue;
    const still = kept.children.get(key);
    if (still === undefined && name !== 'metadata') delete value[name];
    else removeAbandoned(value[name], named, still ?? emptySet(), memberType(type, name) ?? ANY);
  }
}

function removeElements(list: unknown[], last: FieldSet, kept: FieldSet, type: TypeNode): void {
  for (let i = list.length - 1; i >= 0; i--) {
    const key = elementKey(type, list[i]) ?? '';
    const named = last.children.get(key);
    const still = kept.children.get(key);
    if (named === undefined) continue;
    if (still === undefined) list.splice(i, 1);
    else removeAbandoned(list[i], named, still, type.element ?? ANY);
  }
}
