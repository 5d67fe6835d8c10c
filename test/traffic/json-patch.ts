// The little of RFC 6902 that routers use, with tests that fail as the API server's do.
import type { KubeObject } from '../../src/api/k8s.ts';
import type { JsonPatchOp } from '../../src/traffic/router.ts';

type Holder = Record<string, unknown>;

export function applyPatch(object: KubeObject, ops: JsonPatchOp[]): KubeObject {
  const copy = structuredClone(object);
  for (const op of ops) applyOp(copy as Holder, op);
  return copy;
}

function applyOp(root: Holder, op: JsonPatchOp): void {
  const keys = op.path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let at = root;
  for (const key of keys) {
    at = at[key] as Holder;
    if (typeof at !== 'object' || at === null) throw new Error(`no such path: ${op.path}`);
  }
  if (op.op !== 'add' && !Object.hasOwn(at, last)) throw new Error(`no such path: ${op.path}`);
  if (op.op === 'test') {
    if (JSON.stringify(at[last]) !== JSON.stringify(op.value)) throw new Error(`test failed: ${op.path}`);
  } else if (op.op === 'remove') delete at[last];
  else at[last] = op.value;
}
