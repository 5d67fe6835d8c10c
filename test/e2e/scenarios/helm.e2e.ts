// Charts rendered by helm itself: what the cluster holds afterwards is what helm and kubectl make of the same chart, and a change of a value
// is a release like any other.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dump, loadAll } from 'js-yaml';
import { describe, expect, test, type TestContext } from 'vitest';
import type { Application } from '../../../src/api/application.ts';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import { commitFolder } from '../../support/bare-repository.ts';
import { CHARTS, type ChartCase } from '../../support/charts.ts';
import { startGitServer, type GitServer } from '../../support/git-server.ts';
import { until } from '../cluster/until.ts';
import { accountWith } from '../support/accounts.ts';
import { rollout } from '../support/manifests.ts';
import { isHealthy, read, waitFor } from '../support/rollouts.ts';
import { begin, KUBECONFIG, KUBECTL, type World } from '../support/world.ts';

const execute = promisify(execFile);
const HELM = process.env['HELM_PROGRAM'] ?? 'helm';
const EVERYTHING = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];

interface Followed {
  world: World;
  server: GitServer;
  is: (what: string, holds: (status: NonNullable<Application['status']>) => boolean) => Promise<Application>;
}

async function following(context: TestContext, namespace: string, source: object, wide = false): Promise<Followed> {
  const world = await begin(context, namespace);
  const server = await startGitServer();
  world.atEnd(() => server.close());
  await world.apply(...accountWith(namespace, 'deployer', EVERYTHING));
  if (wide) await makeWide(world);
  await world.controller({ more: [`--helm=${HELM}`, ...(wide ? [`--cluster-applications=${namespace}/*`] : [])] });
  await world.apply({
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop' },
    spec: {
      serviceAccountName: 'deployer',
      source: { repoURL: server.url, interval: '5s', ...source },
      sync: { prune: true },
    },
  });
  const look = async (): Promise<Application | undefined> =>
    world.client.get<Application>(RESOURCES.applications, 'shop', namespace);
  return {
    world,
    server,
    is: (what, holds) =>
      until(
        `the Application to be ${what}`,
        async () => {
          const found = await look();
          return found !== undefined && holds(found.status ?? {}) ? found : undefined;
        },
        { every: 100, state: async () => (await look())?.status },
      ),
  };
}

async function makeWide(world: World): Promise<void> {
  const name = `${world.namespace}-wide`;
  const account = `--serviceaccount=${world.namespace}:deployer`;
  await world.kubectl('create', 'clusterrolebinding', name, '--clusterrole=cluster-admin', account);
  world.atEnd(() => world.kubectl('delete', 'clusterrolebinding', name));
}

/** The same chart by helm and kubectl into a namespace of its own; the objects that helm printed. */
async function byHand({ world, server }: Followed, { path, helm = {} }: ChartCase, namespace: string) {
  const checkout = join(server.directory, 'checkout');
  mkdirSync(checkout);
  execFileSync('sh', ['-c', `git archive main | tar -x -C ${checkout}`], { cwd: server.repository });
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
  await world.kubectl('create', 'namespace', namespace);
  world.atEnd(() => world.kubectl('delete', 'namespace', namespace, '--wait=false'));
  const access = ['--kubeconfig', KUBECONFIG, '-n', namespace];
  const applied = execute(KUBECTL, [...access, 'apply', '--server-side', '--force-conflicts', '-f', '-']);
  applied.child.stdin?.end(stdout);
  await applied;
  const documents = loadAll(stdout) as (KubeObject | null)[];
  return documents.flatMap((object) => {
    if (object === null) return [];
    return object.kind === 'List' ? (object['items'] as KubeObject[]) : [object];
  });
}

/** What is live of an object, without what the server and whoever applied it wrote down beside. */
async function live(world: World, namespace: string, { apiVersion, kind, metadata }: KubeObject): Promise<unknown> {
  const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const type = group === '' ? kind : `${kind}.${version}.${group}`;
  const text = await world.kubectl('get', type, metadata.name, '-n', namespace, '-o', 'json');
  const object = JSON.parse(text.replaceAll(namespace, 'NAMESPACE')) as KubeObject;
  const own = (record: Record<string, string> = {}): object =>
    Object.fromEntries(
      Object.entries(record).filter(([key]) => !/sluice\.dev\/|kubernetes\.io\/(revision|last-app)/.test(key)),
    );
  const { name, labels, annotations } = object.metadata;
  const { status: _status, metadata: _metadata, ...rest } = object;
  const spec = rest['spec'];
  if (kind === 'Service')
    for (const field of ['clusterIP', 'clusterIPs']) delete (spec as Record<string, unknown>)[field];
  return { ...rest, metadata: { name, labels: own(labels), annotations: own(annotations) } };
}

describe('a chart', () => {
  for (const chart of CHARTS)
    test(`${chart.name} is in the cluster as helm template and kubectl apply have it`, async (context) => {
      const { name, path, helm, wide, repository } = chart;
      const namespace = `helm-${name}`;
      const followed = await following(context, namespace, { path, ...(helm === undefined ? {} : { helm }) }, wide);
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
  const { world, server, is } = await following(context, 'helm-canary', { path: 'chart' });
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
