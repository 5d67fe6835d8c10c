// A Rollout stops driving its Services, in each of the ways it can: the pod hash leaves their selectors, and no request notices.
import { describe, expect, test, type TestContext } from 'vitest';
import { RESOURCES, POD_TEMPLATE_HASH } from '../../../src/api/names.ts';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { until } from '../cluster/until.ts';
import { makeDeployer } from '../support/accounts.ts';
import { istioCanary, istioRoutes, podTemplate, rollout } from '../support/manifests.ts';
import { filesOf, startRepository, type Repository } from '../support/repository.ts';
import { isHealthy, isPausedAt, read, waitFor } from '../support/rollouts.ts';
import { versionOf } from '../support/shop.ts';
import { tally, type Traffic } from '../support/traffic.ts';
import { begin, type World } from '../support/world.ts';

const SERVICES = ['web-stable', 'web-canary'];
const STEPS = [{ setWeight: 50 }, { pause: {} }];
const CANARY = { ...istioCanary, steps: STEPS, scaleDownDelaySeconds: 1 };

interface Driven {
  world: World;
  repository: Repository;
  traffic: Traffic;
}

/** v1 is declared in Git, and serves; its Services select it by its hash. */
async function givenV1(context: TestContext, name: string): Promise<Driven> {
  const world = await begin(context, name, ['gateway']);
  const host = `${name}.example.com`;
  await world.controller();
  const account = await makeDeployer(world);
  const repository = await startRepository(world, { account, writeBack: { onAbort: 'None', notes: false } });
  repository.declare('v1', ...istioRoutes(host), rollout(CANARY, { version: 'v1' }));
  await isHealthy(world);
  for (const service of SERVICES) expect(await hashIn(world, service)).toBeDefined();
  const traffic = world.traffic(host);
  await traffic.works();
  return { world, repository, traffic };
}

async function hashIn({ client, namespace }: World, name: string): Promise<string | undefined> {
  const service = await client.get<KubeObject>(RESOURCES.services, name, namespace);
  const { selector = {} } = (service?.spec ?? {}) as { selector?: Record<string, string> };
  expect(selector).toMatchObject({ app: 'web' });
  return selector[POD_TEMPLATE_HASH];
}

/** Both select pods by what Git declares, and nothing else. */
async function areHandedBack(world: World): Promise<void> {
  for (const service of SERVICES)
    await until(`${service} to be handed back`, async () => (await hashIn(world, service)) === undefined);
}

const deployment = (version: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: podTemplate({ version }) },
});

const podsOf = ({ kubectl }: World): Promise<string> => kubectl('get', 'pods', '-o', 'name');

/** What came back that is no answer of the service; nothing is what shall be. */
async function failures({ traffic }: Driven): Promise<Record<string, number>> {
  await traffic.stop();
  expect(traffic.sent.length).toBeGreaterThan(0);
  return tally(traffic.failed);
}

/** Git declares a Deployment of the same pods instead, which takes over. */
async function isReplaced({ world, repository, traffic }: Driven): Promise<void> {
  const files = { ...filesOf(deployment('v2')), 'deploy/rollout-web.yaml': null };
  const commit = repository.commit('main', files, 'A Deployment instead');
  await repository.applicationIs(
    'Synced',
    ({ phase, revision, resources = [] }) =>
      phase === 'Synced' && revision?.commit === commit && !resources.some(({ kind }) => kind === 'Rollout'),
  );
  await areHandedBack(world);
  expect(await world.kubectl('get', 'rollouts', '-o', 'name')).toBe('');
  await until('the pods of the Rollout to go', async () => (await podsOf(world)).trim().split('\n').length === 2);
  await traffic.settles('v2', 100);
}

describe('a Rollout that Git replaces by a Deployment with the same labels', () => {
  test('at rest: the Deployment serves, and no request fails', async (context) => {
    const driven = await givenV1(context, 'replaced');
    await isReplaced(driven);
    expect(await failures(driven)).toEqual({});
  });

  test('in the middle of a canary: the Deployment serves, and no request fails', async (context) => {
    const driven = await givenV1(context, 'replaced-canary');
    driven.repository.declare('v3', rollout(CANARY, { version: 'v3' }));
    await isPausedAt(driven.world, 1);
    await isReplaced(driven);
    expect(await failures(driven)).toEqual({});
  });
});

describe('a strategy that drops its router and its Services together with a new image', () => {
  const plain = { steps: [{ setWeight: 50 }], maxUnavailable: 0, maxSurge: 1 };

  async function isDropped({ world, repository, traffic }: Driven): Promise<void> {
    repository.declare('v2, without a router', rollout(plain, { version: 'v2' }));
    await waitFor(world, 'healthy with v2', (s, r) => s.phase === 'Healthy' && versionOf(r) === 'v2');
    await areHandedBack(world);
    await traffic.settles('v2', 100);
    await repository.applicationIs('Synced', ({ phase }) => phase === 'Synced');
  }

  test('at rest: it is released, and no request fails', async (context) => {
    const driven = await givenV1(context, 'dropped');
    await isDropped(driven);
    expect(await failures(driven)).toEqual({});
  });

  test('in the middle of a canary: it is released, and no request fails', async (context) => {
    const driven = await givenV1(context, 'dropped-canary');
    driven.repository.declare('v3', rollout(CANARY, { version: 'v3' }));
    await isPausedAt(driven.world, 1);
    await isDropped(driven);
    expect(await failures(driven)).toEqual({});
  });
});

describe('a Rollout that is deleted by hand', () => {
  test('leaves Services behind that select pods by their own labels', async (context) => {
    const world = await begin(context, 'deleted', ['gateway']);
    await world.controller();
    await world.apply(...istioRoutes('deleted.example.com'), rollout(CANARY, { version: 'v1' }));
    await isHealthy(world);
    await world.apply(rollout(CANARY, { version: 'v2' }));
    await isPausedAt(world, 1);
    expect((await read(world)).status?.weight).toBe(50);
    await world.kubectl('delete', 'rollout', 'web');
    await areHandedBack(world);
    const route = await world.kubectl('get', 'virtualservice', 'web', '-o', 'jsonpath={.spec.http[0].route[*].weight}');
    expect(route).toBe('100 0');
    const marks = await world.kubectl('get', 'virtualservice', 'web', '-o', 'jsonpath={.metadata.annotations}');
    expect(marks).not.toContain('sluice.dev/driven-by');
    // What a person puts in its place is reached.
    const traffic = world.traffic('deleted.example.com');
    await world.apply(deployment('v3'));
    await traffic.works();
    expect(await traffic.share('v3', 400)).toBe(100);
    await traffic.stop();
    expect(traffic.failed).toEqual([]);
  });
});
