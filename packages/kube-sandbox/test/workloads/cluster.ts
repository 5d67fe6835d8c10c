// A store with workloads in virtual time, and a record of what became of the objects.
import type { KubeObject } from '../../src/objects.ts';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import type { GroupKind, StoreEvent } from '../../src/apiserver/store.ts';
import { seededRandom } from '../../src/random.ts';
import { startWorkloads } from '../../src/workloads/workloads.ts';
import { VirtualClock } from '../../src/virtual-clock.ts';

export const POD = { group: '', kind: 'Pod' };
export const REPLICA_SET = { group: 'apps', kind: 'ReplicaSet' };
export const DEPLOYMENT = { group: 'apps', kind: 'Deployment' };
export const SERVICE = { group: '', kind: 'Service' };
export const ENDPOINTS = { group: '', kind: 'Endpoints' };
export const SLICE = { group: 'discovery.k8s.io', kind: 'EndpointSlice' };
export const JOB = { group: 'batch', kind: 'Job' };
export const NS = 'default';

// The shape is what each test is about.
export type Loose = any;

export function openCluster(options: { seed?: number; readyAfterMs?: number } = {}) {
  const clock = new VirtualClock();
  const random = seededRandom(options.seed ?? 1);
  const { store } = createApiServer({ clock, random });
  const { readyAfterMs } = options;
  const start = () => startWorkloads({ store, clock, random, ...(readyAfterMs === undefined ? {} : { readyAfterMs }) });
  const workloads = start();
  return {
    clock,
    store,
    workloads,
    start,
    get: (kind: GroupKind, name: string): Loose => store.get(kind, name, NS),
    list: (kind: GroupKind): Loose[] => store.list(kind, { namespace: NS }),
    record(kind: GroupKind): StoreEvent[] {
      const events: StoreEvent[] = [];
      store.subscribe(kind, (event) => events.push(event));
      return events;
    },
    /** Changes the object by a write, as a client would. */
    edit(kind: GroupKind, name: string, change: (object: Loose) => void): void {
      const object: Loose = store.get(kind, name, NS);
      change(object);
      store.update(kind, object);
    },
  };
}

export type Cluster = ReturnType<typeof openCluster>;

const template = (more: Loose = {}): Loose => ({
  metadata: { labels: { app: 'web' }, ...more.metadata },
  spec: {
    containers: [{ name: 'web', image: 'web:v1', ports: [{ name: 'http', containerPort: 8080 }], ...more.container }],
    ...more.spec,
  },
});

export const replicaSet = (replicas: number, more: Loose = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'web', namespace: NS },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(more), ...more.set },
});

export const deployment = (replicas: number, more: Loose = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: NS },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(more), ...more.set },
});

export const service = (more: Loose = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: NS, labels: { team: 'shop' } },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...more },
});

export const isReady = (pod: Loose): boolean =>
  pod.status.conditions?.some((c: Loose) => c.type === 'Ready' && c.status === 'True') === true;

/** The statuses that watchers of these events saw, without repeats in a row. */
export function statuses(events: StoreEvent[]): Loose[] {
  const seen: Loose[] = [];
  for (const { object } of events) {
    if (JSON.stringify(object.status) !== JSON.stringify(seen.at(-1))) seen.push(object.status);
  }
  return seen;
}
