// What kube-controller-manager and kubelets do, as seen from outside: pods follow their ReplicaSets and become ready after a while.
import type { KubeObject, ReplicaSet } from '../../api/k8s.ts';
import { toTime, type Clock } from '../../ports/clock.ts';
import type { ObjectStore } from '../apiserver/store.ts';

export interface WorkloadsOptions {
  store: ObjectStore;
  clock: Clock;
  random: () => number;
  /** From the creation of a pod to its readiness. Default 50 ms. */
  readyAfterMs?: number;
}

export interface Workloads {
  stop(): void;
}

interface Pod extends KubeObject {
  spec: { nodeName?: string; containers: { name: string; image?: string }[] };
  status?: { phase?: string; podIP?: string; conditions?: { type: string; status: string }[] };
}

const REPLICA_SET = { group: 'apps', kind: 'ReplicaSet' };
const POD = { group: '', kind: 'Pod' };
const NODE = 'sandbox';
/** From the end of a pod being asked for to its removal, so that requests under way are answered. */
const TERMINATION_MS = 200;

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

export function startWorkloads(options: WorkloadsOptions): Workloads {
  const controllers = new ReplicaSets(options);
  const kubelet = new Kubelet(options);
  return {
    stop() {
      controllers.stop();
      kubelet.stop();
    },
  };
}

class ReplicaSets {
  readonly #store: ObjectStore;
  readonly #ends: (() => void)[];

  constructor({ store }: WorkloadsOptions) {
    this.#store = store;
    this.#ends = [
      store.subscribe(REPLICA_SET, ({ type, object }) => {
        if (type !== 'DELETED') this.#follow(object.metadata.namespace, object.metadata.name);
      }),
      store.subscribe(POD, ({ object }) => {
        const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'ReplicaSet');
        if (owner) this.#follow(object.metadata.namespace, owner.name);
      }),
    ];
  }

  stop(): void {
    for (const end of this.#ends) end();
  }

  #podsOf(rs: ReplicaSet): Pod[] {
    const labels = rs.spec.selector.matchLabels ?? {};
    const pods = this.#store.list(POD, { namespace: rs.metadata.namespace ?? '', labels }) as Pod[];
    return pods.filter(
      ({ metadata }) =>
        metadata.deletionTimestamp === undefined && metadata.ownerReferences?.some(({ uid }) => uid === rs.metadata.uid),
    );
  }

  #follow(namespace: string | undefined, name: string): void {
    const rs = this.#store.get(REPLICA_SET, name, namespace) as unknown as ReplicaSet | undefined;
    if (rs === undefined || rs.metadata.deletionTimestamp !== undefined) return;
    const pods = this.#podsOf(rs);
    const wanted = rs.spec.replicas ?? 1;
    for (let missing = wanted - pods.length; missing > 0; missing--) this.#create(rs);
    const unreadyFirst = pods.toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)));
    for (const pod of unreadyFirst.slice(0, Math.max(0, pods.length - wanted))) {
      this.#store.delete(POD, pod.metadata.name, pod.metadata.namespace);
    }
    this.#report(rs);
  }

  #create(rs: ReplicaSet): void {
    const { name, namespace = '', uid = '' } = rs.metadata;
    const { template } = rs.spec;
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid, controller: true, blockOwnerDeletion: true };
    const metadata = { ...template.metadata, name: '', generateName: `${name}-`, namespace, ownerReferences: [owner] };
    const { name: _none, ...unnamed } = metadata;
    this.#store.create(POD, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: unnamed as KubeObject['metadata'],
      spec: { ...template.spec, nodeName: NODE },
    });
  }

  #report(rs: ReplicaSet): void {
    const pods = this.#podsOf(rs);
    const ready = pods.filter(isReady).length;
    const status = {
      replicas: pods.length,
      ...(pods.length === 0 ? {} : { fullyLabeledReplicas: pods.length }),
      ...(ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready }),
      observedGeneration: rs.metadata.generation,
    };
    if (JSON.stringify(status) !== JSON.stringify(rs.status)) {
      this.#store.updateStatus(REPLICA_SET, { ...(rs as unknown as KubeObject), status });
    }
  }
}

class Kubelet {
  readonly #options: WorkloadsOptions;
  readonly #end: () => void;
  /** Pods whose start or end is under way. */
  readonly #busy = new Set<string>();
  #addresses = 0;

  constructor(options: WorkloadsOptions) {
    this.#options = options;
    this.#end = options.store.subscribe(POD, ({ type, object }) => {
      if (type !== 'DELETED') this.#consider(object as Pod);
    });
  }

  stop(): void {
    this.#end();
  }

  #consider(pod: Pod): void {
    const { clock, readyAfterMs = 50 } = this.#options;
    const uid = pod.metadata.uid ?? '';
    const ends = pod.metadata.deletionTimestamp !== undefined;
    const task = `${uid}/${ends ? 'end' : 'start'}`;
    if (this.#busy.has(task) || (!ends && pod.status?.phase === 'Running')) return;
    this.#busy.add(task);
    clock.after(ends ? TERMINATION_MS : readyAfterMs, () => {
      this.#busy.delete(task);
      const live = this.#options.store.get(POD, pod.metadata.name, pod.metadata.namespace) as Pod | undefined;
      if (live === undefined || live.metadata.uid !== uid) return;
      if (ends) this.#options.store.delete(POD, pod.metadata.name, pod.metadata.namespace, { gracePeriodSeconds: 0 });
      else this.#run(live);
    });
  }

  #run(pod: Pod): void {
    const now = toTime(this.#options.clock.now());
    const podIP = `10.244.${(++this.#addresses >> 8) & 255}.${this.#addresses & 255}`;
    const types = ['Initialized', 'PodScheduled', 'ContainersReady', 'Ready'];
    const containerStatuses = pod.spec.containers.map(({ name, image = '' }) => ({
      name,
      image,
      imageID: image,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    }));
    const status = {
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: now,
      conditions: types.map((type) => ({ type, status: 'True', lastTransitionTime: now })),
      containerStatuses,
    };
    this.#options.store.updateStatus(POD, { ...pod, status });
  }
}
