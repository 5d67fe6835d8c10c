import { describe, expect, test } from 'vitest';
import { NS, POD, REPLICA_SET, isReady, openCluster, replicaSet, type Cluster, type Loose } from './cluster.ts';

const pod = (more: Loose = {}): Loose => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'one', namespace: NS, ...more.metadata },
  spec: { containers: [{ name: 'web', image: 'web:v1', ...more.container }], ...more.spec },
});

function started(more: Loose = {}): Cluster {
  const cluster = openCluster();
  cluster.store.create(POD, pod(more));
  return cluster;
}

const one = (cluster: Cluster): Loose => cluster.get(POD, 'one');

/** Milliseconds until the pod is ready, looked at every 10 ms. */
async function readyAfter(cluster: Cluster): Promise<number> {
  for (let ms = 0; ms <= 2000; ms += 10) {
    await cluster.clock.advance(ms === 0 ? 0 : 10);
    if (one(cluster) !== undefined && isReady(one(cluster))) return ms;
  }
  return Number.POSITIVE_INFINITY;
}

describe('a pod', () => {
  test('is bound, runs, and is ready a while later', async () => {
    const cluster = openCluster();
    const events = cluster.record(POD);
    cluster.store.create(POD, pod());
    await cluster.clock.advance(1000);
    const seen = events.map(({ object }: Loose) => [object.spec.nodeName, object.status.phase, isReady(object)]);
    expect(seen).toEqual([
      [undefined, 'Pending', false],
      ['sandbox', 'Pending', false],
      ['sandbox', 'Running', false],
      ['sandbox', 'Running', true],
    ]);
    const { status } = one(cluster);
    expect(status.podIP).toMatch(/^10\.\d+\.\d+\.\d+$/);
    expect(status.podIPs).toEqual([{ ip: status.podIP }]);
    expect(status.conditions.map((c: Loose) => [c.type, c.status])).toEqual([
      ['PodScheduled', 'True'],
      ['Initialized', 'True'],
      ['ContainersReady', 'True'],
      ['Ready', 'True'],
    ]);
    expect(status.containerStatuses).toMatchObject([
      { name: 'web', image: 'web:v1', ready: true, restartCount: 0, state: { running: {} } },
    ]);
    expect(cluster.store.get({ group: '', kind: 'Node' }, 'sandbox')).toBeDefined();
  });

  test('is ready 50 ms after its start, or when the option, the environment or the annotation says', async () => {
    const annotations = { 'kube-sandbox/ready-after-ms': '700' };
    const env = [{ name: 'READY_AFTER_MS', value: '300' }];
    expect(await readyAfter(started())).toBe(50);
    expect(await readyAfter(started({ container: { env } }))).toBe(300);
    expect(await readyAfter(started({ container: { env }, metadata: { annotations } }))).toBe(700);
    expect(await readyAfter(started({ container: { env: [{ name: 'READY_AFTER_MS', value: 'soon' }] } }))).toBe(50);
    const slow = openCluster({ readyAfterMs: 110 });
    slow.store.create(POD, pod());
    expect(await readyAfter(slow)).toBe(110);
  });

  test.each(['shop/does-not-exist:v1', 'web:bad'])('whose image is %s waits for it', async (image) => {
    const cluster = started({ container: { image } });
    await cluster.clock.advance(60_000);
    const { status } = one(cluster);
    expect(status.phase).toBe('Pending');
    expect(status.podIP).toBeUndefined();
    expect(status.containerStatuses[0].state.waiting.reason).toBe('ErrImagePull');
    expect(isReady(one(cluster))).toBe(false);
  });

  test('starts when its image was corrected', async () => {
    const cluster = started({ container: { image: 'web:bad' } });
    await cluster.clock.advance(1000);
    cluster.edit(POD, 'one', ({ spec }) => void (spec.containers[0].image = 'web:good'));
    await cluster.clock.advance(1000);
    expect(isReady(one(cluster))).toBe(true);
  });

  test('is kept from readiness as long as asked, also when it was ready', async () => {
    const cluster = started();
    await cluster.clock.advance(1000);
    const release = cluster.workloads.neverReady(({ metadata }) => metadata.name === 'one');
    await cluster.clock.advance(10);
    expect(isReady(one(cluster))).toBe(false);
    expect(one(cluster).status.phase).toBe('Running');
    await cluster.clock.advance(60_000);
    expect(isReady(one(cluster))).toBe(false);
    release();
    expect(await readyAfter(cluster)).toBe(50);
  });

  test('waits for its readiness gates', async () => {
    const cluster = started({ spec: { readinessGates: [{ conditionType: 'example.com/open' }] } });
    await cluster.clock.advance(1000);
    expect(isReady(one(cluster))).toBe(false);
    const { status, ...rest } = one(cluster);
    const conditions = [...status.conditions, { type: 'example.com/open', status: 'True' }];
    cluster.store.updateStatus(POD, { ...rest, status: { ...status, conditions } });
    await cluster.clock.advance(10);
    expect(isReady(one(cluster))).toBe(true);
  });

  test('whose container is killed starts it again and is not ready for a moment', async () => {
    const cluster = started();
    await cluster.clock.advance(1000);
    const address = one(cluster).status.podIP;
    cluster.workloads.kill(NS, 'one');
    expect(isReady(one(cluster))).toBe(true);
    await cluster.clock.advance(10);
    expect(isReady(one(cluster))).toBe(false);
    expect(one(cluster).status.containerStatuses[0]).toMatchObject({
      restartCount: 1,
      ready: false,
      lastState: { terminated: { exitCode: 137, reason: 'Error' } },
    });
    await cluster.clock.advance(1000);
    expect(isReady(one(cluster))).toBe(true);
    expect(one(cluster).status).toMatchObject({ podIP: address, containerStatuses: [{ restartCount: 1 }] });
  });

  test('that is not there cannot be killed', () => {
    const cluster = openCluster();
    expect(() => cluster.workloads.kill(NS, 'nobody')).toThrow(`there is no running pod ${NS}/nobody`);
  });

  test('stops being ready when it is deleted, and is gone a moment later', async () => {
    const cluster = started();
    await cluster.clock.advance(1000);
    const events = cluster.record(POD);
    cluster.store.delete(POD, 'one', NS);
    await cluster.clock.advance(99);
    expect(isReady(one(cluster))).toBe(false);
    await cluster.clock.advance(1);
    expect(one(cluster)).toBeUndefined();
    const story = events.map(({ type, object }) => [type, isReady(object)]);
    expect(story[0]).toEqual(['MODIFIED', true]);
    expect(story[1]).toEqual(['MODIFIED', false]);
    expect(story.at(-1)).toEqual(['DELETED', false]);
  });

  test('that is deleted without grace is gone at once, and a new one of its name starts afresh', async () => {
    const cluster = started();
    await cluster.clock.advance(1000);
    cluster.store.delete(POD, 'one', NS, { gracePeriodSeconds: 0 });
    expect(one(cluster)).toBeUndefined();
    cluster.store.create(POD, pod());
    expect(await readyAfter(cluster)).toBe(50);
    expect(one(cluster).status.containerStatuses[0].restartCount).toBe(0);
  });

  test('held by a finalizer stays until that is removed', async () => {
    const cluster = started({ metadata: { finalizers: ['example.com/hold'] } });
    await cluster.clock.advance(1000);
    cluster.store.delete(POD, 'one', NS);
    await cluster.clock.advance(5000);
    expect(isReady(one(cluster))).toBe(false);
    expect(cluster.clock.pending).toBe(0);
    cluster.edit(POD, 'one', ({ metadata }) => void delete metadata.finalizers);
    await cluster.clock.advance(1000);
    expect(one(cluster)).toBeUndefined();
  });

  test('of another node is left alone', async () => {
    const cluster = started({ spec: { nodeName: 'elsewhere' } });
    await cluster.clock.advance(1000);
    expect(one(cluster).status.phase).toBe('Pending');
  });

  test('runs its command to the end when it is meant to', async () => {
    const command = ['sh', '-c', 'sleep 5; exit 3'];
    const cluster = started({ container: { command }, spec: { restartPolicy: 'Never' } });
    await cluster.clock.advance(4000);
    expect(one(cluster).status.phase).toBe('Running');
    await cluster.clock.advance(2000);
    expect(one(cluster).status.phase).toBe('Failed');
    expect(one(cluster).status.containerStatuses[0].state.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(isReady(one(cluster))).toBe(false);
  });

  test('has an address of its own among thousands', async () => {
    const cluster = openCluster();
    cluster.store.create(REPLICA_SET, replicaSet(600));
    await cluster.clock.advance(1000);
    const addresses = cluster.list(POD).map(({ status }) => status.podIP);
    expect(new Set(addresses).size).toBe(600);
  });
});
