// Replaces the pods of a revision a few at a time, by eviction, so that PodDisruptionBudgets hold. What is left to do is read from
// the pods themselves; nothing is lost when the process dies.
import type { KubeObject, Resource } from '../api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../api/names.ts';
import type { ObjectKey } from '../api/object-key.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Clock } from '../ports/clock.ts';

const PODS: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
/** A budget that refuses now is asked again after this long. */
const RETRY_MS = 5_000;

export interface RestartRequest {
  rollout: ObjectKey;
  namespace: string;
  hash: string;
  /** Pods created before this are replaced; milliseconds since the epoch. */
  before: number;
  atMost: number;
}

export interface Restarter {
  restart(request: RestartRequest, client: KubeClient): Promise<void>;
  /** No pod of the Rollout is older than this. */
  restartedBefore(rollout: ObjectKey): number | undefined;
}

export function createRestarter(deps: { clock: Clock; again: (rollout: ObjectKey, at: number) => void }): Restarter {
  const done = new Map<ObjectKey, number>();
  const evict = async (client: KubeClient, namespace: string, name: string): Promise<boolean> => {
    const answer = await client.raw({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }),
    });
    return answer.status < 300 || answer.status === 404;
  };
  return {
    restartedBefore: (rollout) => done.get(rollout),
    async restart(request, client) {
      const labelSelector = `${POD_TEMPLATE_HASH}=${request.hash}`;
      const { items } = await client.list<KubeObject>(PODS, { namespace: request.namespace, labelSelector });
      const old = items.filter(
        (pod) =>
          Date.parse(pod.metadata.creationTimestamp ?? '') < request.before &&
          pod.metadata.deletionTimestamp === undefined,
      );
      if (old.length === 0) {
        done.set(request.rollout, request.before);
        deps.again(request.rollout, deps.clock.now());
        return;
      }
      const results = await Promise.all(
        old.slice(0, request.atMost).map((pod) => evict(client, request.namespace, pod.metadata.name)),
      );
      // The ReplicaSet's next status brings the next look; a refusal by a budget brings none.
      if (results.includes(false)) deps.again(request.rollout, deps.clock.now() + RETRY_MS);
    },
  };
}
