// A cluster in one process: API server, workloads, data plane, metrics store and Git server, on free loopback ports.
import path from 'node:path';
import type { KubeObject } from './objects.ts';
import { systemClock, type Clock } from './clock.ts';
import { createApiServer } from './apiserver/api-server.ts';
import type { ObjectStore } from './apiserver/store.ts';
import { routerDefinitions } from './router-crds.ts';
import { createGateway } from './dataplane/gateway.ts';
import { startLoad, type Load } from './dataplane/load.ts';
import { createPodServers } from './dataplane/pods.ts';
import type { Random } from './random.ts';
import { createGitServer, type Push } from './git/git-server.ts';
import { createMetricsStore } from './metrics/metrics-store.ts';
import { startWorkloads } from './workloads/workloads.ts';

export interface SandboxOptions {
  /** Default: the machine's, which real sockets need. */
  clock?: Clock;
  /** Draws every lot: `seededRandom(1)` draws the same in each run; what depends on real sockets and timers still varies. */
  random: Random;
  /** CustomResourceDefinitions that are there from the start, besides those of the routes that the data plane reads. */
  crds?: readonly object[];
  /** Holds the kubeconfig and the repositories. */
  dir: string;
  /** Name of the one repository. Default shop. */
  repository?: string;
  /** Called after each push to the repository. */
  onPush?: (push: Push) => void;
  /** Time between two scrapes. Default 500 ms. */
  scrapeIntervalMs?: number;
}

export interface Sandbox {
  /** A kubeconfig on disk. */
  readonly kubeconfig: string;
  readonly apiURL: string;
  /** URL to clone from and push to. */
  readonly gitURL: string;
  /** Where requests enter the mesh; the Host header decides where they go. */
  readonly gatewayURL: string;
  readonly prometheusURL: string;
  readonly store: ObjectStore;
  /** Sends real HTTP requests to the gateway until it is stopped. */
  startLoad(load: { host: string; path: string; rps: number }): Load;
  stop(): Promise<void>;
}

const CRD = { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' };

export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { clock = systemClock, random, crds = [] } = options;
  const api = createApiServer({ clock, random });
  const { store } = api;
  for (const crd of [...crds, ...routerDefinitions()]) store.create(CRD, crd as KubeObject);
  const workloads = startWorkloads({ store, clock, random });
  const pods = createPodServers({ store, clock, random, mode: 'real' });
  const gateway = createGateway({ store, clock, random, pods });
  const metrics = createMetricsStore({ clock, scrapeIntervalMs: options.scrapeIntervalMs ?? 500 });
  metrics.addTarget({ job: 'mesh', instance: 'gateway', scrape: () => gateway.telemetry.expose() });
  const git = await createGitServer({
    dir: path.join(options.dir, 'git'),
    ...(options.onPush ? { onPush: options.onPush } : {}),
  });
  const [apiListening, entrance, prometheus] = await Promise.all([api.listen(), gateway.listen(), metrics.listen()]);
  const kubeconfig = path.join(options.dir, 'kubeconfig');
  await api.writeKubeconfig(kubeconfig, apiListening);
  const loads = new Set<Load>();
  return {
    kubeconfig,
    apiURL: apiListening.url,
    gitURL: git.createRepository(options.repository ?? 'shop'),
    gatewayURL: entrance.url,
    prometheusURL: prometheus.url,
    store,
    startLoad(load) {
      const started = startLoad({ clock, target: entrance.url, ...load });
      loads.add(started);
      return started;
    },
    async stop() {
      await Promise.all([...loads].map((load) => load.stop()));
      workloads.stop();
      metrics.stop();
      await gateway.close();
      await pods.close();
      await Promise.all([prometheus.close(), apiListening.close(), git.close()]);
    },
  };
}
