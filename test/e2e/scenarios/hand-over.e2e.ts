// Two controllers, of which one leads: whatever becomes of the leader in the middle of a release, the other carries it to one end.
import { describe, expect, test, type TestContext } from 'vitest';
import type { Rollout } from '../../../src/api/rollout.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import { until } from '../cluster/until.ts';
import { apiProxy, type ApiProxy } from '../support/api-proxy.ts';
import { expectOnePromotion, stepsOf, stepsTold, surroundings, told, watchedRollout } from '../support/canary.ts';
import type { Controller } from '../support/controller.ts';
import { record } from '../support/history.ts';
import { isHealthy, isPausedAt, read, waitFor } from '../support/rollouts.ts';
import { openShop } from '../support/shop.ts';
import { tally, type Traffic } from '../support/traffic.ts';
import { shifts, watchWeights, weightOf, type WeightSeen } from '../support/weights-seen.ts';
import { begin, type World } from '../support/world.ts';

const WEIGHTS = [20, 40, 60, 80];
const STEPS = stepsOf(WEIGHTS, '1s');
/** The Lease lasts 15 s, and the others look every 2 s. */

interface Pair {
  world: World;
  leader: Controller;
  standby: Controller;
  /** What the leader asks of the API server. */
  proxy: ApiProxy;
  traffic: Traffic;
  weights: WeightSeen[];
  steps: (number | undefined)[];
}

const leads = (controller: Controller): Promise<true> =>
  until('it to lead', () => controller.log().some(({ message }) => message === 'leading') || undefined, {
    state: () => controller.lastLines(),
  });

/** Two controllers, the first of which leads. */
async function twoControllers(world: World): Promise<Pick<Pair, 'leader' | 'standby' | 'proxy'>> {
  const proxy = await apiProxy(world);
  const election = { leaderElect: true, leaseNamespace: world.namespace };
  const leader = await world.controller({ ...election, kubeconfig: proxy.kubeconfig, inTrouble: true });
  await leads(leader);
  return { leader, standby: await world.controller(election), proxy };
}

/** v1 is healthy and serves. */
async function givenTwo(context: TestContext, name: string): Promise<Pair> {
  const world = await begin(context, name, ['gateway', 'Prometheus']);
  const host = `${name}.example.com`;
  const controllers = await twoControllers(world);
  await world.apply(...surroundings(host), watchedRollout({ namespace: name, steps: STEPS, version: 'v1' }));
  await isHealthy(world);
  const traffic = world.traffic(host);
  await traffic.works();
  const steps = await record<Rollout, number | undefined>(
    world,
    RESOURCES.rollouts,
    (rollout) => rollout.status?.currentStepIndex,
  );
  return { world, ...controllers, traffic, weights: await watchWeights(world), steps };
}

/** v2 is declared, and its canary has got to this weight. */
async function isUnderWay({ world, weights }: Pair, weight: number): Promise<void> {
  await world.apply(watchedRollout({ namespace: world.namespace, steps: STEPS, version: 'v2' }));
  await until(`a weight of ${weight}`, () => weightOf(weights) === weight);
}

/** One outcome: no weight and no step twice, none back, and no request failed. */
async function endsOnce({ world, traffic, weights, steps }: Pair): Promise<void> {
  await isHealthy(world);
  await traffic.stop();
  // The last one is the promotion: the stable Service has the new revision then.
  expect(shifts(weights)).toEqual([0, ...WEIGHTS, 0]);
  const ofRelease = steps.slice(steps.lastIndexOf(0)).filter((step) => step !== undefined);
  expect(ofRelease).toEqual([...ofRelease].sort((a, b) => a - b));
  expect(steps.filter((step) => step === 0)).toHaveLength(1);
  await expectOnePromotion(world);
  // An Event that the leader had not written yet when it died is lost; none is there twice.
  const ended = await stepsTold(world);
  expect(ended).toEqual([...new Set(ended)]);
  expect(tally(traffic.sent)).toEqual({ '200': traffic.sent.length });
}

const since = (at: number): string => `${((performance.now() - at) / 1000).toFixed(1)} s`;

describe('the leader', () => {
  test('is killed in the middle of a step: the other carries the release on, and nothing happens twice', async (context) => {
    const pair = await givenTwo(context, 'hand-over-killed');
    await isUnderWay(pair, 40);
    pair.leader.signal('SIGKILL');
    expect(await pair.leader.ended).toBeNull();
    const killedAt = performance.now();
    await leads(pair.standby);
    console.log(`the other led ${since(killedAt)} after the leader had been killed`);
    await endsOnce(pair);
  });

  test('is stopped past its Lease and woken: it writes nothing more, and ends', async (context) => {
    const pair = await givenTwo(context, 'hand-over-stopped');
    await isUnderWay(pair, 40);
    pair.leader.signal('SIGSTOP');
    await leads(pair.standby);
    await until('the other to go on', () => weightOf(pair.weights) === 60);
    const wokenAt = performance.now(); // what it had sent before it was stopped has come through by now
    pair.leader.signal('SIGCONT');
    expect(await pair.leader.ended).toBe(1);
    await endsOnce(pair);
    expect(pair.proxy.writesSince(wokenAt)).toEqual([]);
    expect(pair.proxy.asked.filter(({ method }) => method === 'PATCH')).not.toEqual([]);
  });

  test('is killed, and the release goes bad while nobody leads: the traffic is back as soon as somebody does', async (context) => {
    const pair = await givenTwo(context, 'hand-over-bad');
    const { world, leader, standby, traffic, weights } = pair;
    await isUnderWay(pair, 40);
    leader.signal('SIGKILL');
    traffic.headers = { 'x-fail': 'v2' };
    await leads(standby);
    const leadsAt = performance.now();
    await until('the traffic to be back', () => weightOf(weights) === 0);
    const backAfter = performance.now() - leadsAt;
    console.log(`the traffic was back ${Math.round(backAfter)} ms after the other had begun to lead`);
    await waitFor(world, 'aborted', (status) => status.phase === 'Degraded' && status.abort === true);
    await traffic.settles('v1', 100);
    await traffic.stop();
    expect(shifts(weights)).toEqual([0, 20, 40, 0]);
    expect((await read(world)).status?.history?.map(({ outcome }) => outcome)).toEqual(['Promoted', 'Aborted']);
    expect(await told(world, 'RolloutAborted')).toHaveLength(1);
    expect(traffic.failed.filter(({ version }) => version !== 'v2')).toEqual([]);
  });

  test('is stopped as it is about to push a revert: the other pushes it, and the woken one does not', async (context) => {
    const world = await begin(context, 'hand-over-push', ['gateway', 'Prometheus']);
    const { leader, standby, proxy } = await twoControllers(world);
    const shop = await openShop(world, {
      host: 'hand-over-push.example.com',
      steps: [{ setWeight: 50 }, { pause: {} }],
      writeBack: { onAbort: 'Commit', notes: false },
    });
    await isHealthy(world);
    shop.declare('Deploy v2', ...shop.version('v2'));
    await isPausedAt(world, 1);
    let isStopped = false;
    shop.onRequest = ({ url }) => {
      if (isStopped || !url?.includes('service=git-receive-pack')) return;
      leader.signal('SIGSTOP');
      isStopped = true;
    };
    await world.kubectl('annotate', 'rollout', 'web', 'sluice.dev/abort=not today');
    await leads(standby);
    await until('the revert', () => shop.git('log', '-1', '--format=%s', 'main').startsWith('Revert'));
    const wokenAt = performance.now();
    leader.signal('SIGCONT');
    expect(await leader.ended).toBe(1);
    await shop.applicationIs('Synced', ({ phase, holds = [] }) => phase === 'Synced' && holds.length === 0);
    const subjects = shop.git('log', '--format=%s', 'main').split('\n');
    expect(subjects).toEqual([expect.stringMatching(/^Revert/), 'Deploy v2', 'Deploy v1']);
    expect(shop.requests.filter((request) => request === 'POST /shop.git/git-receive-pack')).toHaveLength(1);
    expect(proxy.writesSince(wokenAt)).toEqual([]);
  });
});
