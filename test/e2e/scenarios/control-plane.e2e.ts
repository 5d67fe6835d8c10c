// The control plane is away in the middle of a release: traffic flows on, and the release goes on by itself when it is back.
import { describe, expect, test, type TestContext } from 'vitest';
import { until } from '../cluster/until.ts';
import { expectOnePromotion, stepsOf, stepsTold, surroundings, watchedRollout } from '../support/canary.ts';
import type { Controller, ControllerFlags } from '../support/controller.ts';
import { pidOf, signal } from '../support/processes.ts';
import { isHealthy } from '../support/rollouts.ts';
import { tally, type Traffic } from '../support/traffic.ts';
import { shifts, watchWeights, weightOf, type WeightSeen } from '../support/weights-seen.ts';
import { begin, type World } from '../support/world.ts';

const WEIGHTS = [20, 40, 60, 80];
const STEPS = stepsOf(WEIGHTS, '1s');
const OUTAGE_MS = 10_000;

interface Release {
  world: World;
  controller: Controller;
  traffic: Traffic;
  weights: WeightSeen[];
  /** Waits for the Lease, where there is one. */
  standby: Controller | undefined;
}

/** v1 is healthy and serves; v2 is under way, and its canary has just got to 40 %. */
async function givenARelease(context: TestContext, name: string, flags: ControllerFlags = {}): Promise<Release> {
  const world = await begin(context, name, ['gateway', 'Prometheus', 'ownCluster']);
  const host = `${name}.example.com`;
  const controller = await world.controller({ ...flags, inTrouble: true });
  await world.apply(...surroundings(host), watchedRollout({ namespace: name, steps: STEPS, version: 'v1' }));
  await isHealthy(world);
  const traffic = world.traffic(host);
  await traffic.works();
  const weights = await watchWeights(world);
  // Before the release: a step is shorter than the start of a process.
  const standby = flags.leaderElect ? await world.controller({ ...flags, inTrouble: true }) : undefined;
  await world.apply(watchedRollout({ namespace: name, steps: STEPS, version: 'v2' }));
  await until('a weight of 40', () => weightOf(weights) === 40);
  return { world, controller, traffic, weights, standby };
}

const answers = async (world: World): Promise<boolean> =>
  (await world.client.raw({ method: 'GET', path: '/readyz', timeoutMs: 1000 })).status === 200;

const isAway = (world: World): Promise<true> =>
  until('the API server to be away', async () => !(await answers(world).catch(() => false)) || undefined);

/** Promoted once, without a weight twice or back, and without a request that failed. While nobody could watch, weights may be missed. */
async function isPromotedOnce({ world, traffic, weights }: Release): Promise<void> {
  await isHealthy(world);
  await until('the recorder to follow again', () => weights.length > 2 && weightOf(weights) === 0);
  await traffic.stop();
  const [first, ...raised] = shifts(weights).slice(0, -1);
  expect(raised).toEqual(WEIGHTS.filter((weight) => raised.includes(weight)));
  expect(first).toBe(0);
  await expectOnePromotion(world);
  expect(tally(traffic.sent)).toEqual({ '200': traffic.sent.length });
}

/** The same process goes on, and nothing in its log says that it is to blame. */
function isUnharmed({ controller }: Release): void {
  expect(controller.log().filter(({ level }) => level === 'error')).toEqual([]);
  process.kill(controller.pid, 0);
}

describe('in the middle of a step', () => {
  test('the API server is killed: the release goes on where it was when it is back', async (context) => {
    const release = await givenARelease(context, 'apiserver-killed');
    const { world } = release;
    const pid = pidOf(world, 'kube-apiserver');
    signal(world, 'kube-apiserver', 'SIGKILL');
    const killedAt = performance.now();
    await until('another API server', () => pidOf(world, 'kube-apiserver') !== pid && answers(world));
    const backAfter = performance.now() - killedAt;
    await isPromotedOnce(release);
    console.log(`the API server was away for ${(backAfter / 1000).toFixed(1)} s`);
    isUnharmed(release);
    expect(await stepsTold(world)).toEqual(STEPS.map((_, index) => index + 1));
  });

  test('etcd stands still for ten seconds while an analysis runs: the release waits, and goes on', async (context) => {
    const release = await givenARelease(context, 'etcd-stopped');
    const { world, traffic, weights } = release;
    signal(world, 'etcd', 'SIGSTOP');
    const stoppedAt = performance.now();
    await isAway(world);
    await until('ten seconds of requests', () => (traffic.sent.at(-1)?.at ?? 0) - stoppedAt > OUTAGE_MS);
    await traffic.settles('v2', 40);
    signal(world, 'etcd', 'SIGCONT');
    const wokenAt = performance.now();
    await until('the release to go on', () => (weightOf(weights) ?? 0) > 40);
    console.log(`the release went on ${Math.round(performance.now() - wokenAt)} ms after etcd had been woken`);
    await isPromotedOnce(release);
    isUnharmed(release);
    expect(await stepsTold(world)).toEqual(STEPS.map((_, index) => index + 1));
  });

  test('etcd stands still until the leader has lost its Lease: it ends, and another one brings the release to its end', async (context) => {
    const election = { leaderElect: true, leaseNamespace: 'etcd-lease' };
    const release = await givenARelease(context, 'etcd-lease', election);
    const { world, controller, traffic, standby = controller } = release;
    signal(world, 'etcd', 'SIGSTOP');
    expect(await controller.ended).toBe(1);
    await traffic.settles('v2', 40);
    signal(world, 'etcd', 'SIGCONT');
    await isPromotedOnce({ ...release, controller: standby });
    isUnharmed({ ...release, controller: standby });
    const ended = await stepsTold(world);
    expect(ended).toEqual([...new Set(ended)]);
  });
});
