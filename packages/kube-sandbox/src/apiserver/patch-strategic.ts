// Strategic merge patch for built-in kinds: lists are merged by the key that the type names; directives as kubectl sends them.
import { internal } from './errors.ts';
import type { Dict } from './json.ts';
import { clone, equal, goText, has, isDict, listOr, own, put } from './json.ts';
import type { TypeNode } from './types.ts';
import { ANY, memberType } from './types.ts';

const ORDER = '$setElementOrder/';
const DROP = '$deleteFromPrimitiveList/';

/** The patched copy of `target`. Errors: 500, as the server answers, for elements without key and orders that do not fit. */
export function strategicPatch(target: unknown, patch: Dict, type: TypeNode): Dict {
  const directive = patch['$patch'];
  const content = withoutDirectives(patch);
  if (directive === 'delete') return {};
  if (directive === 'replace') return dropNulls(clone(content));
  const result: Dict = isDict(target) ? clone(target) : {};
  retainOnly(result, patch);
  for (const [key, value] of Object.entries(content)) {
    if (value === null) delete result[key];
    else put(result, key, patchMember(own(result, key), value, { key, patch, type: memberType(type, key) ?? ANY }));
  }
  for (const key of Object.keys(patch)) applyListDirective(result, patch, { key, type });
  return result;
}

const isDirective = (key: string): boolean =>
  key === '$patch' || key === '$retainKeys' || key.startsWith(ORDER) || key.startsWith(DROP);

const withoutDirectives = (patch: Dict): Dict =>
  Object.fromEntries(Object.entries(patch).filter(([key]) => !isDirective(key)));

function dropNulls(value: Dict): Dict {
  for (const [key, member] of Object.entries(value)) {
    if (member === null) delete value[key];
    else if (isDict(member)) dropNulls(member);
  }
  return value;
}

function retainOnly(result: Dict, patch: Dict): void {
  if (!Array.isArray(patch['$retainKeys'])) return;
  const keep = new Set(patch['$retainKeys']);
  for (const key of Object.keys(result)) if (!keep.has(key)) delete result[key];
}

interface Member {
  key: string;
  patch: Dict;
  type: TypeNode;
}

function patchMember(old: unknown, value: unknown, member: Member): unknown {
  if (isDict(value)) return strategicPatch(old, value, member.type);
  if (!Array.isArray(value) || member.type.patchKey === undefined) return clone(value);
  const order = own(member.patch, ORDER + member.key);
  if (member.type.patchKey === '') return mergeScalars(listOr(old), value);
  checkOrder(value, order, member.type.patchKey);
  return mergeElements(listOr(old), value, member.type);
}

function mergeScalars(old: unknown[], added: unknown[]): unknown[] {
  return [...old, ...added.filter((item) => !old.some((present) => equal(present, item)))];
}

const isReplacement = (item: unknown): item is Dict => isDict(item) && item['$patch'] === 'replace';

function mergeElements(old: unknown[], patch: unknown[], type: TypeNode): unknown[] {
  const { patchKey: key = '', element = ANY } = type;
  if (patch.some((item) => isReplacement(item) && !has(item, key)))
    return patch.filter((item) => !isReplacement(item)).map(clone);
  const result = old.map(clone);
  const fresh: unknown[] = [];
  for (const item of patch) {
    if (!isDict(item)) continue;
    if (!has(item, key)) throw internal(`map: ${goText(item)} does not contain declared merge key: ${key}`);
    const index = result.findIndex((present) => isDict(present) && equal(present[key], item[key]));
    if (item['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = strategicPatch(result[index], item, element);
    else fresh.push(strategicPatch({}, item, element));
  }
  return arrange(result, fresh, patch, key);
}

/** New elements go where the patch has them among those it shares with the list; without any shared one, in front. */
function arrange(result: unknown[], fresh: unknown[], patch: unknown[], key: string): unknown[] {
  if (fresh.length === 0) return result;
  const wanted = patch.filter(isDict).map((item) => item[key]);
  const place = (item: unknown): number => wanted.findIndex((w) => isDict(item) && equal(w, item[key]));
  const shared = result.findLastIndex((item) => place(item) >= 0);
  if (shared < 0) return [...fresh, ...result];
  const anchor = place(result[shared]);
  const early = fresh.filter((item) => place(item) < anchor);
  const late = fresh.filter((item) => place(item) > anchor);
  return [...result.slice(0, shared), ...early, result[shared], ...late, ...result.slice(shared + 1)];
}

function checkOrder(patch: unknown[], order: unknown, key: string): void {
  if (!Array.isArray(order)) return;
  const wanted = order.filter(isDict).map((item) => item[key]);
  let last = -1;
  for (const item of patch) {
    if (!isDict(item) || item['$patch'] === 'delete') continue;
    const place = wanted.findIndex((value) => equal(value, item[key]));
    if (place < 0 || place < last) {
      const [list, asked] = [goLines(patch), goLines(order)];
      throw internal(`The order in patch list:\n${list}\n doesn't match $setElementOrder list:\n${asked}\n`);
    }
    last = place;
  }
}

const goLines = (list: unknown[]): string => goText(list);

function applyListDirective(result: Dict, patch: Dict, at: { key: string; type: TypeNode }): void {
  if (at.key.startsWith(DROP)) {
    const name = at.key.slice(DROP.length);
    const gone = listOr(patch[at.key]);
    if (has(result, name)) {
      const left = listOr(result[name]).filter((item) => !gone.some((value) => equal(value, item)));
      if (left.length === 0) delete result[name];
      else result[name] = left;
    }
  }
  if (at.key.startsWith(ORDER)) {
    const name = at.key.slice(ORDER.length);
    const mergeKey = memberType(at.type, name)?.patchKey ?? '';
    if (has(result, name)) result[name] = inOrder(listOr(result[name]), listOr(patch[at.key]), mergeKey);
  }
}

/** Listed elements in the given order; the others keep their place relative to the one before them. */
function inOrder(list: unknown[], order: unknown[], key: string): unknown[] {
  const keyOf = (item: unknown): unknown => (key !== '' && isDict(item) ? item[key] : item);
  const wanted = order.map(keyOf);
  const place = (item: unknown): number => wanted.findIndex((value) => equal(value, keyOf(item)));
  const listed = list.filter((item) => place(item) >= 0).toSorted((a, b) => place(a) - place(b));
  const others = list.map((item, i) => ({ item, i })).filter(({ item }) => place(item) < 0);
  const result = [...listed];
  for (const { item, i } of others) result.splice(Math.min(i, result.length), 0, item);
  return result;
}
