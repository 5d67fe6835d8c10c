// Which fields of two values differ, as people find them: `spec.template.spec.containers[web].image`.
import { isRecord, textIn } from '../api/json.ts';
import { canonicalJson } from '../rollout/hash.ts';

export interface ChangedField {
  path: string;
  was: unknown;
  now: unknown;
}

/** The deepest fields that differ. Items of a list that all have names are told by these. */
export function changedFields(was: unknown, now: unknown, path = ''): ChangedField[] {
  if (canonicalJson(was ?? null) === canonicalJson(now ?? null)) return [];
  if (isRecord(was) && isRecord(now)) return inRecord(was, now, path);
  if (Array.isArray(was) && Array.isArray(now)) return inList(was, now, path);
  return [{ path, was, now }];
}

function inRecord(was: Record<string, unknown>, now: Record<string, unknown>, path: string): ChangedField[] {
  const keys = [...new Set([...Object.keys(was), ...Object.keys(now)])];
  return keys.flatMap((key) => changedFields(was[key], now[key], path === '' ? key : `${path}.${key}`));
}

function inList(was: readonly unknown[], now: readonly unknown[], path: string): ChangedField[] {
  const [before, after] = [byName(was), byName(now)];
  if (before !== undefined && after !== undefined) {
    const names = [...new Set([...before.keys(), ...after.keys()])];
    const found = names.flatMap((name) => changedFields(before.get(name), after.get(name), `${path}[${name}]`));
    return found.length > 0 ? found : [{ path, was, now }];
  }
  if (was.length !== now.length) return [{ path, was, now }];
  return now.flatMap((item, index) => changedFields(was[index], item, `${path}[${index}]`));
}

/** Undefined where some item has no name, or two have the same. */
function byName(list: readonly unknown[]): Map<string, unknown> | undefined {
  const named = new Map<string, unknown>();
  for (const item of list) {
    const name = isRecord(item) ? textIn(item['name']) : undefined;
    if (name === undefined || named.has(name)) return undefined;
    named.set(name, item);
  }
  return named;
}
