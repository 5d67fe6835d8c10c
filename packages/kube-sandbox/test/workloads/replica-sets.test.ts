import { describe, expect, test } from 'vitest';
import { NS, POD, REPLICA_SET, isReady, openCluster, replicaSet, statuses, type Loose } from './cluster.ts';

async function running(replicas: number, more: Loose = {}) {
  const cluster = openCluster();
  cluster.store.create(REPLICA_SET, replicaSet(replicas, more));
  await cluster.clock.advance(1000);
  return cluster;
}

const scale = (cluster: ReturnType<typeof openCluster>, replicas: number): void =>
  cluster.edit(REPLICA_SET, 'web', (rs) => void (rs.spec.replicas = replicas));

describe('a ReplicaSet', () => {
  test('tells of its pods in the order of the real controller', async () => {
    const cluster = openCluster();
    const events = cluster.record(REPLICA_SET);
    cluster.store.create(REPLICA_SET, replicaSet(2));
    await cluster.clock.advance(1000);
    expect(statuses(events)).toEqual([
      { replicas: 0 },
      { replicas: 0, observedGeneration: 1 },
      { replicas: 2, fullyLabeledReplicas: 2, observedGeneration: 1 },
      { replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2, observedGeneration: 1 },
    ]);
  });

  test('writes nothing within the write of another', () => {
    const cluster = openCluster();
    cluster.store.create(REPLICA_SET, replicaSet(2));
    expect(cluster.list(POD)).toEqual([]);
    expect(cluster.get(REPLICA_SET, 'web').status).toEqual({ replicas: 0 });
  });

  test('makes pods of its template, named after it and controlled by it', async () => {
    const cluster = await running(1, { metadata: { annotations: { note: 'x' } } });
    const { metadata, spec } = cluster.list(POD)[0];
    expect(metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
    expect(metadata).toMatchObject({ generateName: 'web-', labels: { app: 'web' }, annotations: { note: 'x' } });
    const { uid } = cluster.get(REPLICA_SET, 'web').metadata;
    expect(metadata.ownerReferences).toEqual([
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid, controller: true, blockOwnerDeletion: true },
    ]);
    expect(spec.containers[0].image).toBe('web:v1');
  });

  test('follows its scale up and down', async () => {
    const cluster = await running(1);
    scale(cluster, 5);
    await cluster.clock.advance(1000);
    expect(cluster.list(POD)).toHaveLength(5);
    expect(cluster.get(REPLICA_SET, 'web').status).toMatchObject({ replicas: 5, readyReplicas: 5 });
    scale(cluster, 0);
    await cluster.clock.advance(1000);
    expect(cluster.list(POD)).toEqual([]);
    expect(cluster.get(REPLICA_SET, 'web').status).toEqual({ replicas: 0, observedGeneration: 3 });
  });

  test('does not count a pod on its way out', async () => {
    const cluster = await running(3);
    const events = cluster.record(REPLICA_SET);
    scale(cluster, 1);
    await cluster.clock.advance(50);
    expect(cluster.list(POD)).toHaveLength(3);
    expect(statuses(events).at(-1)).toMatchObject({ replicas: 1, readyReplicas: 1 });
  });

  test('gives up pods that are not ready first, then the newest', async () => {
    const cluster = await running(2);
    const oldest = cluster.list(POD).map(({ metadata }) => metadata.name);
    await cluster.clock.advance(5000);
    scale(cluster, 3);
    await cluster.clock.advance(5000);
    const release = cluster.workloads.neverReady((pod) => pod.metadata.name === oldest[0]);
    await cluster.clock.advance(100);
    scale(cluster, 2);
    await cluster.clock.advance(1000);
    expect(cluster.list(POD).map(({ metadata }) => metadata.name)).not.toContain(oldest[0]);
    release();
    scale(cluster, 1);
    await cluster.clock.advance(1000);
    expect(cluster.list(POD).map(({ metadata }) => metadata.name)).toEqual([oldest[1]]);
  });

  test('replaces a pod that is lost', async () => {
    const cluster = await running(2);
    const events = cluster.record(REPLICA_SET);
    const lost = cluster.list(POD)[0].metadata.name;
    cluster.store.delete(POD, lost, NS, { gracePeriodSeconds: 0 });
    await cluster.clock.advance(1000);
    expect(statuses(events).map(({ replicas }: Loose) => replicas)).toEqual([1, 2, 2]);
    expect(cluster.list(POD).map(({ metadata }) => metadata.name)).not.toContain(lost);
  });

  test('counts a pod as available only after minReadySeconds', async () => {
    const cluster = await running(1, { set: { minReadySeconds: 10 } });
    expect(cluster.get(REPLICA_SET, 'web').status).toMatchObject({ readyReplicas: 1 });
    expect(cluster.get(REPLICA_SET, 'web').status.availableReplicas).toBeUndefined();
    await cluster.clock.advance(10_000);
    expect(cluster.get(REPLICA_SET, 'web').status).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
  });

  test('takes in a matching pod without a controller, and lets go of one that stops matching', async () => {
    const cluster = openCluster();
    const containers = [{ name: 'web', image: 'web:v1' }];
    const lone = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'lone', namespace: NS, labels: { app: 'web' } } };
    cluster.store.create(POD, { ...lone, spec: { containers } });
    cluster.store.create(REPLICA_SET, replicaSet(2));
    await cluster.clock.advance(1000);
    expect(cluster.list(POD)).toHaveLength(2);
    expect(cluster.get(POD, 'lone').metadata.ownerReferences).toMatchObject([{ kind: 'ReplicaSet', name: 'web' }]);
    cluster.edit(POD, 'lone', (pod) => void (pod.metadata.labels = { app: 'debug' }));
    await cluster.clock.advance(1000);
    expect(cluster.get(POD, 'lone').metadata.ownerReferences).toBeUndefined();
    expect(cluster.list(POD)).toHaveLength(3);
    expect(cluster.get(REPLICA_SET, 'web').status.replicas).toBe(2);
  });

  test('goes with its pods', async () => {
    const cluster = await running(2);
    cluster.store.delete(REPLICA_SET, 'web', NS);
    await cluster.clock.advance(1000);
    expect(cluster.list(POD)).toEqual([]);
  });

  test('is carried on by controllers that start later, which make nothing twice', async () => {
    const cluster = await running(3);
    const before = cluster.list(POD).map(({ metadata }) => metadata.uid);
    cluster.workloads.stop();
    scale(cluster, 4);
    await cluster.clock.advance(1000);
    expect(cluster.list(POD)).toHaveLength(3);
    cluster.start();
    await cluster.clock.advance(1000);
    const pods = cluster.list(POD);
    expect(pods).toHaveLength(4);
    expect(pods.filter(({ metadata }) => before.includes(metadata.uid))).toHaveLength(3);
    expect(pods.every(isReady)).toBe(true);
    expect(new Set(pods.map(({ status }) => status.podIP)).size).toBe(4);
  });

  test('leaves nothing armed when all is done, and after the stop', async () => {
    const cluster = await running(2);
    expect(cluster.clock.pending).toBe(0);
    scale(cluster, 4);
    cluster.workloads.stop();
    await cluster.clock.advance(1000);
    expect(cluster.list(POD)).toHaveLength(2);
    expect(cluster.clock.pending).toBe(0);
  });
});

test('two hundred ReplicaSets become ready without looking at each other', async () => {
  const cluster = openCluster();
  for (let i = 0; i < 200; i++) {
    const rs: Loose = replicaSet(3);
    const labels = { app: `web-${i}` };
    rs.metadata.name = `web-${i}`;
    rs.spec.selector.matchLabels = labels;
    rs.spec.template.metadata.labels = labels;
    cluster.store.create(REPLICA_SET, rs);
  }
  const writes = cluster.record(POD);
  await cluster.clock.advance(1000);
  expect(cluster.list(REPLICA_SET).every(({ status }) => status.availableReplicas === 3)).toBe(true);
  // Made, bound, running, ready.
  expect(writes).toHaveLength(200 * 3 * 4);
});

test('the same seed gives the same events to the letter', async () => {
  const run = async (seed: number): Promise<string> => {
    const cluster = openCluster({ seed });
    const events = [cluster.record(POD), cluster.record(REPLICA_SET)];
    cluster.store.create(REPLICA_SET, replicaSet(3));
    await cluster.clock.advance(500);
    scale(cluster, 1);
    await cluster.clock.advance(500);
    return JSON.stringify(events);
  };
  expect(await run(7)).toBe(await run(7));
  expect(await run(7)).not.toBe(await run(8));
});
