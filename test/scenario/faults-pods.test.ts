// Faults found by use, and their kind: how many pods are there, and what is said when they are not.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Canary, RolloutSpec, Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { aborted, apply, givenV1, promoted, waits, weight } from './given.ts';
import { IMAGE, UNROUTED } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }];
const POD = { group: '', kind: 'Pod' };

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

type Pod = KubeObject & { status?: { conditions?: { type: string; status: string }[] } };
const livingPods = (): Pod[] =>
  (cluster.server.store.list(POD, { namespace: 'shop' }) as Pod[]).filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined,
  );
const readyPods = (): number =>
  livingPods().filter(({ status }) => status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'))
    .length;

/** Fewest ready pods, and most pods, from now on. */
function counted(): { fewestReady: number; most: number; deleted: number } {
  const seen = { fewestReady: readyPods(), most: livingPods().length, deleted: 0 };
  cluster.server.store.subscribe(POD, ({ type }) => {
    if (type === 'DELETED') seen.deleted++;
    seen.fewestReady = Math.min(seen.fewestReady, readyPods());
    seen.most = Math.max(seen.most, livingPods().length);
  });
  return seen;
}

const names = (): string[] => livingPods().map(({ metadata }) => metadata.name);
const answered = async (verb: string): Promise<string> => {
  const last = () => cluster.rollout().status?.lastCommand;
  await cluster.until(`${verb} is answered`, () => last()?.verb === verb && last()?.outcome !== undefined);
  return last()?.outcome ?? '';
};

describe('a restart', () => {
  /** Pods that an answer says are replaced, and that are still there. */
  const leftOf = (old: readonly string[], outcome: string): string[] =>
    outcome.startsWith('Done') ? names().filter((name) => old.includes(name)) : [];

  async function restarted(canary: Partial<Canary>, spec: Partial<RolloutSpec> = {}) {
    cluster.workloads.readyAfterMs = 5_000;
    await givenV1(cluster, { steps: STEPS, canary, spec });
    await cluster.run(60_000);
    const old = names();
    const seen = counted();
    cluster.annotate('restart');
    await cluster.until('every pod is new and ready', () => {
      const now = names();
      return now.every((name) => !old.includes(name)) && readyPods() === old.length;
    });
    return seen;
  }

  it('never has more pods away than the quarter that maxUnavailable is by default', async () => {
    expect((await restarted({})).fewestReady).toBe(3);
  });

  it('has one pod away where maxUnavailable is 0: it cannot be none', async () => {
    expect((await restarted({ maxUnavailable: 0 }, { replicas: 3 })).fewestReady).toBe(2);
  });

  it('has as many away as maxUnavailable says, and no more', async () => {
    expect((await restarted({ maxUnavailable: 1 }, { replicas: 8 })).fewestReady).toBe(7);
  });

  // The same; nothing of what is under way survives the process.
  it('remembers evictions on their way when another process takes over', async () => {
    cluster.workloads.readyAfterMs = 5_000;
    await givenV1(cluster, { steps: STEPS });
    await cluster.run(60_000);
    const seen = counted();
    cluster.annotate('restart');
    await cluster.until('the first is away', () => readyPods() === 3);
    cluster.close();
    await cluster.start();
    await cluster.run(120_000);
    expect(seen).toMatchObject({ fewestReady: 3, deleted: 4 });
  });

  it('in the middle of a release replaces pods, or is refused with the reason', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    const old = names();
    cluster.annotate('restart');
    const outcome = await answered('restart');
    await cluster.run(300_000);
    expect(leftOf(old, outcome)).toEqual([]);
  });

  it('after an abort replaces pods, or is refused with the reason', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    cluster.annotate('abort');
    await aborted(cluster);
    await cluster.run(120_000);
    const old = names();
    cluster.annotate('restart');
    const outcome = await answered('restart');
    await cluster.run(300_000);
    expect(leftOf(old, outcome)).toEqual([]);
  });
});

describe('canary pods that are gone in the middle of a pause', () => {
  async function gone(spec: Partial<RolloutSpec>, steps = STEPS): Promise<void> {
    await givenV1(cluster, { steps, spec });
    apply(cluster, 'v2', { steps, spec });
    await waits(cluster);
    cluster.workloads.crash(IMAGE('v2'));
    await weight(cluster, 0);
    await cluster.run(5_000);
  }

  it('are told of in phase and message, and in one Event', async () => {
    await gone({});
    const { phase, message } = cluster.rollout().status ?? {};
    expect(phase).not.toBe('Paused');
    expect(message).toMatch(/0 of 1 pods/);
    const told = cluster.events().filter((text) => /0 of 1 pods/.test(text));
    expect(told).toHaveLength(1);
  });

  it('count towards the progress deadline', async () => {
    await gone({ progressDeadlineSeconds: 60 });
    await cluster.run(90_000);
    expect(cluster.rollout().status?.phase).toBe('Degraded');
    expect(cluster.condition(cluster.rollout(), 'Progressing')).toMatchObject({ reason: 'ProgressDeadlineExceeded' });
  });

  it('end the release where progressDeadlineAbort says so, in a pause with an end, too', async () => {
    const steps: Step[] = [{ setWeight: 25 }, { pause: { duration: '1h' } }];
    await gone({ progressDeadlineSeconds: 60, progressDeadlineAbort: true }, steps);
    await cluster.until('it is aborted', () => cluster.rollout().status?.abort === true, 120_000);
  });

  it('go on with the release where it was when they are back', async () => {
    await gone({});
    cluster.workloads.mend(IMAGE('v2'));
    await weight(cluster, 25);
    await waits(cluster);
    expect(cluster.rollout().status?.step).toBe('1/2');
  });
});

describe('without a router there is never a pod more than maxSurge allows, and never one less ready than maxUnavailable', () => {
  type Way = [
    replicas: number,
    maxSurge: number | string,
    maxUnavailable: number | string,
    most: number,
    ready: number,
  ];
  /** A percentage that comes to nothing beside a surge of 0: one pod less, as a Deployment has it. */
  const rounded: Way[] = [
    [3, 0, '25%', 3, 2],
    [4, 0, '10%', 4, 3],
  ];
  const without: Way[] = [
    [3, 0, 1, 3, 2],
    [5, 0, '50%', 5, 3],
  ];
  const surging: Way[] = [
    [4, 1, 0, 5, 4],
    [4, '50%', 0, 6, 4],
    [4, '25%', '25%', 5, 3],
  ];

  async function released(way: Way, go: () => Promise<void>) {
    const [replicas, maxSurge, maxUnavailable] = way;
    const shape = { steps: STEPS, spec: { replicas }, canary: { ...UNROUTED, maxSurge, maxUnavailable } };
    cluster.workloads.readyAfterMs = 3_000;
    await givenV1(cluster, shape);
    await cluster.run(30_000);
    const seen = counted();
    apply(cluster, 'v2', shape);
    await waits(cluster);
    await go();
    return seen;
  }

  const toTheEnd = async (): Promise<void> => {
    cluster.annotate('promote', 'full');
    await promoted(cluster, 'v2');
    await cluster.run(60_000);
  };
  const andBack = async (): Promise<void> => {
    cluster.annotate('abort');
    await cluster.until('v1 is whole again', () => cluster.rollout().status?.abort && cluster.pods()['v2'] === 0);
    await cluster.run(60_000);
  };

  it.each(rounded)('%i replicas, maxSurge %s, maxUnavailable %s: to the end', async (...way) => {
    expect(await released(way, toTheEnd)).toMatchObject({ most: way[3], fewestReady: way[4] });
  });

  it.each(without)('%i replicas, maxSurge %s, maxUnavailable %s: to the end', async (...way) => {
    expect(await released(way, toTheEnd)).toMatchObject({ most: way[3], fewestReady: way[4] });
  });

  it.each(surging)('%i replicas, maxSurge %s, maxUnavailable %s: to the end', async (...way) => {
    const seen = await released(way, toTheEnd);
    expect(seen.fewestReady).toBeGreaterThanOrEqual(way[4]);
    expect(seen.most).toBeLessThanOrEqual(way[3]);
  });

  it.each(rounded)('%i replicas, maxSurge %s, maxUnavailable %s: and back', async (...way) => {
    expect((await released(way, andBack)).most).toBe(way[3]);
  });

  it.each([...without, ...surging])('%i replicas, maxSurge %s, maxUnavailable %s: and back', async (...way) => {
    const seen = await released(way, andBack);
    expect(seen.most).toBeLessThanOrEqual(way[3]);
    expect(seen.fewestReady).toBeGreaterThanOrEqual(way[4]);
  });
});
