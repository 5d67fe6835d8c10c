import { describe, expect, test } from 'vitest';
import {
  DEPLOYMENT,
  NS,
  POD,
  REPLICA_SET,
  deployment,
  openCluster,
  statuses,
  type Cluster,
  type Loose,
} from './cluster.ts';

async function running(replicas: number, more: Loose = {}): Promise<Cluster> {
  const cluster = openCluster();
  cluster.store.create(DEPLOYMENT, deployment(replicas, more));
  await cluster.clock.advance(2000);
  return cluster;
}

const release = (cluster: Cluster, image: string): void =>
  cluster.edit(DEPLOYMENT, 'web', ({ spec }) => void (spec.template.spec.containers[0].image = image));
const condition = (status: Loose, type: string): string => {
  const found = status.conditions?.find((c: Loose) => c.type === type);
  return found === undefined ? 'none' : `${found.status}(${found.reason})`;
};
const counts = ({ conditions: _none, ...rest }: Loose): Loose => rest;
const setOf = (cluster: Cluster, image: string): Loose =>
  cluster.list(REPLICA_SET).find(({ spec }) => spec.template.spec.containers[0].image === image);
const images = (cluster: Cluster): string[] =>
  cluster
    .list(POD)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ spec }) => spec.containers[0].image);

describe('a Deployment', () => {
  test('tells of its first rollout in the order of the real controller', async () => {
    const cluster = openCluster();
    const events = cluster.record(DEPLOYMENT);
    const slow = { metadata: { annotations: { 'kube-sandbox/ready-after-ms': '1000' } } };
    cluster.store.create(DEPLOYMENT, deployment(2, slow));
    await cluster.clock.advance(500);
    const [slower] = cluster.list(POD).map(({ metadata }) => metadata.name);
    const heal = cluster.workloads.neverReady(({ metadata }) => metadata.name === slower);
    await cluster.clock.advance(1000);
    heal();
    await cluster.clock.advance(2000);
    const seen = statuses(events);
    const observedGeneration = cluster.get(DEPLOYMENT, 'web').metadata.generation;
    expect(seen.map(counts)).toEqual([
      {},
      {},
      { observedGeneration, unavailableReplicas: 2 },
      { observedGeneration, replicas: 2, updatedReplicas: 2, unavailableReplicas: 2 },
      {
        observedGeneration,
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 1,
        availableReplicas: 1,
        unavailableReplicas: 1,
      },
      { observedGeneration, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
    ]);
    expect(seen.map((status) => `${condition(status, 'Progressing')} ${condition(status, 'Available')}`)).toEqual([
      'none none',
      'True(NewReplicaSetCreated) none',
      'True(NewReplicaSetCreated) False(MinimumReplicasUnavailable)',
      'True(ReplicaSetUpdated) False(MinimumReplicasUnavailable)',
      'True(ReplicaSetUpdated) False(MinimumReplicasUnavailable)',
      'True(NewReplicaSetAvailable) True(MinimumReplicasAvailable)',
    ]);
    expect(seen[3].conditions.map(({ type }: Loose) => type)).toEqual(['Available', 'Progressing']);
    expect(events[1]?.object.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' });
    const name = cluster.list(REPLICA_SET)[0].metadata.name;
    expect(seen[5].conditions.map(({ message }: Loose) => message).toSorted()).toEqual([
      'Deployment has minimum availability.',
      `ReplicaSet "${name}" has successfully progressed.`,
    ]);
  });

  test('gives its ReplicaSet the hash of the template, its sizes and its revision', async () => {
    const cluster = await running(2);
    const { metadata, spec } = cluster.list(REPLICA_SET)[0];
    const hash = metadata.labels['pod-template-hash'];
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
    expect(metadata.name).toBe(`web-${hash}`);
    expect(metadata.annotations).toEqual({
      'deployment.kubernetes.io/desired-replicas': '2',
      'deployment.kubernetes.io/max-replicas': '3',
      'deployment.kubernetes.io/revision': '1',
    });
    expect(metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', name: 'web', controller: true }]);
    expect(spec.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
    expect(spec.template.metadata.labels).toEqual({ app: 'web', 'pod-template-hash': hash });
  });

  test('rolls a new template out one surge at a time, and never falls below what must be available', async () => {
    const cluster = await running(3);
    const events = cluster.record(REPLICA_SET);
    const statusEvents = cluster.record(DEPLOYMENT);
    const oldName = cluster.list(REPLICA_SET)[0].metadata.name;
    release(cluster, 'web:v2');
    let [fewest, most] = [3, 3];
    for (let ms = 0; ms < 2000; ms += 5) {
      await cluster.clock.advance(5);
      fewest = Math.min(fewest, cluster.get(DEPLOYMENT, 'web').status.availableReplicas);
      most = Math.max(most, images(cluster).length);
    }
    expect([fewest, most]).toEqual([3, 4]);
    const sizes = (isOld: boolean): number[] => {
      const own = events
        .map(({ object }) => object as Loose)
        .filter(({ metadata }) => (metadata.name === oldName) === isOld);
      return own.map(({ spec }) => spec.replicas).filter((size, i, all) => size !== all[i - 1]);
    };
    expect(sizes(false)).toEqual([1, 2, 3]);
    expect(sizes(true)).toEqual([2, 1, 0]);
    expect(images(cluster)).toEqual(['web:v2', 'web:v2', 'web:v2']);
    const seen = statuses(statusEvents);
    expect(counts(seen[2])).toMatchObject({ replicas: 3, unavailableReplicas: 1 });
    expect(counts(seen[2]).updatedReplicas).toBeUndefined();
    expect(counts(seen[3])).toMatchObject({ replicas: 4, updatedReplicas: 1 });
    const last = seen.at(-1);
    expect(counts(last)).toMatchObject({ replicas: 3, updatedReplicas: 3, availableReplicas: 3 });
    expect(condition(last, 'Progressing')).toBe('True(NewReplicaSetAvailable)');
    expect(cluster.get(DEPLOYMENT, 'web').metadata.annotations['deployment.kubernetes.io/revision']).toBe('2');
  });

  test('goes back to an earlier template with the ReplicaSet it had, as a newer revision', async () => {
    const cluster = await running(1);
    const first = cluster.list(REPLICA_SET)[0].metadata.uid;
    release(cluster, 'web:v2');
    await cluster.clock.advance(2000);
    release(cluster, 'web:v1');
    await cluster.clock.advance(2000);
    expect(cluster.list(REPLICA_SET)).toHaveLength(2);
    const back = setOf(cluster, 'web:v1');
    expect(back.metadata.uid).toBe(first);
    expect(back.metadata.annotations['deployment.kubernetes.io/revision']).toBe('3');
    expect(images(cluster)).toEqual(['web:v1']);
  });

  test('keeps serving the old template while the new one never gets ready, and says so at the deadline', async () => {
    const cluster = await running(4, { set: { progressDeadlineSeconds: 30 } });
    cluster.workloads.neverReady(({ spec }: Loose) => spec.containers[0].image === 'web:v2');
    release(cluster, 'web:v2');
    await cluster.clock.advance(25_000);
    expect(condition(cluster.get(DEPLOYMENT, 'web').status, 'Progressing')).toBe('True(ReplicaSetUpdated)');
    expect(cluster.get(DEPLOYMENT, 'web').status.availableReplicas).toBe(3);
    await cluster.clock.advance(10_000);
    const { status } = cluster.get(DEPLOYMENT, 'web');
    expect(condition(status, 'Progressing')).toBe('False(ProgressDeadlineExceeded)');
    expect(status).toMatchObject({ availableReplicas: 3, updatedReplicas: 2, replicas: 5 });
    release(cluster, 'web:v3');
    await cluster.clock.advance(2000);
    expect(condition(cluster.get(DEPLOYMENT, 'web').status, 'Progressing')).toBe('True(NewReplicaSetAvailable)');
    expect(images(cluster)).toEqual(Array(4).fill('web:v3'));
  });

  test('follows its scale, also in the middle of a rollout', async () => {
    const cluster = await running(4);
    cluster.workloads.neverReady(({ spec }: Loose) => spec.containers[0].image === 'web:v2');
    release(cluster, 'web:v2');
    await cluster.clock.advance(1000);
    expect([setOf(cluster, 'web:v1').spec.replicas, setOf(cluster, 'web:v2').spec.replicas]).toEqual([3, 2]);
    cluster.edit(DEPLOYMENT, 'web', ({ spec }) => void (spec.replicas = 8));
    await cluster.clock.advance(1000);
    const sizes = [setOf(cluster, 'web:v1').spec.replicas, setOf(cluster, 'web:v2').spec.replicas];
    expect(sizes).toEqual([6, 4]);
    expect(setOf(cluster, 'web:v1').metadata.annotations['deployment.kubernetes.io/desired-replicas']).toBe('8');
  });

  test('with zero replicas has no pods and is whole', async () => {
    const cluster = await running(2);
    cluster.edit(DEPLOYMENT, 'web', ({ spec }) => void (spec.replicas = 0));
    await cluster.clock.advance(1000);
    expect(cluster.list(POD)).toEqual([]);
    const { metadata, status } = cluster.get(DEPLOYMENT, 'web');
    expect(counts(status)).toEqual({ observedGeneration: metadata.generation });
  });

  test('does not begin a rollout while it is paused, and does when it is resumed', async () => {
    const cluster = await running(2);
    cluster.edit(DEPLOYMENT, 'web', ({ spec }) => void (spec.paused = true));
    release(cluster, 'web:v2');
    await cluster.clock.advance(1000);
    expect(images(cluster)).toEqual(['web:v1', 'web:v1']);
    expect(condition(cluster.get(DEPLOYMENT, 'web').status, 'Progressing')).toBe('Unknown(DeploymentPaused)');
    cluster.edit(DEPLOYMENT, 'web', ({ spec }) => void (spec.paused = false));
    await cluster.clock.advance(2000);
    expect(images(cluster)).toEqual(['web:v2', 'web:v2']);
    expect(condition(cluster.get(DEPLOYMENT, 'web').status, 'Progressing')).toBe('True(NewReplicaSetAvailable)');
  });

  test('by Recreate ends every old pod before the first new one starts', async () => {
    const cluster = await running(2, { set: { strategy: { type: 'Recreate' } } });
    const events = cluster.record(POD);
    release(cluster, 'web:v2');
    await cluster.clock.advance(3000);
    expect(images(cluster)).toEqual(['web:v2', 'web:v2']);
    const lastOldEnd = events.findLastIndex(({ type }) => type === 'DELETED');
    const firstNew = events.findIndex(({ type }) => type === 'ADDED');
    expect(lastOldEnd).toBeGreaterThan(-1);
    expect(firstNew).toBeGreaterThan(lastOldEnd);
  });

  test('remembers as many old ReplicaSets as its history may hold', async () => {
    const cluster = await running(1, { set: { revisionHistoryLimit: 2 } });
    for (const image of ['web:v2', 'web:v3', 'web:v4', 'web:v5']) {
      release(cluster, image);
      await cluster.clock.advance(2000);
    }
    const kept = cluster.list(REPLICA_SET).map(({ spec }) => spec.template.spec.containers[0].image);
    expect(new Set(kept)).toEqual(new Set(['web:v3', 'web:v4', 'web:v5']));
  });

  test('goes with its ReplicaSets and pods', async () => {
    const cluster = await running(2);
    cluster.store.delete(DEPLOYMENT, 'web', NS);
    await cluster.clock.advance(1000);
    expect([cluster.list(REPLICA_SET), cluster.list(POD)]).toEqual([[], []]);
  });

  test('writes nothing when all is done', async () => {
    const cluster = await running(2);
    const events = [DEPLOYMENT, REPLICA_SET, POD].map((kind) => cluster.record(kind));
    cluster.workloads.stop();
    cluster.start();
    await cluster.clock.advance(1000);
    expect(events.flat()).toEqual([]);
  });
});
