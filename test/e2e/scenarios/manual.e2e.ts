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
  /^ {2}Normal +RolloutPaused .* Step 4\/4: pause$/m,
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
  'Paused 1/4 20',
  'Paused 3/4 50',
  'Degraded 0/4 0',
  'Paused 1/4 20',
  'Healthy 4/4 100',
];
const IN_ORDER = new RegExp(STATES.join('.*'));

test('a release is paused, promoted, aborted and tried again by annotations, and kubectl shows each step', async (context) => {
  const world = await begin(context, 'manual', ['gateway']);
  const { kubectl } = world;
  const canary = {
    stableService: 'web-stable',
    canaryService: 'web-canary',
    trafficRouting: { istio: { virtualService: { name: 'web', routes: ['primary'] } } },
    steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 50 }, { pause: {} }],
  };
  await world.controller();
  const route = virtualService(HOST, [{ host: 'web-stable' }, { host: 'web-canary' }]);
  await world.apply(service('web-stable'), service('web-canary'), route, rollout(canary, { version: 'v1' }));
  const isHealthy = (): Promise<string> => kubectl('wait', '--for=condition=Healthy', 'rollout/web', '--timeout=30s');
  expect(await isHealthy()).toBe('rollout.sluice.dev/web condition met\n');
  const traffic = world.traffic(HOST);
  await traffic.works();
  const watch = startKubectlWatch(world, 'rollouts');
  await watch.shows(/^web Healthy/);
  const annotate = (command: string): Promise<string> => kubectl('annotate', 'rollout', 'web', `sluice.dev/${command}`);

  await world.apply(rollout(canary, { version: 'v2' }));
  await watch.shows(/^web Paused 1\/4 20 /);
  expect(await annotate('promote=true')).toBe('rollout.sluice.dev/web annotated\n');
  await watch.shows(/^web Paused 3\/4 50 /);
  await annotate('abort=checkout is slow');
  await watch.shows(/^web Degraded /);
  await traffic.settles('v1', 100);
  const described = await kubectl('describe', 'rollout', 'web');
  for (const line of DESCRIBED) expect(described).toMatch(line);
  await annotate('retry=true');
  await watch.shows(/^web Paused 1\/4 20 /);
  await annotate('promote=full');
  await isHealthy();
  await traffic.settles('v2', 100);
  await traffic.stop();
  expect(shown(watch.lines)).toMatch(IN_ORDER);
  expect(tally(traffic.sent)).toEqual({ '200': traffic.sent.length });
});
