// Fields that the API server never lets anybody change: a commit that does is refused in its dry run.
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import { splitApiVersion } from '../api/object-key.ts';
import { needsReplacement } from '../application/revert/immutable.ts';
import { canonicalJson } from '../rollout/hash.ts';

const WORKLOADS = ['Deployment', 'DaemonSet', 'ReplicaSet', 'StatefulSet'].map((kind) => `apps/${kind}`);
const BINDINGS = ['RoleBinding', 'ClusterRoleBinding'].map((kind) => `rbac.authorization.k8s.io/${kind}`);

/** Paths by `group/Kind`. */
const FIXED: Readonly<Record<string, readonly string[][]>> = {
  [`${RESOURCES.rollouts.group}/${RESOURCES.rollouts.kind}`]: [['spec', 'selector']],
  ...Object.fromEntries(WORKLOADS.map((kind) => [kind, [['spec', 'selector']]])),
  ...Object.fromEntries(BINDINGS.map((kind) => [kind, [['roleRef']]])),
  'batch/Job': [['spec', 'template']],
};

/** What of an object cannot become what it is to be. */
export function immutableProblems(before: KubeObject, after: KubeObject): string[] {
  if (needsReplacement(before, after))
    return ['it is immutable, or its type changes, which the API server refuses; give it another name'];
  const [group] = splitApiVersion(after.apiVersion);
  const paths = FIXED[`${group}/${after.kind}`] ?? [];
  return paths
    .filter((path) => canonicalJson(at(before, path)) !== canonicalJson(at(after, path)))
    .map((path) => `${path.join('.')} cannot be changed, the API server refuses it; give the object another name`);
}

const at = (object: KubeObject, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), object) ?? null;
