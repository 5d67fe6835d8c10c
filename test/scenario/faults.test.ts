import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../src/ports/transport.ts';
import type { Fault } from 'kube-sandbox/faults';
import { Cluster } from './cluster.ts';
import { aborted, apply, givenV1, givenV1FromGit, isReverted, promoted, weight } from './given.ts';
import { IMAGE, shop, WEIGHTS } from './manifests.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const isWrite = ({ method }: HttpRequest): boolean => method !== 'GET' && method !== 'HEAD';
const isSluice = ({ headers }: HttpRequest): boolean => (headers?.['user-agent'] ?? '').startsWith('sluice');
const touches = (request: HttpRequest, part: string): boolean => isWrite(request) && request.path.includes(part);

/** Every `nth` write of Sluice meets the fault. */
function everyNth(nth: number, fault: Fault, part = ''): void {
  let count = 0;
  cluster.server.intercept((request) =>
    isSluice(request) && touches(request, part) && ++count % nth === 0 ? fault : undefined,
  );
}

/** The next `times` writes of Sluice to a path meet the fault. */
function next(times: number, fault: Fault, part: string): void {
  let left = times;
  cluster.server.intercept((request) =>
    isSluice(request) && touches(request, part) && left-- > 0 ? fault : undefined,
  );
}

/** v2 went through every step once, in order, and was promoted once. */
function inOrder(): void {
  expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([...WEIGHTS, 0]);
  expect(cluster.rollout().status?.history?.map(({ outcome }) => outcome)).toEqual(['Promoted', 'Promoted']);
  expect(cluster.runs().map((run) => (run.status as { phase: string }).phase)).toEqual(Array(4).fill('Successful'));
  expect(cluster.replicaSets()).toHaveLength(2);
  expect(cluster.events('RolloutCompleted')).toHaveLength(2);
}

describe('writes that go wrong', () => {
  const faults: [string, number, Fault][] = [
    ['conflicts', 3, { fail: 409 }],
    ['throttling', 3, { fail: 429 }],
    ['errors of the server', 3, { fail: 500 }],
    ['an API server that is away', 3, { fail: 503 }],
    ['refused connections', 3, { fail: 'refuse' }],
    ['answers that are lost after the write took effect', 2, { fail: 'after' }],
    ['slow answers', 1, { delayMs: 700 }],
  ];

  it.each(faults)('%s: a release still takes every step once', async (_what, nth, fault) => {
    await givenV1(cluster);
    everyNth(nth, fault);
    apply(cluster, 'v2');
    await promoted(cluster, 'v2');
    await cluster.run(60_000);
    inOrder();
  });

  it.each(faults)('%s: a bad release from Git still ends reverted, once', async (_what, nth, fault) => {
    await givenV1FromGit(cluster);
    everyNth(nth, fault);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    const v2 = cluster.push(shop('v2', 'hello from v2'), 'Deploy v2');
    await cluster.until(
      'the revert is applied',
      () => cluster.commits()[1]?.oid === v2 && cluster.application().status?.phase === 'Synced',
    );
    await cluster.run(300_000);
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    expect(cluster.declaredImage()).toBe(IMAGE('v1'));
    expect(cluster.greeting()).toBe('hello');
    expect(cluster.log().filter((subject) => subject.startsWith('Revert'))).toHaveLength(1);
    expect(cluster.rollout().status?.history?.filter(({ outcome }) => outcome === 'Aborted')).toHaveLength(1);
  });

  it('requests that are never answered are given up and tried again', async () => {
    await givenV1(cluster);
    next(1, { fail: 'hang' }, '/virtualservices/');
    apply(cluster, 'v2');
    await promoted(cluster, 'v2');
    inOrder();
  });

  it('the server dies with the record of a step, whose answer is lost, and is away for a while: each step is told of', async () => {
    const steps = [20, 40, 60].flatMap((setWeight) => [{ setWeight }, { pause: { duration: '10s' } }]);
    await givenV1(cluster, { steps });
    apply(cluster, 'v2', { steps });
    await weight(cluster, 20);
    await cluster.run(1_000);
    let back = 0;
    cluster.server.intercept((request) => {
      if (!isSluice(request) || (back > 0 && cluster.clock.now() >= back)) return undefined;
      if (back > 0) return { fail: 'refuse' };
      if (cluster.weights()?.canary !== 40 || !touches(request, '/rollouts/web/status')) return undefined;
      back = cluster.clock.now() + 5_000;
      cluster.server.dropWatches('broken');
      return { fail: 'after' };
    });
    await promoted(cluster, 'v2');
    await cluster.run(60_000);
    expect(back).toBeGreaterThan(0);
    const told = cluster.events().flatMap((text) => {
      const [, first, last = first] = /Steps? (\d)(?:-(\d))?\/6 completed/.exec(text) ?? [];
      return steps.map((_, index) => index + 1).filter((step) => Number(first) <= step && step <= Number(last));
    });
    expect(told).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('the traffic cannot be moved for a while: the release waits, and says so in an Event', async () => {
    await givenV1(cluster);
    next(8, { fail: 500 }, '/virtualservices/');
    apply(cluster, 'v2');
    await promoted(cluster, 'v2');
    expect(cluster.events('ReconciliationError')[0]).toMatch(/internal error/);
    inOrder();
  });
});

describe('an abort in bad weather', () => {
  it('tries again until the traffic is back, and records the verdict meanwhile or after, never instead', async () => {
    await givenV1(cluster);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.5);
    apply(cluster, 'v2');
    await weight(cluster, 10);
    next(6, { fail: 500 }, '/virtualservices/');
    await aborted(cluster);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0]);
  });

  it('does not wait for the record of the measurements', async () => {
    await givenV1(cluster);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.5);
    apply(cluster, 'v2');
    await weight(cluster, 10);
    next(1_000, { fail: 500 }, '/analysisruns/');
    await cluster.until('the traffic is back', () => cluster.weights()?.canary === 0, 10_000);
    await cluster.until('it is recorded', () => cluster.rollout().status?.abort === true, 10_000);
  });

  it('takes the traffic back though the status cannot be written, and the next process keeps to the verdict', async () => {
    await givenV1(cluster);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.5);
    apply(cluster, 'v2');
    await weight(cluster, 10);
    const end = cluster.server.intercept((request) => (touches(request, '/status') ? { fail: 500 } : undefined));
    await cluster.until('the traffic is back', () => cluster.weights()?.canary === 0, 10_000);
    cluster.close();
    end();
    cluster.prometheus.rates.set(IMAGE('v2'), 1);
    await cluster.start();
    await aborted(cluster);
    await cluster.run(600_000);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0]);
    expect(cluster.rollout().status?.abort).toBe(true);
  });
});

describe('watches', () => {
  it.each(['clean', 'broken'] as const)('that end (%s) in the middle of a release cost it nothing', async (ending) => {
    await givenV1(cluster);
    apply(cluster, 'v2');
    for (const percent of WEIGHTS) {
      await weight(cluster, percent);
      cluster.server.dropWatches(ending);
    }
    await promoted(cluster, 'v2');
    inOrder();
  });

  it('whose history is gone (410) are begun anew', async () => {
    await givenV1(cluster);
    apply(cluster, 'v2');
    await weight(cluster, 25);
    cluster.server.compact();
    cluster.server.dropWatches();
    await promoted(cluster, 'v2');
    inOrder();
  });

  it('that cannot be opened for a while: a change made meanwhile is seen when they can', async () => {
    await givenV1(cluster);
    const end = cluster.server.intercept(({ path }) => (path.includes('watch=') ? { fail: 503 } : undefined));
    cluster.server.dropWatches();
    apply(cluster, 'v2');
    await cluster.run(60_000);
    end();
    await promoted(cluster, 'v2');
    inOrder();
  });
});

describe('the push of a revert', () => {
  it('that meets another commit on the branch is built anew on it, and touches nothing else', async () => {
    await givenV1FromGit(cluster);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    cluster.push(shop('v2'), 'Deploy v2');
    await weight(cluster, 10);
    cluster.repository.beforePush = () => void cluster.push({ 'deploy/readme.md': 'about the shop' }, 'Write a readme');
    await cluster.until('the revert lands', () => cluster.log()[0]?.startsWith('Revert'));
    expect(cluster.log().slice(1)).toEqual(['Write a readme', 'Deploy v2', 'Deploy v1']);
    expect(cluster.commits()[0]?.files.get('deploy/readme.md')).toBe('about the shop');
  });

  it('gives way to a fix that is pushed at the same moment', async () => {
    await givenV1FromGit(cluster);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    cluster.push(shop('v2'), 'Deploy v2');
    await weight(cluster, 10);
    cluster.repository.beforePush = () => void cluster.push(shop('v3'), 'Fix v2');
    await promoted(cluster, 'v3');
    expect(cluster.log()).toEqual(['Fix v2', 'Deploy v2', 'Deploy v1']);
    expect(isReverted(cluster, 'v1')).toBe(false);
  });
});
