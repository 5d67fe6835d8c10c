import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import type { EngineProcess } from './engine-process.ts';
import { promoted, weight } from './given.ts';
import { application, IMAGE, shop, WEIGHTS } from './manifests.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const writesOf = (process: EngineProcess): number =>
  process.writes.filter((write) => !write.includes('/leases')).length;

async function givenTwo(): Promise<[EngineProcess, EngineProcess]> {
  const one = await cluster.start({ name: 'sluice-a', elect: true });
  await cluster.until('the first leads', () => one.lease?.isLeader());
  const two = await cluster.start({ name: 'sluice-b', elect: true });
  cluster.push(shop('v1'), 'Deploy v1');
  cluster.create(application());
  await promoted(cluster, 'v1');
  return [one, two];
}

describe('two processes', () => {
  it('one acts, the other waits', async () => {
    const [one, two] = await givenTwo();
    expect(writesOf(one)).toBeGreaterThan(0);
    expect(writesOf(two)).toBe(0);
  });

  it('the leader dies in the middle of a release: the other carries on', async () => {
    const [one] = await givenTwo();
    cluster.push(shop('v2'), 'Deploy v2');
    await weight(cluster, 25);
    one.kill();
    await promoted(cluster, 'v2');
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([...WEIGHTS, 0]);
  });

  it('the leader is stopped past its Lease and wakes up: it writes nothing more, and ends', async () => {
    const [one, two] = await givenTwo();
    cluster.push(shop('v2'), 'Deploy v2');
    await weight(cluster, 10);
    one.suspend();
    const before = one.writes.length;
    await cluster.until('the other leads', () => two.lease?.isLeader(), 60_000);
    await weight(cluster, 25);
    one.resume();
    await promoted(cluster, 'v2');
    await cluster.run(60_000);
    expect(one.writes.slice(before).filter((write) => !write.includes('/leases'))).toEqual([]);
    expect(one.lost).toBe(true);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([...WEIGHTS, 0]);
    expect(cluster.rollout().status?.history?.map(({ outcome }) => outcome)).toEqual(['Promoted', 'Promoted']);
  });

  it('the leader is stopped at a bad release and wakes up after the other has reverted it: one revert', async () => {
    const [one, two] = await givenTwo();
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    cluster.push(shop('v2', 'hello from v2'), 'Deploy v2');
    await weight(cluster, 10);
    one.suspend();
    await cluster.until('the other leads', () => two.lease?.isLeader(), 60_000);
    await cluster.until('the revert lands', () => cluster.log()[0]?.startsWith('Revert'));
    one.resume();
    await promoted(cluster, 'v1');
    await cluster.run(300_000);
    expect(cluster.log().filter((subject) => subject.startsWith('Revert'))).toHaveLength(1);
    expect(cluster.greeting()).toBe('hello');
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0]);
  });
});
