// Jobs over the time that a real cluster would need, in virtual time.
import { describe, expect, test } from 'vitest';
import { JOB, NS, POD, openCluster, type Cluster, type Loose } from './cluster.ts';

const job = (command: string, spec: Loose = {}, restartPolicy = 'Never'): Loose => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'job', namespace: NS },
  spec: {
    ...spec,
    template: { spec: { restartPolicy, containers: [{ name: 'c', image: 'job:v1', command: ['sh', '-c', command] }] } },
  },
});
const open = (object: Loose): Cluster => {
  const cluster = openCluster();
  cluster.store.create(JOB, object);
  return cluster;
};
const failed = (cluster: Cluster): unknown => cluster.get(JOB, 'job').status.failed;
const verdict = (cluster: Cluster): unknown => cluster.get(JOB, 'job').status.conditions?.at(-1).reason;

describe('a Job', () => {
  test('tries again ten seconds after a failure, and twice as long after the next', async () => {
    const cluster = open(job('exit 1', { backoffLimit: 2 }));
    await cluster.clock.advance(9_000);
    expect(failed(cluster)).toBe(1);
    await cluster.clock.advance(3_000);
    expect(failed(cluster)).toBe(2);
    await cluster.clock.advance(17_000);
    expect(failed(cluster)).toBe(2);
    expect(verdict(cluster)).toBeUndefined();
    await cluster.clock.advance(5_000);
    expect(failed(cluster)).toBe(3);
    expect(verdict(cluster)).toBe('BackoffLimitExceeded');
    await cluster.clock.advance(600_000);
    expect(cluster.list(POD)).toHaveLength(3);
  });

  test('gives up a pod that was restarted too often', async () => {
    const cluster = open(job('sleep 1; exit 1', { backoffLimit: 2 }, 'OnFailure'));
    await cluster.clock.advance(10_000);
    expect(verdict(cluster)).toBe('BackoffLimitExceeded');
    expect(cluster.list(POD)).toEqual([]);
  });

  test('counts a pod that was deleted as failed, and makes another', async () => {
    const cluster = open(job('sleep 30'));
    await cluster.clock.advance(1_000);
    const [first] = cluster.list(POD);
    cluster.store.delete(POD, first.metadata.name, NS);
    await cluster.clock.advance(15_000);
    expect(failed(cluster)).toBe(1);
    expect(cluster.list(POD).map(({ metadata }) => metadata.uid)).not.toContain(first.metadata.uid);
    await cluster.clock.advance(60_000);
    expect(cluster.get(JOB, 'job').status).toMatchObject({ succeeded: 1, failed: 1 });
  });

  test('makes no pods while it is suspended', async () => {
    const cluster = open(job('exit 0', { suspend: true }));
    await cluster.clock.advance(5_000);
    expect(cluster.list(POD)).toEqual([]);
    cluster.edit(JOB, 'job', (object) => (object.spec.suspend = false));
    await cluster.clock.advance(5_000);
    expect(verdict(cluster)).toBe('CompletionsReached');
  });
});
