// A person drives a release with kubectl and nothing else, and reads in its output what came of it.
import { expect, test } from 'vitest';
import { startKubectlWatch } from '../support/kubectl-watch.ts';
import { rollout, service, virtualService } from '../support/manifests.ts';
import { tally } from '../support/traffic.ts';
import { begin } from '../support/world.ts';

const HOST = 'manual.example.com';

const DESCRIBED = [
  /^ {2}Phase: +Degraded$/m,
  /^ {2}Message: +RolloutAborted: Rollout aborted update to revision \w+: checkout is slow$/m,
  /^ {4}Outcome: +Done: aborted$/m,
  /^ {2}Normal +RolloutPaused .* Step 3\/4 completed \(weight 50\); step 4\/4: pause$/m,
  /^ {2}Warning +RolloutAborted .*: checkout is slow$/m,
];

/** Phase, step and weight of each line, without repeats. */
function shown(lines: readonly string[]): string {
  const states = lines.map((line) => line.split(' ').slice(1, 4).join(' '));
  return states.filter((state, place) => state !== states[place - 1]).join(', ');
}
const STATES = [
  'Healthy 4/4 100',
  'Progressing 0/4 0',
  'Paused 1/4 25',
  'Paused 3/4 50',
  'Degraded 0/4 0',
  'Paused 1/4 25',
  'Healthy 4/4 100',
];
const IN_ORDER = new RegExp(STATES.join('.*'));

test('a release is paused, promoted, aborted and tried again by annotations, and kubectl shows each step', async (context) => {
  const world = await begin(context, 'manual');
  const { kubectl } = world;
  const canary = { steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }], maxUnavailable: 0 };
  const release = (version: string): Promise<void> => world.apply(rollout(canary, { version, replicas: 4 }));
  await world.controller();
  await world.apply(service('web'), ...(world.has('gateway') ? [virtualService(HOST, [{ host: 'web' }])] : []));
  await release('v1');
  const isHealthy = (): Promise<string> => kubectl('wait', '--for=condition=Healthy', 'rollout/web', '--timeout=30s');
  expect(await isHealthy()).toBe('rollout.sluice.dev/web condition met\n');
  const traffic = world.has('gateway') ? world.traffic(HOST) : undefined;
  await traffic?.works();
  const watch = startKubectlWatch(world, 'rollouts');
  await watch.shows(/^web Healthy/);
  const annotate = (command: string): Promise<string> => kubectl('annotate', 'rollout', 'web', `sluice.dev/${command}`);

  await release('v2');
  await watch.shows(/^web Paused 1\/4 25 /);
  expect(await annotate('promote=true')).toBe('rollout.sluice.dev/web annotated\n');
  await watch.shows(/^web Paused 3\/4 50 /);
  await annotate('abort=checkout is slow');
  await watch.shows(/^web Degraded /);
  await traffic?.settles('v1', 100);
  const described = await kubectl('describe', 'rollout', 'web');
  for (const line of DESCRIBED) expect(described).toMatch(line);
  await annotate('retry=true');
  await watch.shows(/^web Paused 1\/4 25 /);
  await annotate('promote=full');
  await isHealthy();
  await traffic?.settles('v2', 100);
  await traffic?.stop();
  expect(shown(watch.lines)).toMatch(IN_ORDER);
  expect(tally(traffic?.sent.filter((s) => s.status !== 200) ?? [])).toEqual({});
});
