// What the API server makes of a write: a merge patch, or the little of RFC 6902 that routers use, with tests that fail as its do.
import type { KubeObject } from '../../src/api/k8s.ts';
import type { JsonPatchOp, Write } from '../../src/traffic/write.ts';

type Holder = Record<string, unknown>;

/** A copy with the write made; the object itself where there is none. */
export function written<T extends KubeObject>(object: T, write: Write | undefined): T {
  if (write === undefined) return object;
  if (write.type === 'merge') return merged(object as unknown as Holder, write.body) as unknown as T;
  const copy = structuredClone(object);
  for (const op of write.body) applyOp(copy as unknown as Holder, op);
  return copy;
}

/** RFC 7386. */
function merged(target: unknown, patch: Holder): Holder {
  const result: Holder = typeof target === 'object' && target !== null ? { ...(target as Holder) } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (typeof value === 'object' && !Array.isArray(value)) result[key] = merged(result[key], value as Holder);
    else result[key] = value;
  }
  return result;
}

function applyOp(root: Holder, op: JsonPatchOp): void {
  const keys = op.path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let at: unknown = root;
  for (const key of keys) {
    at = (at as Holder)[key];
    if (typeof at !== 'object' || at === null) throw new Error(`no such path: ${op.path}`);
  }
  applyAt(at as Holder | unknown[], last, op);
}

function applyAt(holder: Holder | unknown[], last: string, op: JsonPatchOp): void {
  if (op.op !== 'add' && !Object.hasOwn(holder, last)) throw new Error(`no such path: ${op.path}`);
  const found = (holder as Holder)[last];
  if (op.op === 'test') {
    if (JSON.stringify(found) !== JSON.stringify(op.value)) throw new Error(`test failed: ${op.path}`);
  } else if (Array.isArray(holder) && op.op !== 'replace') {
    holder.splice(Number(last), op.op === 'remove' ? 1 : 0, ...(op.op === 'add' ? [structuredClone(op.value)] : []));
  } else if (op.op === 'remove') delete (holder as Holder)[last];
  else (holder as Holder)[last] = structuredClone(op.value);
}
