// In which order objects are applied, and, backwards, deleted.
import type { ObjectRef } from '../../api/application.ts';

const FIRST = new Set(['Namespace', 'CustomResourceDefinition', 'PriorityClass', 'StorageClass']);
const CONFIG = new Set([
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'Secret',
  'ConfigMap',
  'PersistentVolumeClaim',
  'LimitRange',
  'ResourceQuota',
]);

/** What must be there first has the lower number; Rollouts come last, so that all they need is in place. */
export function stageOf(ref: Pick<ObjectRef, 'kind' | 'group'>): number {
  if (FIRST.has(ref.kind)) return 0;
  if (CONFIG.has(ref.kind)) return 1;
  return ref.kind === 'Rollout' ? 3 : 2;
}
