// A write as plain data, and how the patches of routes are put together.
import type { KubeObject } from '../api/k8s.ts';
import { isRecord } from '../api/json.ts';

/** RFC 6902. */
export type JsonPatchOp =
  { op: 'test' | 'add' | 'replace'; path: string; value: unknown } | { op: 'remove'; path: string };

export type Write = { type: 'json'; body: readonly JsonPatchOp[] } | { type: 'merge'; body: Record<string, unknown> };

export type Keys = (string | number)[];

/** RFC 6901. */
export const pointer = (keys: Readonly<Keys>): string =>
  keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** A patch whose tests come first, so that it is applied whole or not at all; undefined where it changes nothing. */
export function jsonWrite(ops: readonly JsonPatchOp[]): Write | undefined {
  if (ops.every(({ op }) => op === 'test')) return undefined;
  return { type: 'json', body: [...ops.filter(({ op }) => op === 'test'), ...ops.filter(({ op }) => op !== 'test')] };
}

/** Sets and removes annotations; null or empty removes, undefined leaves. */
export function annotationOps(object: KubeObject, wanted: Record<string, string | null | undefined>): JsonPatchOp[] {
  const { annotations } = object.metadata;
  const changes = Object.entries(wanted).filter(
    ([name, value]) => value !== undefined && annotations?.[name] !== (value || undefined),
  );
  if (changes.length === 0) return [];
  // Where there are none yet, there is none to remove, and nothing to add one to.
  if (!isRecord(annotations)) return [{ op: 'add', path: '/metadata/annotations', value: Object.fromEntries(changes) }];
  return changes.map(([name, value]): JsonPatchOp => {
    const path = pointer(['metadata', 'annotations', name]);
    if (!value) return { op: 'remove', path };
    return { op: annotations[name] === undefined ? 'add' : 'replace', path, value };
  });
}
