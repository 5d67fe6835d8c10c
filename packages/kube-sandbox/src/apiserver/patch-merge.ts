// JSON merge patch (RFC 7386) and its errors.
import type { Dict } from './json.ts';
import { clone, has, isDict, put } from './json.ts';

/** Merges `patch` into a copy of `target`: null deletes, maps are merged, all else is replaced. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isDict(patch)) return clone(patch);
  const result: Dict = isDict(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else put(result, key, mergePatch(has(result, key) ? result[key] : undefined, value));
  }
  return result;
}
