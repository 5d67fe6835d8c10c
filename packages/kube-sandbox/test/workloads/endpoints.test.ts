import { describe, expect, test } from 'vitest';
import {
  ENDPOINTS,
  NS,
  POD,
  REPLICA_SET,
  SERVICE,
  SLICE,
  openCluster,
  replicaSet,
  service,
  type Cluster,
  type Loose,
} from './cluster.ts';

async function running(replicas: number, more: Loose = {}): Promise<Cluster> {
  const cluster = openCluster();
  cluster.store.create(SERVICE, service(more));
  cluster.store.create(REPLICA_SET, replicaSet(replicas));
  await cluster.clock.advance(1000);
  return cluster;
}

const slice = (cluster: Cluster): Loose => cluster.list(SLICE)[0];

describe('a Service', () => {
  test('has an empty EndpointSlice and empty Endpoints before it has pods', async () => {
    const cluster = await running(0);
    const { metadata, addressType, endpoints, ports } = slice(cluster);
    expect(metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
    expect(metadata).toMatchObject({
      generateName: 'web-',
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': 'web',
        team: 'shop',
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', controller: true, blockOwnerDeletion: true }],
    });
    expect(metadata.annotations).toHaveProperty(['endpoints.kubernetes.io/last-change-trigger-time']);
    expect([addressType, endpoints, ports]).toEqual(['IPv4', null, null]);
    expect(cluster.get(ENDPOINTS, 'web').metadata.labels).toEqual({
      'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
      team: 'shop',
    });
    expect(cluster.get(ENDPOINTS, 'web').subsets).toBeUndefined();
  });

  test('lists its ready pods with the port that their containers name', async () => {
    const cluster = await running(1);
    const pod = cluster.list(POD)[0];
    const target = { kind: 'Pod', namespace: NS, name: pod.metadata.name, uid: pod.metadata.uid };
    expect(slice(cluster).endpoints).toEqual([
      {
        addresses: [pod.status.podIP],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: target,
        nodeName: 'sandbox',
      },
    ]);
    expect(slice(cluster).ports).toEqual([{ name: 'http', protocol: 'TCP', port: 8080 }]);
    expect(cluster.get(ENDPOINTS, 'web').subsets).toEqual([
      {
        addresses: [{ ip: pod.status.podIP, nodeName: 'sandbox', targetRef: target }],
        ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
      },
    ]);
  });

  test('lists a pod that is not ready as such', async () => {
    const cluster = await running(2);
    const [sick] = cluster.list(POD).map(({ metadata }) => metadata.name);
    cluster.workloads.neverReady(({ metadata }) => metadata.name === sick);
    await cluster.clock.advance(10);
    const ready = slice(cluster).endpoints.map((e: Loose) => [e.targetRef.name === sick, e.conditions.ready]);
    expect(ready).toEqual([
      [true, false],
      [false, true],
    ]);
    const [subset] = cluster.get(ENDPOINTS, 'web').subsets;
    expect([subset.addresses.length, subset.notReadyAddresses.length]).toEqual([1, 1]);
  });

  test('marks a pod on its way out as terminating, and drops it when it is gone', async () => {
    const cluster = await running(2);
    const leaving = cluster.list(POD)[0].metadata.name;
    const of = (): Loose => slice(cluster).endpoints.find((e: Loose) => e.targetRef.name === leaving);
    cluster.store.delete(POD, leaving, NS);
    await cluster.clock.advance(50);
    expect(of().conditions).toEqual({ ready: false, serving: false, terminating: true });
    await cluster.clock.advance(1000);
    expect(of()).toBeUndefined();
    expect(slice(cluster).endpoints).toHaveLength(2);
  });

  test('that publishes addresses early lists pods as ready before they are', async () => {
    const cluster = openCluster({ readyAfterMs: 5000 });
    cluster.store.create(SERVICE, service({ publishNotReadyAddresses: true }));
    cluster.store.create(REPLICA_SET, replicaSet(1));
    await cluster.clock.advance(1000);
    expect(slice(cluster).endpoints[0].conditions).toEqual({ ready: true, serving: false, terminating: false });
  });

  test('follows a changed selector and changed labels', async () => {
    const cluster = await running(1);
    cluster.edit(SERVICE, 'web', ({ spec }) => void (spec.selector = { app: 'web', track: 'canary' }));
    await cluster.clock.advance(10);
    expect(slice(cluster).endpoints).toBeNull();
    const { name } = cluster.list(POD)[0].metadata;
    cluster.edit(POD, name, ({ metadata }) => void (metadata.labels.track = 'canary'));
    await cluster.clock.advance(10);
    expect(slice(cluster).endpoints).toHaveLength(1);
    cluster.edit(POD, name, ({ metadata }) => void delete metadata.labels.track);
    await cluster.clock.advance(10);
    expect(slice(cluster).endpoints).toBeNull();
  });

  test('keeps pods with other ports in a slice of their own', async () => {
    const cluster = await running(1);
    const containers = [{ name: 'web', image: 'web:v2', ports: [{ name: 'http', containerPort: 9090 }] }];
    const metadata = { name: 'other', namespace: NS, labels: { app: 'web' }, ownerReferences: owner(cluster) };
    cluster.store.create(POD, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } });
    await cluster.clock.advance(1000);
    const ports = cluster.list(SLICE).map((item) => item.ports[0].port);
    expect(new Set(ports)).toEqual(new Set([8080, 9090]));
    cluster.store.delete(POD, 'other', NS, { gracePeriodSeconds: 0 });
    await cluster.clock.advance(1000);
    expect(cluster.list(SLICE).map((item) => item.ports[0].port)).toEqual([8080]);
  });

  test('fills slices with a hundred pods each', async () => {
    const cluster = await running(150);
    const sizes = cluster.list(SLICE).map(({ endpoints }) => endpoints.length);
    expect(sizes.toSorted((a, b) => a - b)).toEqual([50, 100]);
  });

  test('gets back a slice that somebody deleted', async () => {
    const cluster = await running(1);
    cluster.store.delete(SLICE, slice(cluster).metadata.name, NS);
    await cluster.clock.advance(10);
    expect(slice(cluster).endpoints).toHaveLength(1);
  });

  test('without a selector is left to its owner', async () => {
    const cluster = openCluster();
    const { selector: _none, ...spec } = service().spec as Loose;
    cluster.store.create(SERVICE, { ...service(), spec });
    await cluster.clock.advance(1000);
    expect([cluster.list(SLICE), cluster.list(ENDPOINTS)]).toEqual([[], []]);
  });

  test('goes with its Endpoints and slices', async () => {
    const cluster = await running(1);
    cluster.store.delete(SERVICE, 'web', NS);
    await cluster.clock.advance(1000);
    expect([cluster.list(SLICE), cluster.list(ENDPOINTS)]).toEqual([[], []]);
  });
});

/** Another controller, so that the ReplicaSet leaves the pod alone. */
function owner(cluster: Cluster): Loose {
  const { uid } = cluster.get(SERVICE, 'web').metadata;
  return [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid, controller: true }];
}
