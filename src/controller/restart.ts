// Replaces the pods of a Rollout a few at a time, by eviction, so that PodDisruptionBudgets hold. What is left to do, and how many are
// away, is read from the pods themselves at that moment; nothing is lost when the process dies.
import type { KubeObject } from '../api/k8s.ts';
import { isRecord, recordsIn } from '../api/json.ts';
import { POD_TEMPLATE_HASH, RESOURCES } from '../api/names.ts';
import type { ObjectKey } from '../api/object-key.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Clock } from '../ports/clock.ts';

/** A budget that refuses now is asked again after this long. */
const RETRY_MS = 5_000;

export interface RestartRequest {
  rollout: ObjectKey;
  namespace: string;
  /** Pod hashes of the revisions; pods of the first are replaced first. */
  hashes: readonly string[];
  /** Pods that they are to have together. */
  replicas: number;
  /** Pods created before this are replaced; milliseconds since the epoch. */
  before: number;
  /** So many may be away at once. */
  atMost: number;
}

export interface Restarter {
  restart(request: RestartRequest, client: KubeClient): Promise<void>;
  /** No pod of the Rollout is older than this. */
  restartedBefore(rollout: ObjectKey): number | undefined;
  /** The Rollout is gone. */
  forget(rollout: ObjectKey): void;
}

const isOlder = ({ metadata }: KubeObject, before: number): boolean =>
  Date.parse(metadata.creationTimestamp ?? '') < before;

const isLeaving = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

function isReady(pod: KubeObject): boolean {
  const status = isRecord(pod.status) ? pod.status : {};
  return recordsIn(status['conditions']).some(({ type, status: is }) => type === 'Ready' && is === 'True');
}

/** The pods to evict now: those that do not serve anyway, and of the others as many as may be away. */
function nextToGo(pods: readonly KubeObject[], { replicas, before, atMost }: RestartRequest): KubeObject[] {
  const here = pods.filter((pod) => !isLeaving(pod));
  const old = here.filter((pod) => isOlder(pod, before));
  const ready = here.filter((pod) => isReady(pod)).length;
  const spare = Math.max(0, atMost - Math.max(0, replicas - ready));
  return [...old.filter((pod) => !isReady(pod)), ...old.filter((pod) => isReady(pod)).slice(0, spare)];
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
    forget: (rollout) => void done.delete(rollout),
    async restart(request, client) {
      const { namespace, rollout, before, hashes } = request;
      const lists = await Promise.all(
        hashes.map((hash) =>
          client.list<KubeObject>(RESOURCES.pods, { namespace, labelSelector: `${POD_TEMPLATE_HASH}=${hash}` }),
        ),
      );
      const pods = lists.flatMap(({ items }) => items);
      if (!pods.some((pod) => isOlder(pod, before) && !isLeaving(pod))) {
        done.set(rollout, before);
        deps.again(rollout, deps.clock.now());
        return;
      }
      const going = nextToGo(pods, request);
      const results = await Promise.all(going.map((pod) => evict(client, namespace, pod.metadata.name)));
      // A ReplicaSet's next status brings the next look; a refusal by a budget, or a pod that is on its way, may bring none.
      if (results.includes(false) || going.length === 0) deps.again(rollout, deps.clock.now() + RETRY_MS);
    },
  };
}
