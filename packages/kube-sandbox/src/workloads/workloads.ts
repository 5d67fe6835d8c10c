// What kube-controller-manager, the scheduler and a kubelet do, as seen from outside, put together over one store.
import type { Clock } from '../clock.ts';
import type { GroupKind, ObjectStore } from '../apiserver/store.ts';
import type { KubeObject } from '../objects.ts';
import { BUDGET, Budgets, type Budget } from './budgets.ts';
import { ControllerEvents } from './controller-events.ts';
import { DEPLOYMENT, type Deployment } from './deployment.ts';
import { Deployments } from './deployments.ts';
import {
  BY_SELECTED,
  BY_SERVICE,
  ENDPOINTS,
  ENDPOINT_SLICE,
  EndpointsController,
  SERVICE,
  selectedIndexer,
  sliceIndexer,
  type Slice,
} from './endpoints.ts';
import { JOB, type Job } from './job-status.ts';
import { Jobs } from './jobs.ts';
import { BY_IP, Kubelet, ipIndexer } from './kubelet.ts';
import { type Indexer, KindCache } from './kind-cache.ts';
import { ensureNode } from './node.ts';
import { BY_CONTROLLER, POD, controllerIndexer, type Pod } from './pod.ts';
import { REPLICA_SET, ReplicaSets, type ReplicaSet } from './replica-sets.ts';
import type { Service } from './service-ports.ts';
import { BY_LABEL, BY_SELECTOR, labelIndexer, selectorIndexer } from './selector.ts';

export interface WorkloadsOptions {
  store: ObjectStore;
  clock: Clock;
  /** In [0, 1); names containers. */
  random: () => number;
  /** From the start of a pod to its readiness, in milliseconds, where the pod says nothing else. Default 50. */
  readyAfterMs?: number;
}

export interface Workloads {
  /** Ends every controller; nothing is written after that. */
  stop(): void;
  /** Pods for which it holds do not get ready, and those that are lose it; the function returned ends that. */
  neverReady(predicate: (pod: KubeObject) => boolean): () => void;
  /** How long pods that start from now on need to get ready, in milliseconds, unless they say otherwise themselves. */
  readyAfter(ms: number): void;
  /** The containers of a running pod die and are started again. Errors: when there is no such running pod. */
  kill(namespace: string, podName: string): void;
}

const MANAGER = 'kube-controller-manager';
const DEFAULT_READY_AFTER_MS = 50;

/** Starts all controllers; what is in the store already is looked at first. */
export function startWorkloads(options: WorkloadsOptions): Workloads {
  const { store, clock, random, readyAfterMs = DEFAULT_READY_AFTER_MS } = options;
  const caches: { stop: () => void }[] = [];
  const cacheOf = <T extends KubeObject>(
    kind: GroupKind,
    manager: string,
    indexers: Record<string, Indexer<T>> = {},
  ): KindCache<T> => {
    const cache = new KindCache<T>({ store, kind, manager, indexers });
    caches.push(cache);
    return cache;
  };
  ensureNode(store, clock.now());
  const pods = cacheOf<Pod>(POD, 'sandbox', {
    [BY_CONTROLLER]: controllerIndexer,
    [BY_LABEL]: labelIndexer,
    [BY_IP]: ipIndexer,
  });
  const replicaSets = cacheOf<ReplicaSet>(REPLICA_SET, MANAGER, {
    [BY_CONTROLLER]: controllerIndexer,
    [BY_SELECTOR]: selectorIndexer,
  });
  const deployments = cacheOf<Deployment>(DEPLOYMENT, MANAGER);
  const jobs = cacheOf<Job>(JOB, MANAGER);
  const budgets = cacheOf<Budget>(BUDGET, MANAGER);
  const services = cacheOf<Service>(SERVICE, 'sandbox', { [BY_SELECTED]: selectedIndexer });
  const endpoints = cacheOf(ENDPOINTS, MANAGER);
  const slices = cacheOf<Slice>(ENDPOINT_SLICE, MANAGER, { [BY_SERVICE]: sliceIndexer });
  const kubelet = new Kubelet({ clock, random, pods, readyAfterMs });
  const events = new ControllerEvents(store, clock);
  const controllers = [
    new Deployments({ clock, pods, replicaSets, deployments, tell: events.by('deployment-controller') }),
    new ReplicaSets({ clock, pods, replicaSets, tell: events.by('replicaset-controller') }),
    new Jobs({ clock, pods, jobs, tell: events.by('job-controller') }),
    new Budgets({ clock, pods, replicaSets, deployments, budgets }),
    new EndpointsController({ clock, pods, services, endpoints, slices }),
    kubelet,
  ];
  return {
    stop() {
      for (const part of [...controllers, ...caches]) part.stop();
    },
    neverReady: (predicate) => kubelet.neverReady(predicate),
    readyAfter: (ms) => kubelet.readyAfter(ms),
    kill: (namespace, podName) => kubelet.kill(`${namespace}/${podName}`),
  };
}
