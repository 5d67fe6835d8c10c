// The files of examples/, unchanged, pushed to a real Git server: what a newcomer applies.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import type { Rollout } from '../../../src/api/rollout.ts';
import { startGitServer } from '../../support/git-server.ts';
import { until } from '../cluster/until.ts';
import { isHealthy, waitFor } from '../support/rollouts.ts';
import { tally } from '../support/traffic.ts';
import { begin } from '../support/world.ts';

const EXAMPLE = join(import.meta.dirname, '../../../examples/shop');
const HOST = 'web.shop.example.com';

const files = (): Record<string, string> => {
  const names = readdirSync(join(EXAMPLE, 'deploy'));
  return Object.fromEntries(
    names.map((name) => [`deploy/${name}`, readFileSync(join(EXAMPLE, 'deploy', name), 'utf8')]),
  );
};

/** The example's route names a Gateway that the cluster's owner has. */
const gateway = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'web' },
  spec: {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [HOST] }],
  },
};

test('the example is deployed, a good release of it is promoted and a bad one undone', async (context) => {
  const world = await begin(context, 'shop', ['gateway', 'Prometheus', 'ownCluster']);
  const git = await startGitServer();
  world.atEnd(() => git.close());
  const application = load(readFileSync(join(EXAMPLE, 'application.yaml'), 'utf8')) as { spec: { source: object } };
  await world.controller();
  await world.apply(gateway, {
    ...application,
    spec: { ...application.spec, source: { ...application.spec.source, repoURL: git.url, interval: '5s' } },
  });
  git.commit('main', files(), 'Declare the shop, v1');
  await isHealthy(world);
  const traffic = world.traffic(HOST);
  await traffic.works();
  traffic.pause = 20;

  const declared = files()['deploy/rollout.yaml'] ?? '';
  const serves = (commit: string): Promise<Rollout> =>
    waitFor(
      world,
      `serving ${commit}`,
      ({ phase, stableRevision }) => phase === 'Healthy' && stableRevision?.commit === commit,
      { within: 120_000 },
    );
  const good = git.commit('main', { 'deploy/rollout.yaml': declared.replace('web:v1', 'web:v2') }, 'Release v2');
  expect((await serves(good)).status?.images).toContain('web:v2');

  const faulty = declared
    .replace('web:v1', 'web:v3')
    .replace(
      '          envFrom:',
      '          env:\n            - { name: ERROR_RATE, value: "0.2" }\n          envFrom:',
    );
  const bad = git.commit('main', { 'deploy/rollout.yaml': faulty }, 'Release v3');
  const head = (): string => git.git('rev-parse', 'main');
  await until('a commit that reverts the bad one', () => head() !== bad);
  const ended = await waitFor(
    world,
    'Healthy again',
    ({ phase, images }) => phase === 'Healthy' && images?.includes('web:v2') === true,
  );
  expect(ended.status?.stableRevision?.commit).toBe(good);
  expect(git.git('diff', '--stat', good, 'main')).toBe('');
  expect(git.git('notes', '--ref=sluice', 'show', bad)).toContain('Aborted');
  await traffic.stop();
  const counts = tally(traffic.sent);
  console.log(`of ${traffic.sent.length} requests ${counts['500'] ?? 0} failed, all by the bad release`);
  expect(tally(traffic.sent.filter((s) => s.status !== 500))).toEqual({ '200': expect.any(Number) });
});
