// The ReplicaSet controller: as many pods as asked for, and a status that says how many there are.
import type { KubeObject, ReplicaSet as Shape } from '../objects.ts';
import type { Clock } from '../clock.ts';
import { StatusError } from '../apiserver/errors.ts';
import { equal } from '../apiserver/json.ts';
import type { Tell } from './controller-events.ts';
import { follow, startController, versionsIn } from './controller.ts';
import { KeyQueue } from './key-queue.ts';
import { type KindCache, keyOf } from './kind-cache.ts';
import {
  BY_CONTROLLER,
  availableIn,
  controlledBy,
  controllerOf,
  isActive,
  isDeleted,
  isReady,
  podOf,
  readyCondition,
  type Pod,
} from './pod.ts';
import { BY_SELECTOR, labelValue, matches, podsWith, type LabelSelector } from './selector.ts';

export type ReplicaSet = KubeObject & Shape & { status?: { fullyLabeledReplicas?: number } };

export const REPLICA_SET = { group: 'apps', kind: 'ReplicaSet' };

export interface ReplicaSetParts {
  clock: Clock;
  pods: KindCache<Pod>;
  replicaSets: KindCache<ReplicaSet>;
  tell: Tell;
}

export class ReplicaSets {
  readonly #parts: ReplicaSetParts;
  readonly #queue: KeyQueue;

  constructor(parts: ReplicaSetParts) {
    this.#parts = parts;
    this.#queue = startController({
      queue: new KeyQueue(parts.clock),
      kinds: [
        follow(parts.replicaSets, ({ object }) => [keyOf(object)]),
        follow(parts.pods, (change) => versionsIn(change).flatMap((pod) => this.#concernedBy(pod))),
      ],
      reconcile: (key) => this.#reconcile(key),
    });
  }

  stop(): void {
    this.#queue.stop();
  }

  /** The ReplicaSet of a pod, or those that may take it in. */
  #concernedBy(pod: Pod): string[] {
    const { namespace, labels = {} } = pod.metadata;
    const owner = controllerOf(pod);
    if (owner?.kind === 'ReplicaSet') return [`${namespace ?? ''}/${owner.name}`];
    if (owner !== undefined || isDeleted(pod)) return [];
    return Object.entries(labels)
      .flatMap(([label, value]) => this.#parts.replicaSets.by(BY_SELECTOR, labelValue(namespace, label, value)))
      .filter((rs) => matches(rs.spec.selector, labels))
      .map(keyOf);
  }

  #reconcile(key: string): void {
    const rs = this.#parts.replicaSets.fresh(key);
    if (rs === undefined) return;
    const pods = this.#claim(rs).filter(isActive);
    if (!isDeleted(rs)) this.#follow(rs, pods);
    this.#report(rs, pods);
  }

  /** Its pods, after taking in orphans that match and letting go of those that no longer do. */
  #claim(rs: ReplicaSet): Pod[] {
    const { pods } = this.#parts;
    const owned = pods.by(BY_CONTROLLER, rs.metadata.uid ?? '');
    if (isDeleted(rs)) return owned;
    const selector: LabelSelector = rs.spec.selector;
    const kept = owned.filter((pod) => matches(selector, pod.metadata.labels));
    for (const pod of owned) if (!kept.includes(pod)) this.#release(rs, pod);
    const orphans = podsWith(pods, rs.metadata.namespace ?? '', selector.matchLabels ?? {}).filter(
      (pod) => controllerOf(pod) === undefined && isActive(pod) && matches(selector, pod.metadata.labels),
    );
    return [...kept, ...orphans.map((pod) => this.#adopt(rs, pod))];
  }

  #adopt(rs: ReplicaSet, pod: Pod): Pod {
    const ownerReferences = [...(pod.metadata.ownerReferences ?? []), controlledBy(rs)];
    return this.#parts.pods.update({ ...pod, metadata: { ...pod.metadata, ownerReferences } });
  }

  #release(rs: ReplicaSet, pod: Pod): void {
    const ownerReferences = (pod.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== rs.metadata.uid);
    this.#parts.pods.update({ ...pod, metadata: { ...pod.metadata, ownerReferences } });
  }

  #follow(rs: ReplicaSet, pods: readonly Pod[]): void {
    const surplus = pods.length - (rs.spec.replicas ?? 1);
    for (let missing = -surplus; missing > 0; missing--) this.#make(rs);
    if (surplus <= 0) return;
    for (const pod of pods.toSorted(compareForDeletion).slice(0, surplus)) {
      this.#parts.pods.delete(pod);
      this.#parts.tell(rs, { reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` });
    }
  }

  #make(rs: ReplicaSet): void {
    const { pods, tell } = this.#parts;
    try {
      const pod = pods.create(podOf(rs, rs.spec.template));
      tell(rs, { reason: 'SuccessfulCreate', message: `Created pod: ${pod.metadata.name}` });
    } catch (error) {
      if (error instanceof StatusError)
        tell(rs, { type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${error.message}` });
      throw error;
    }
  }

  /** Speaks of the pods as they were found: those that were just made or deleted count from the next look on. */
  #report(rs: ReplicaSet, pods: readonly Pod[]): void {
    const now = this.#parts.clock.now();
    const waits = pods.map((pod) => availableIn(pod, rs.spec.minReadySeconds ?? 0, now));
    const pending = waits.filter((wait) => wait !== undefined && wait > 0) as number[];
    if (pending.length > 0) this.#queue.addAfter(keyOf(rs), Math.min(...pending));
    const labels = rs.spec.template.metadata?.labels ?? {};
    const counts = {
      fullyLabeledReplicas: pods.filter((pod) => matches({ matchLabels: labels }, pod.metadata.labels)).length,
      readyReplicas: pods.filter(isReady).length,
      availableReplicas: waits.filter((wait) => wait === 0).length,
    };
    const counted = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    const conditions = rs.status?.conditions === undefined ? {} : { conditions: rs.status.conditions };
    const status = {
      replicas: pods.length,
      ...counted,
      observedGeneration: rs.metadata.generation ?? 0,
      ...conditions,
    };
    if (!equal(status, rs.status)) this.#parts.replicaSets.updateStatus({ ...rs, status });
  }
}

const PHASES = ['Pending', 'Unknown', 'Running'];

const costOf = (pod: Pod): number =>
  Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0) || 0;

const restartsOf = (pod: Pod): number =>
  Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));

/** Since when it is ready, in milliseconds; 0 while it is not. */
const readySince = (pod: Pod): number => (isReady(pod) ? Date.parse(readyCondition(pod)?.lastTransitionTime ?? '') : 0);

/** In order of importance; the smaller goes first. Times count backwards: the newer goes first. */
function rank(pod: Pod): number[] {
  return [
    pod.spec.nodeName === undefined || pod.spec.nodeName === '' ? 0 : 1,
    PHASES.indexOf(pod.status?.phase ?? 'Pending'),
    isReady(pod) ? 1 : 0,
    costOf(pod),
    -readySince(pod) || 0,
    -restartsOf(pod),
    -Date.parse(pod.metadata.creationTimestamp ?? ''),
    -Number(pod.metadata.resourceVersion ?? 0),
  ];
}

function compareForDeletion(a: Pod, b: Pod): number {
  const [ranksOfA, ranksOfB] = [rank(a), rank(b)];
  const differing = ranksOfA.findIndex((value, i) => value !== ranksOfB[i]);
  return differing < 0 ? 0 : (ranksOfA[differing] ?? 0) - (ranksOfB[differing] ?? 0);
}
