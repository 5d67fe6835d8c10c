// Charts rendered by helm itself: what the cluster holds afterwards is what helm and kubectl make of the same chart, and a change of a value
// is a release like any other.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { commitFolder } from '../../support/bare-repository.ts';
import { CHARTS, type ChartCase } from '../../support/charts.ts';
import { rollout } from '../support/manifests.ts';
import { appliedByHand, checkedOut, following, live, type Followed } from '../support/rendered.ts';
import { isHealthy, read, waitFor } from '../support/rollouts.ts';

const execute = promisify(execFile);
const HELM = process.env['HELM_PROGRAM'] ?? 'helm';
const FLAGS = [`--helm=${HELM}`];

/** The same chart by helm and kubectl into a namespace of its own; the objects that helm printed. */
async function byHand({ world, server }: Followed, { path, helm = {} }: ChartCase, namespace: string) {
  const checkout = checkedOut(server);
  const values = join(server.directory, 'values.yaml');
  writeFileSync(values, dump(helm.values ?? {}));
  const { gitVersion } = JSON.parse(await world.kubectl('get', '--raw', '/version')) as { gitVersion: string };
  const files = (helm.valueFiles ?? []).map((file) => `--values=${join(checkout, path, file)}`);
  const { stdout } = await execute(HELM, [
    'template',
    helm.releaseName ?? 'shop',
    join(checkout, path),
    `--namespace=${namespace}`,
    `--kube-version=${gitVersion}`,
    '--api-versions=networking.istio.io/v1/VirtualService,sluice.dev/v1alpha1',
    '--include-crds',
    '--no-hooks',
    ...files,
    `--values=${values}`,
  ]);
  return appliedByHand(world, stdout, namespace);
}

describe('a chart', () => {
  for (const chart of CHARTS)
    test(`${chart.name} is in the cluster as helm template and kubectl apply have it`, async (context) => {
      const { name, path, helm, wide, repository } = chart;
      const namespace = `helm-${name}`;
      const source = { path, ...(helm === undefined ? {} : { helm }) };
      const followed = await following(context, namespace, source, { flags: FLAGS, wide });
      const { world, server, is } = followed;
      commitFolder(server, repository);
      const { status } = await is('Synced', ({ phase }) => phase === 'Synced');
      const other = `${namespace}-by-hand`;
      const printed = await byHand(followed, chart, other);
      expect(status?.resources?.map(({ kind, name: called }) => `${kind} ${called}`).sort()).toEqual(
        printed.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort(),
      );
      for (const object of printed)
        expect(await live(world, namespace, object)).toEqual(await live(world, other, object));
    });
});

const RELEASED = rollout({ steps: [{ setWeight: 50 }, { pause: {} }] }, { version: '{{ .Values.version }}' });
const chartOf = (version: string): Record<string, string> => ({
  'chart/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
  'chart/values.yaml': dump({ version }),
  'chart/templates/rollout.yaml': dump(RELEASED),
});

test('a value that changes is released step by step, and an abort holds it', async (context) => {
  const { world, server, is } = await following(context, 'helm-canary', { path: 'chart' }, { flags: FLAGS });
  server.commit('main', chartOf('v1'), 'Deploy v1');
  await is('Synced', ({ phase }) => phase === 'Synced');
  await isHealthy(world);
  const commit = server.commit('main', { 'chart/values.yaml': dump({ version: 'v2' }) }, 'Deploy v2');
  const paused = await waitFor(
    world,
    'paused with v2',
    ({ phase, revision }) => phase === 'Paused' && revision?.commit === commit,
  );
  expect(JSON.stringify(paused.spec.template)).toContain('"v2"');
  await world.kubectl('annotate', 'rollout', 'web', 'sluice.dev/abort=not today');
  const held = await is('Held', ({ phase }) => phase === 'Held');
  expect(held.status?.holds).toMatchObject([{ rollout: { name: 'web' }, rejected: { commit } }]);
  const back = await waitFor(world, 'v1 again', (_, { spec }) => JSON.stringify(spec.template).includes('"v1"'));
  expect(JSON.stringify(back.spec.template)).not.toContain('"v2"');
  expect((await read(world)).status?.phase).not.toBe('Healthy');
});
