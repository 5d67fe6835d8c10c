// A cluster in one process, on one clock and one source of lots: API server, controllers and kubelet, data plane, metrics store.
import { createApiServer, type ApiServer } from './apiserver/api-server.ts';
import type { ObjectStore } from './apiserver/store.ts';
import { systemClock, type Clock } from './clock.ts';
import { createGateway, type Gateway } from './dataplane/gateway.ts';
import { startLoad, type Load, type LoadOptions } from './dataplane/load.ts';
import { createPodServers } from './dataplane/pods.ts';
import { createMetricsStore, type MetricsStore } from './metrics/metrics-store.ts';
import type { KubeObject } from './objects.ts';
import type { Random } from './random.ts';
import { routerDefinitions } from './router-crds.ts';
import { startWorkloads, type Workloads } from './workloads/workloads.ts';

export interface SandboxOptions {
  /** A `VirtualClock` to turn by hand. Default: the machine's, which real sockets need. */
  clock?: Clock;
  /** Draws every lot: `seededRandom(1)` draws the same in each run. */
  random: Random;
  /** CustomResourceDefinitions that are there from the start, besides those of the routes that the data plane reads. */
  crds?: readonly object[];
  /** How pods answer: by a call in this process, or each over a socket of its own. Default `virtual`. */
  pods?: 'virtual' | 'real';
  /** From the start of a pod to its readiness, where the pod says nothing else. Default 50 ms. */
  readyAfterMs?: number;
  /** Time between two scrapes of the data plane. Default 500 ms. */
  scrapeIntervalMs?: number;
}

/** What a load says of itself; the clock and the way in are the cluster's. */
export type LoadWish = Omit<LoadOptions, 'clock' | 'target'>;

export interface Sandbox {
  /** Its `transport` takes requests in this process. */
  readonly api: ApiServer;
  /** The objects of the API server. */
  readonly store: ObjectStore;
  readonly workloads: Workloads;
  /** Where requests enter the mesh: the host decides where they go. */
  readonly gateway: Gateway;
  /** Prometheus: its `handle` takes requests in this process. */
  readonly metrics: MetricsStore;
  /** Sends requests to the gateway until it is stopped. */
  startLoad(load: LoadWish): Load;
  /** Ends every load, controller, timer and server. */
  stop(): Promise<void>;
}

const CRD = { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' };

export function createSandbox(options: SandboxOptions): Sandbox {
  const { clock = systemClock, random, crds = [], readyAfterMs, scrapeIntervalMs = 500 } = options;
  const api = createApiServer({ clock, random });
  const { store } = api;
  for (const crd of [...crds, ...routerDefinitions()]) store.create(CRD, crd as KubeObject);
  const workloads = startWorkloads({ store, clock, random, ...(readyAfterMs === undefined ? {} : { readyAfterMs }) });
  const pods = createPodServers({ store, clock, random, mode: options.pods ?? 'virtual' });
  const gateway = createGateway({ store, clock, random, pods });
  const metrics = createMetricsStore({ clock, scrapeIntervalMs });
  metrics.addTarget({ job: 'mesh', instance: 'gateway', scrape: () => gateway.telemetry.expose() });
  const loads = new Set<Load>();
  return {
    api,
    store,
    workloads,
    gateway,
    metrics,
    startLoad(load) {
      const started = startLoad({ clock, target: gateway, ...load });
      loads.add(started);
      return started;
    },
    async stop() {
      const answered = [...loads].map((load) => load.stop());
      workloads.stop();
      metrics.stop();
      // Cuts the latency short of what is under way: nobody turns the clock for it any more.
      await pods.close();
      await Promise.all(answered);
      await gateway.close();
    },
  };
}
