// A stand-in for kube-controller-manager and kubelet: pods follow their ReplicaSet, and become ready after a while of virtual time.
import type { KubeObject, ReplicaSet } from '../../src/api/k8s.ts';
import { toTime, type Clock } from '../../src/ports/clock.ts';
import type { ObjectStore } from '../../src/sandbox/apiserver/store.ts';

const REPLICA_SET = { group: 'apps', kind: 'ReplicaSet' };
const POD = { group: '', kind: 'Pod' };

interface Pod extends KubeObject {
  spec: { containers: { name: string; image: string }[] };
  status?: { conditions?: { type: string; status: string }[] };
}

export class Workloads {
  /** Images whose pods start and never become ready. */
  readonly broken = new Set<string>();
  /** From the creation of a pod to its readiness, in milliseconds. */
  readyAfterMs = 50;
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  #made = 0;

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    store.subscribe(REPLICA_SET, ({ type, object }) => {
      if (type !== 'DELETED') this.#follow(object.metadata.namespace, object.metadata.name);
    });
    store.subscribe(POD, ({ type, object }) => {
      const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'ReplicaSet');
      if (type === 'ADDED' || owner === undefined) return;
      this.#follow(object.metadata.namespace, owner.name);
    });
  }

  /** Pods of broken images that were mended become ready. */
  mend(image: string): void {
    this.broken.delete(image);
    for (const pod of this.#store.list(POD) as Pod[]) if (imageOf(pod) === image) this.#start(pod);
  }

  /** Pods of an image die and their successors never become ready. */
  crash(image: string): void {
    this.broken.add(image);
    for (const pod of this.#store.list(POD) as Pod[]) {
      if (imageOf(pod) === image) this.#delete(pod);
    }
  }

  #podsOf(rs: ReplicaSet): Pod[] {
    const pods = this.#store.list(POD, { namespace: rs.metadata.namespace ?? '' }) as Pod[];
    return pods.filter(
      ({ metadata }) =>
        metadata.deletionTimestamp === undefined &&
        metadata.ownerReferences?.some(({ uid }) => uid === rs.metadata.uid) === true,
    );
  }

  #follow(namespace: string | undefined, name: string): void {
    const rs = this.#store.get(REPLICA_SET, name, namespace) as unknown as ReplicaSet | undefined;
    if (rs === undefined || rs.metadata.deletionTimestamp !== undefined) return;
    const pods = this.#podsOf(rs);
    const wanted = rs.spec.replicas ?? 1;
    for (let missing = wanted - pods.length; missing > 0; missing--) this.#create(rs);
    const surplus = Math.max(0, pods.length - wanted);
    const unreadyFirst = pods.sort((a, b) => Number(isReady(a)) - Number(isReady(b)));
    for (const pod of unreadyFirst.slice(0, surplus)) this.#delete(pod);
    this.#report(rs);
  }

  #report(rs: ReplicaSet): void {
    const pods = this.#podsOf(rs);
    const ready = pods.filter(isReady).length;
    const status = {
      replicas: pods.length,
      fullyLabeledReplicas: pods.length,
      ...(ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready }),
      observedGeneration: rs.metadata.generation,
    };
    const before = rs.status as Record<string, unknown> | undefined;
    const same = (['replicas', 'readyReplicas', 'observedGeneration'] as const).every(
      (field) => before?.[field] === (status as Record<string, unknown>)[field],
    );
    if (!same) this.#store.updateStatus(REPLICA_SET, { ...(rs as unknown as KubeObject), status });
  }

  #create(rs: ReplicaSet): void {
    const { name, namespace = '', uid = '' } = rs.metadata;
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid, controller: true, blockOwnerDeletion: true };
    const { labels = {}, annotations } = rs.spec.template.metadata ?? {};
    const pod = this.#store.create(POD, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${name}-${++this.#made}`,
        namespace,
        labels,
        ...(annotations && { annotations }),
        ownerReferences: [owner],
      },
      spec: rs.spec.template.spec,
    }) as Pod;
    this.#start(pod);
  }

  #start(pod: Pod): void {
    if (this.broken.has(imageOf(pod))) return;
    this.#clock.after(this.readyAfterMs, () => {
      const live = this.#store.get(POD, pod.metadata.name, pod.metadata.namespace) as Pod | undefined;
      if (live === undefined || isReady(live) || this.broken.has(imageOf(live))) return;
      const condition = { type: 'Ready', status: 'True', lastTransitionTime: toTime(this.#clock.now()) };
      this.#store.updateStatus(POD, { ...live, status: { phase: 'Running', conditions: [condition] } });
    });
  }

  #delete({ metadata }: Pod): void {
    this.#store.delete(POD, metadata.name, metadata.namespace, { gracePeriodSeconds: 0 });
  }
}

const imageOf = (pod: Pod): string => pod.spec.containers[0]?.image ?? '';

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
