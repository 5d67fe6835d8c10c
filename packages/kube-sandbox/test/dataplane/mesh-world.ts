// A cluster for the data plane's tests: an API server, running pods, Services and routes, written as a person would declare them.
import type { KubeObject, OwnerReference } from '../../src/objects.ts';
import { systemClock, type Clock } from '../../src/clock.ts';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import type { GroupKind, ObjectStore } from '../../src/apiserver/store.ts';
import { createGateway, type Gateway, type GatewayAnswer } from '../../src/dataplane/gateway.ts';
import { createPodServers, type PodServers } from '../../src/dataplane/pods.ts';
import { seededRandom } from '../../src/random.ts';
import { VirtualClock } from '../../src/virtual-clock.ts';

const POD_TEMPLATE_HASH = 'rollouts-pod-template-hash';

const CRDS = [
  ['networking.istio.io', 'VirtualService', 'virtualservices'],
  ['networking.istio.io', 'DestinationRule', 'destinationrules'],
  ['gateway.networking.k8s.io', 'HTTPRoute', 'httproutes'],
] as const;

const crd = (group: string, kind: string, plural: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
});

export interface PodWish {
  name: string;
  hash?: string;
  image?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  container?: Record<string, unknown>;
  ready?: boolean;
  namespace?: string;
}

const kindOf = (object: KubeObject): GroupKind => ({
  group: object.apiVersion.includes('/') ? (object.apiVersion.split('/')[0] ?? '') : '',
  kind: object.kind,
});

export class MeshWorld {
  readonly store: ObjectStore;
  readonly pods: PodServers;
  readonly gateway: Gateway;

  constructor(options: { clock: Clock; mode?: 'real' | 'virtual'; seed?: number; propagationMs?: number }) {
    const { clock, mode = 'virtual', seed = 1, propagationMs = 0 } = options;
    this.store = createApiServer({ clock }).store;
    this.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    for (const [group, kind, plural] of CRDS) this.apply(crd(group, kind, plural));
    const random = seededRandom(seed);
    this.pods = createPodServers({ store: this.store, clock, random, mode });
    this.gateway = createGateway({ store: this.store, clock, random, pods: this.pods, propagationMs });
  }

  /** Creates the object, or changes it to what is given. */
  apply(object: KubeObject): KubeObject {
    const { name, namespace } = object.metadata;
    const live = this.store.get(kindOf(object), name, namespace);
    if (live === undefined) return this.store.create(kindOf(object), object);
    const metadata = { ...live.metadata, ...object.metadata };
    const spec = { ...(live.spec as object), ...(object.spec as object) };
    return this.store.update(kindOf(object), { ...live, ...object, metadata, ...(object.spec ? { spec } : {}) });
  }

  delete(object: KubeObject): void {
    this.store.delete(kindOf(object), object.metadata.name, object.metadata.namespace, { gracePeriodSeconds: 0 });
  }

  pod(wish: PodWish): KubeObject {
    const { name, hash = 'aaa', image = 'registry.example.com/shop/web:v1', namespace = 'shop' } = wish;
    const created = this.store.create(kindOf(POD), {
      ...POD,
      metadata: {
        name,
        namespace,
        labels: { app: 'web', [POD_TEMPLATE_HASH]: hash, ...wish.labels },
        ...(wish.annotations === undefined ? {} : { annotations: wish.annotations }),
        ownerReferences: [this.#replicaSet(namespace, hash)],
      },
      spec: { nodeName: 'node-1', containers: [{ name: 'web', image, ...wish.container }] },
    });
    return this.setReady(created, wish.ready ?? true);
  }

  /** The owner of a revision's pods: without one that is there they would be collected as garbage. */
  #replicaSet(namespace: string, hash: string): OwnerReference {
    const labels = { app: 'web', [POD_TEMPLATE_HASH]: hash };
    const { metadata } = this.apply({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: `web-${hash}`, namespace },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'x' }] } },
      },
    });
    return {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: metadata.name,
      uid: metadata.uid ?? '',
      controller: true,
    };
  }

  setReady(pod: KubeObject, ready: boolean, restartCount = 0): KubeObject {
    const live = this.store.get(kindOf(POD), pod.metadata.name, pod.metadata.namespace) ?? pod;
    return this.store.updateStatus(kindOf(POD), {
      ...live,
      status: {
        phase: 'Running',
        podIP: '10.0.0.1',
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
        containerStatuses: [{ name: 'web', image: 'x', imageID: '', ready, restartCount, state: { running: {} } }],
      },
    });
  }

  /** Resolves when every change so far has been announced: on a real clock there is no turning it to get there. */
  announced(): Promise<void> {
    return new Promise((resolve) => {
      const end = this.store.subscribe({ group: '', kind: 'Namespace' }, () => {
        end();
        resolve();
      });
      this.store.create(
        { group: '', kind: 'Namespace' },
        {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: '', generateName: 'marker-' },
        },
      );
    });
  }

  /** Answers to so many requests, one after the other. */
  async send(count: number, host: string, more: { path?: string; headers?: Record<string, string> } = {}) {
    const answers: GatewayAnswer[] = [];
    for (let i = 0; i < count; i++) answers.push(await this.gateway.send({ host, path: '/', ...more }));
    return answers;
  }

  async close(): Promise<void> {
    await this.gateway.close();
    await this.pods.close();
  }
}

const POD: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: '' } };

export const service = (name: string, selector: Record<string, string>, namespace = 'shop'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector, ports: [{ port: 80 }] },
});

export const configMap = (name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop' },
  data,
});

export const secret = (name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'shop' },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
});

export const virtualService = (hosts: string[], http: unknown[], name = 'web'): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: 'shop' },
  spec: { hosts, http },
});

export const weighted = (stable: number, canary: number): unknown[] => [
  { destination: { host: 'web-stable' }, weight: stable },
  { destination: { host: 'web-canary' }, weight: canary },
];

export const destinationRule = (host: string, subsets: Record<string, Record<string, string>>): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { host, subsets: Object.entries(subsets).map(([name, labels]) => ({ name, labels })) },
});

export const httpRoute = (hostnames: string[], rules: unknown[], name = 'web'): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name, namespace: 'shop' },
  spec: { hostnames, rules },
});

export const HASH = POD_TEMPLATE_HASH;

/** Two revisions of one workload, each with two pods and a Service. */
export function twoRevisions(world: MeshWorld): void {
  for (const [hash, image] of [
    ['aaa', 'shop/web:v1'],
    ['bbb', 'shop/web:v2'],
  ] as const)
    for (const place of [1, 2]) world.pod({ name: `web-${hash}-${place}`, hash, image });
  world.apply(service('web', { app: 'web' }));
  world.apply(service('web-stable', { app: 'web', [HASH]: 'aaa' }));
  world.apply(service('web-canary', { app: 'web', [HASH]: 'bbb' }));
}

/** A world on a clock turned by hand, with two revisions. */
export async function canaryWorld(options: { seed?: number; propagationMs?: number } = {}) {
  const clock = new VirtualClock();
  const world = new MeshWorld({ clock, ...options });
  twoRevisions(world);
  await clock.advance(0);
  return { clock, world };
}

export const realWorld = (): MeshWorld => new MeshWorld({ clock: systemClock, mode: 'real' });
