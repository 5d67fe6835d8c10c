// ReplicaSets that nobody controls and that are a Rollout's by name, labels and hash: left by one that was deleted without them
// (`kubectl delete --cascade=orphan`). They are taken over before anything is decided, as Kubernetes' own controllers do.
import type { ReplicaSet } from '../api/k8s.ts';
import { CONTROLLER_MANAGER, POD_TEMPLATE_HASH, RESOURCES } from '../api/names.ts';
import type { Rollout } from '../api/rollout.ts';
import type { KubeClient } from '../kube/types.ts';
import { BY_OWNER, orphanKey, type Caches } from './caches.ts';
import { ownerReference } from './replica-set.ts';

/** Names of the ReplicaSets that a Rollout is to take over. */
export function orphansOf({ metadata, spec }: Rollout, { replicaSets }: Pick<Caches, 'replicaSets'>): string[] {
  if (metadata.deletionTimestamp !== undefined) return [];
  const labels = Object.entries(spec?.selector?.matchLabels ?? {});
  const fits = (rs: ReplicaSet): boolean => {
    const own = rs.spec.template.metadata?.labels ?? {};
    const hash = rs.metadata.labels?.[POD_TEMPLATE_HASH];
    const isItsRevision = hash !== undefined && own[POD_TEMPLATE_HASH] === hash;
    return isItsRevision && rs.metadata.name === `${metadata.name}-${hash}` && labels.every(([k, v]) => own[k] === v);
  };
  return replicaSets
    .by(BY_OWNER, orphanKey(metadata.namespace, metadata.name))
    .filter((rs) => rs.metadata.deletionTimestamp === undefined && fits(rs))
    .map((rs) => rs.metadata.name);
}

export async function adopt(
  { replicaSets }: Pick<Caches, 'replicaSets'>,
  client: KubeClient,
  rollout: Rollout,
  name: string,
): Promise<void> {
  const { namespace } = rollout.metadata;
  const live = replicaSets.get(namespace, name);
  if (live === undefined) return;
  const { resourceVersion, ownerReferences = [] } = live.metadata;
  // With its version: somebody else may have taken it meanwhile.
  const body = { metadata: { resourceVersion, ownerReferences: [...ownerReferences, ownerReference(rollout)] } };
  const request = { name, namespace, type: 'merge' as const, body, fieldManager: CONTROLLER_MANAGER };
  replicaSets.observe(await client.patch<ReplicaSet>(RESOURCES.replicaSets, request));
}
