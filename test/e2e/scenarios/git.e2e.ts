// The way of a commit through a real Git server: found by webhook and by poll, rewritten, out of reach, and written back against others.
import { describe, expect, test, type TestContext } from 'vitest';
import { until } from '../cluster/until.ts';
import { liveGreeting } from '../support/greeting.ts';
import { stepsOf } from '../support/canary.ts';
import type { Controller } from '../support/controller.ts';
import { filesOf } from '../support/repository.ts';
import { isHealthy, isPausedAt, promote, read, waitFor } from '../support/rollouts.ts';
import { openShop, recordDeclared, versionOf, type Declared, type Shop, type ShopOptions } from '../support/shop.ts';
import { tally, type Traffic } from '../support/traffic.ts';
import { shifts, watchWeights, weightOf, type WeightSeen } from '../support/weights-seen.ts';
import { begin, type World } from '../support/world.ts';

/** Nothing but webhooks tells of a push. */
const NEVER = '1h';
const WAITING = [{ setWeight: 50 }, { pause: {} }];

interface Served {
  world: World;
  shop: Shop;
  controller: Controller;
  traffic: Traffic;
  weights: WeightSeen[];
  declared: Declared[];
}

/** v1 is declared in Git, healthy, and serves. */
async function givenV1(context: TestContext, name: string, options: Partial<ShopOptions> = {}): Promise<Served> {
  const world = await begin(context, name, ['gateway', 'Prometheus']);
  const host = `${name}.example.com`;
  const controller = await world.controller();
  const shop = await openShop(world, { host, steps: WAITING, interval: NEVER, ...options });
  await shop.applicationIs('Synced', ({ phase }) => phase === 'Synced');
  await isHealthy(world);
  const traffic = world.traffic(host);
  await traffic.works();
  return {
    world,
    shop,
    controller,
    traffic,
    weights: await watchWeights(world),
    declared: await recordDeclared(world),
  };
}

/** v2 is pushed, and waits at its first pause with half of the traffic. */
async function isInCanary({ world, shop, controller }: Served, version: string): Promise<string> {
  const commit = shop.declare(`Deploy ${version}`, ...shop.version(version));
  await shop.tell(controller);
  await waitFor(world, `${version} in canary`, (s, r) => s.phase === 'Paused' && versionOf(r) === version);
  return commit;
}

async function noneFailed({ traffic }: Served): Promise<void> {
  await traffic.stop();
  expect(tally(traffic.sent)).toEqual({ '200': traffic.sent.length });
}

const aborts = ({ world }: Served, reason: string): Promise<string> =>
  world.kubectl('annotate', 'rollout', 'web', `sluice.dev/abort=${reason}`);

const subjects = ({ shop }: Served): string[] => shop.git('log', '--format=%s', 'main').split('\n');

describe('a push', () => {
  test('that a signed webhook tells of is released although the interval would never find it', async (context) => {
    const served = await givenV1(context, 'git-webhook', { steps: stepsOf([10], '1s') });
    const { world, shop, controller, weights } = served;
    const took: number[] = [];
    for (const version of ['v2', 'v3', 'v4']) {
      await until('the weight of the release before to be gone', () => weightOf(weights) === 0);
      shop.declare(`Deploy ${version}`, ...shop.version(version));
      const pushedAt = performance.now();
      expect(await shop.tell(controller)).toBe(202);
      await until('the first weight', () => weightOf(weights) === 10, { every: 1 });
      took.push(Math.round(performance.now() - pushedAt));
      await waitFor(world, `healthy with ${version}`, (s, r) => s.phase === 'Healthy' && versionOf(r) === version);
    }
    console.log(`from the push to its first weight: ${took.join(', ')} ms, the start of the pods included`);
    await noneFailed(served);
  });

  test('that nobody tells of is found by the interval', async (context) => {
    const served = await givenV1(context, 'git-poll', { interval: '5s' });
    const { world, shop } = served;
    const commit = shop.declare('Deploy v2', ...shop.version('v2'));
    const paused = await isPausedAt(world, 1);
    expect(paused.status?.revision).toMatchObject({ commit, subject: 'Deploy v2', author: 'Ada' });
    await promote(world);
    await isHealthy(world);
    await noneFailed(served);
  });
});

describe('a rewritten branch in the middle of a canary', () => {
  test('is followed, to other content and back to the stable one, and nothing else is ever applied', async (context) => {
    const served = await givenV1(context, 'git-rewritten');
    const { world, shop, controller, declared } = served;
    const v1 = shop.git('rev-parse', 'main');
    const v2 = await isInCanary(served, 'v2');

    shop.git('branch', 'rewritten', v1);
    const v3 = shop.commit('rewritten', filesOf(...shop.version('v3')), 'Deploy v3 as if v2 had never been');
    shop.git('update-ref', 'refs/heads/main', v3);
    await shop.tell(controller);
    await waitFor(world, 'v3 in canary', (s, r) => s.phase === 'Paused' && versionOf(r) === 'v3');

    shop.git('update-ref', 'refs/heads/main', v1);
    await shop.tell(controller);
    await waitFor(world, 'healthy with v1', (s, r) => s.phase === 'Healthy' && versionOf(r) === 'v1');
    expect((await shop.applicationIs('Synced', ({ phase }) => phase === 'Synced')).status?.revision?.commit).toBe(v1);
    await served.traffic.settles('v1', 100);

    expect(declared).toEqual([
      { version: 'v1', commit: v1 },
      { version: 'v2', commit: v2 },
      { version: 'v3', commit: v3 },
      { version: 'v1', commit: v1 },
    ]);
    await noneFailed(served);
  });
});

describe('a Git server that is away in the middle of a canary', () => {
  test('costs the release nothing, deletes nothing, and is followed again when it is back', async (context) => {
    const served = await givenV1(context, 'git-away', { interval: '5s' });
    const { world, shop } = served;
    await isInCanary(served, 'v2');
    shop.down = true;
    await shop.applicationIs('unreachable', ({ message }) => message?.includes('cannot reach') ?? false);
    await promote(world);
    await isHealthy(world);
    const kinds = 'rollout,service,virtualservice,configmap,analysistemplate';
    const there = await world.kubectl('get', kinds, '-l', 'sluice.dev/application=shop', '-o', 'name');
    expect(there.trim().split('\n')).toHaveLength(6);
    const v3 = shop.declare('Deploy v3', ...shop.version('v3'));
    shop.down = false;
    const paused = await isPausedAt(world, 1);
    expect(paused.status?.revision?.commit).toBe(v3);
    await shop.applicationIs('Synced', ({ phase }) => phase === 'Synced');
    await noneFailed(served);
  });

  test('does not keep an abort from the traffic and the cluster; the commit back follows', async (context) => {
    const served = await givenV1(context, 'git-away-abort', { interval: '5s', writeBack: { onAbort: 'Commit' } });
    const { world, shop, weights, traffic } = served;
    const v1 = (await read(world)).spec.template;
    const v2 = await isInCanary(served, 'v2');
    shop.down = true;
    await shop.applicationIs('unreachable', ({ message }) => message?.includes('cannot reach') ?? false);
    await aborts(served, 'not today');
    await until('the traffic to be back', () => weightOf(weights) === 0);
    await waitFor(world, 'v1 again', (_, rollout) => versionOf(rollout) === 'v1');
    await until('the greeting of v1', async () => (await liveGreeting(served.world)) === 'hello from v1');
    expect((await read(world)).spec.template).toEqual(v1);
    await traffic.settles('v1', 100);
    expect(shop.git('rev-parse', 'main')).toBe(v2);

    shop.down = false;
    await shop.applicationIs('Synced', ({ phase, holds = [] }) => phase === 'Synced' && holds.length === 0);
    expect(subjects(served)).toEqual([expect.stringMatching(/^Revert/), 'Deploy v2', 'Deploy v1']);
    expect(shop.git('show', 'main:deploy/configmap-greeting.yaml')).toContain('hello from v1');
    await isHealthy(world);
    expect(shifts(weights)).toEqual([0, 50, 0]);
    await noneFailed(served);
  });
});

describe('the push of a revert', () => {
  test('that races with a person’s is built anew on the new head, and both are in the history', async (context) => {
    const options = { writeBack: { onAbort: 'Commit', notes: false } };
    const served = await givenV1(context, 'git-race', options);
    const { world, shop } = served;
    await isInCanary(served, 'v2');
    const races = [
      { meets: /^POST .*\/git-receive-pack/, files: { 'README.md': 'The shop.\n' }, message: 'Describe the shop' },
      { meets: /^GET .*git-receive-pack/, files: { 'OWNERS.md': 'Ada\n' }, message: 'Name the owners' },
    ];
    const pending = [...races];
    shop.onRequest = ({ method, url }) => {
      const [next] = pending;
      if (next === undefined || !next.meets.test(`${method} ${url}`)) return;
      pending.shift();
      shop.commit('main', next.files, next.message);
    };
    await aborts(served, 'not today');
    await until('the revert', () => subjects(served)[0]?.startsWith('Revert'));
    await shop.applicationIs('Synced', ({ phase, holds = [] }) => phase === 'Synced' && holds.length === 0);
    expect(pending).toEqual([]);
    expect(subjects(served)).toEqual([
      expect.stringMatching(/^Revert/),
      'Name the owners',
      'Describe the shop',
      'Deploy v2',
      'Deploy v1',
    ]);
    for (const { files } of races)
      for (const [path, text] of Object.entries(files)) expect(shop.git('show', `main:${path}`)).toBe(text.trim());
    expect(shop.git('show', 'main:deploy/configmap-greeting.yaml')).toContain('hello from v1');
    await isHealthy(world);
    await noneFailed(served);
  });
});
