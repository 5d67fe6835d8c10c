// The process that reads a repository is killed in the middle of a canary: the release goes on, and what was pushed meanwhile is applied.
import { expect, test } from 'vitest';
import { until } from '../cluster/until.ts';
import { liveGreeting } from '../support/greeting.ts';
import { sourceWorkersOf } from '../support/processes.ts';
import { isHealthy, isPausedAt, promote, waitFor } from '../support/rollouts.ts';
import { openShop, versionOf } from '../support/shop.ts';
import { tally } from '../support/traffic.ts';
import { begin } from '../support/world.ts';

test('the release goes on, and the push that was being read is applied all the same', async (context) => {
  const world = await begin(context, 'source-worker', ['gateway', 'Prometheus']);
  const host = 'source-worker.example.com';
  const controller = await world.controller();
  const shop = await openShop(world, { host, steps: [{ setWeight: 50 }, { pause: {} }], interval: '5s' });
  await isHealthy(world);
  const traffic = world.traffic(host);
  await traffic.works();
  shop.declare('Deploy v2', ...shop.version('v2'));
  await isPausedAt(world, 1);

  const killed: number[] = [];
  shop.onRequest = ({ url }) => {
    if (killed.length > 0 || url?.includes('git-upload-pack') !== true || url.includes('info/refs')) return;
    for (const pid of sourceWorkersOf(controller.pid)) {
      process.kill(pid, 'SIGKILL');
      killed.push(pid);
    }
  };
  const v3 = shop.declare('Deploy v3', ...shop.version('v3'));
  await until('a worker to be killed', () => killed.length > 0);
  await promote(world);
  await waitFor(world, 'v3 in canary', (s, rollout) => s.phase === 'Paused' && versionOf(rollout) === 'v3');
  await shop.applicationIs('Synced', ({ phase, revision }) => phase === 'Synced' && revision?.commit === v3);
  await promote(world);
  await waitFor(world, 'healthy with v3', (s, rollout) => s.phase === 'Healthy' && versionOf(rollout) === 'v3');
  expect(await liveGreeting(world)).toBe('hello from v3');
  process.kill(controller.pid, 0);
  for (const pid of killed) expect(sourceWorkersOf(controller.pid)).not.toContain(pid);

  // One that has nothing to do is no loss either.
  shop.onRequest = () => {};
  for (const pid of sourceWorkersOf(controller.pid)) process.kill(pid, 'SIGKILL');
  const v4 = shop.declare('Deploy v4', ...shop.version('v4'));
  await isPausedAt(world, 1);
  await shop.applicationIs('Synced', ({ phase, revision }) => phase === 'Synced' && revision?.commit === v4);
  await promote(world);
  await isHealthy(world);
  await traffic.stop();
  expect(tally(traffic.sent)).toEqual({ '200': traffic.sent.length });
});
