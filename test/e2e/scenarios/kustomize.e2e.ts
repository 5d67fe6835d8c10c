// Overlays rendered by kustomize itself: what the cluster holds afterwards is what kustomize and kubectl make of the same folder, and an
// image that an overlay changes is a release like any other.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dump } from 'js-yaml';
import { expect, test } from 'vitest';
import { rollout } from '../support/manifests.ts';
import { appliedByHand, checkedOut, following, live } from '../support/rendered.ts';
import { isHealthy, waitFor } from '../support/rollouts.ts';

const execute = promisify(execFile);

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api', labels: { app: 'api' } },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'api' } },
    template: {
      metadata: { labels: { app: 'api' } },
      spec: {
        containers: [
          {
            name: 'api',
            image: 'registry.example/api:1',
            env: [{ name: 'HOST', value: 'none' }],
            envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'access' } }],
          },
        ],
      },
    },
  },
};
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'api' },
  spec: { selector: { app: 'api' }, ports: [{ port: 80 }] },
};

/** Base, component, overlay: every feature in common use. */
const OVERLAY: Record<string, string> = {
  'base/deployment.yaml': dump(deployment),
  'base/service.yaml': dump(service),
  'base/kustomization.yaml': dump({ resources: ['deployment.yaml', 'service.yaml'] }),
  'components/monitored/kustomization.yaml': dump({
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    patches: [{ target: { kind: 'Service' }, path: 'scrape.yaml' }],
  }),
  'components/monitored/scrape.yaml': dump([
    { op: 'add', path: '/metadata/annotations', value: { 'example.com/scrape': 'true' } },
  ]),
  'overlays/production/kustomization.yaml': dump({
    resources: ['../../base'],
    components: ['../../components/monitored'],
    namePrefix: 'prod-',
    labels: [{ pairs: { tier: 'production' }, includeSelectors: true }],
    images: [{ name: 'registry.example/api', newTag: '2' }],
    configMapGenerator: [{ name: 'settings', literals: ['LEVEL=info'], files: ['motd=greeting.txt'] }],
    secretGenerator: [{ name: 'access', envs: ['access.env'] }],
    patches: [{ path: 'resources.yaml' }],
    replacements: [
      {
        source: { kind: 'Service', name: 'api', fieldPath: 'metadata.name' },
        targets: [
          {
            select: { kind: 'Deployment' },
            fieldPaths: ['spec.template.spec.containers.[name=api].env.[name=HOST].value'],
          },
        ],
      },
    ],
  }),
  'overlays/production/greeting.txt': 'Good morning,\n  production.\n',
  'overlays/production/access.env': 'TOKEN=not-a-secret\n',
  'overlays/production/resources.yaml': dump({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'api' },
    spec: { template: { spec: { containers: [{ name: 'api', resources: { limits: { memory: '64Mi' } } }] } } },
  }),
};

test('an overlay is in the cluster as kustomize build and kubectl apply have it', async (context) => {
  const path = 'overlays/production';
  const { world, server, is } = await following(context, 'kustomize', { path }, { flags: [] });
  server.commit('main', OVERLAY, 'Deploy');
  const { status } = await is('Synced', ({ phase }) => phase === 'Synced');
  const { stdout } = await execute('kustomize', ['build', join(checkedOut(server), path)]);
  const printed = await appliedByHand(world, stdout, 'kustomize-by-hand');
  expect(status?.rendering).toMatchObject({ tool: 'Kustomize' });
  expect(status?.resources?.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(
    printed.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort(),
  );
  for (const object of printed)
    expect(await live(world, 'kustomize', object)).toEqual(await live(world, 'kustomize-by-hand', object));
});

const overlayOf = (version: string): Record<string, string> => ({
  'base/rollout.yaml': dump(rollout({ steps: [{ setWeight: 50 }, { pause: {} }] }, { version: 'v0' })),
  'base/kustomization.yaml': dump({ resources: ['rollout.yaml'] }),
  'live/kustomization.yaml': dump({ resources: ['../base'], patches: [{ path: 'version.yaml' }] }),
  'live/version.yaml': dump(rollout({}, { version })),
});

test('a patch that changes the template is released step by step, and an abort holds it', async (context) => {
  const { world, server, is } = await following(context, 'kustomize-canary', { path: 'live' }, { flags: [] });
  server.commit('main', overlayOf('v1'), 'Deploy v1');
  await is('Synced', ({ phase }) => phase === 'Synced');
  await isHealthy(world);
  const commit = server.commit('main', overlayOf('v2'), 'Deploy v2');
  await waitFor(world, 'paused with v2', ({ phase, revision }) => phase === 'Paused' && revision?.commit === commit);
  await world.kubectl('annotate', 'rollout', 'web', 'sluice.dev/abort=not today');
  const held = await is('Held', ({ phase }) => phase === 'Held');
  expect(held.status?.holds).toMatchObject([{ rollout: { name: 'web' }, rejected: { commit } }]);
  await waitFor(world, 'v1 again', (_, { spec }) => JSON.stringify(spec.template).includes('"v1"'));
});
