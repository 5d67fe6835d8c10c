// What the real API server makes of declared objects is no drift; what people make of them is, is named, and is put back.
import { HTTP_ROUTES } from '../../../src/traffic/gateway-api/http-route.ts';
import { VIRTUAL_SERVICES } from '../../../src/traffic/istio/virtual-service.ts';
import { expect, test, type TestContext } from 'vitest';
import type { KubeObject, Resource } from '../../../src/api/k8s.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import { until } from '../cluster/until.ts';
import { makeDeployer } from '../support/accounts.ts';
import { apiProxy, type ApiProxy } from '../support/api-proxy.ts';
import { httpRoute, podTemplate, service, virtualService } from '../support/manifests.ts';
import { startRepository, type Repository } from '../support/repository.ts';
import { begin, type World } from '../support/world.ts';

const DEPLOYMENTS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};
/** Looks at Git during which nothing may be written. */
const QUIET_LOOKS = 3;

const config = (version: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'web' },
  data: { version },
});

const deployment = (env: Record<string, string>): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: podTemplate({ version: 'v1', env }) },
});

/** Attached to one Gateway by two of its listeners. */
function twiceAttached(): object {
  const route = httpRoute('drift.gw.example.com', ['web']) as { spec: { parentRefs: object[] } };
  const [parent] = route.spec.parentRefs;
  const parentRefs = ['http', 'https'].map((sectionName) => ({ ...parent, sectionName }));
  return { ...route, spec: { ...route.spec, parentRefs } };
}

const DECLARED = [
  deployment({ TIER: 'gold', LEVEL: '3' }),
  service('web'),
  config('1.10'),
  virtualService('drift.example.com', [{ host: 'web' }]),
  twiceAttached(),
];

interface Followed {
  world: World;
  repository: Repository;
  proxy: ApiProxy;
}

async function givenSynced(context: TestContext, name: string, declared: object[] = DECLARED): Promise<Followed> {
  const world = await begin(context, name, ['gatewayApi']);
  const proxy = await apiProxy(world);
  await world.controller({ kubeconfig: proxy.kubeconfig });
  const account = await makeDeployer(world);
  const repository = await startRepository(world, { account, writeBack: { onAbort: 'None', notes: false } });
  const commit = repository.declare('Declare it', ...declared);
  await isSynced(repository, commit);
  return { world, repository, proxy };
}

const isSynced = (repository: Repository, commit: string): Promise<unknown> =>
  repository.applicationIs('Synced', ({ phase, revision }) => phase === 'Synced' && revision?.commit === commit);

async function quietLooks({ requests }: Repository): Promise<void> {
  const from = requests.length;
  await until('looks at Git', () => requests.length >= from + QUIET_LOOKS);
}

/** A question about what would be written writes nothing. */
const writesSince = ({ proxy }: Followed, at: number): string[] =>
  proxy
    .writesSince(at)
    .filter(({ path }) => !path.includes('dryRun=All') && !path.includes('/events'))
    .map(({ method, path }) => `${method} ${path}`);

test('what the API server fills in is no drift: nothing is written once it is synced', async (context) => {
  const followed = await givenSynced(context, 'drift-none');
  const { world, repository } = followed;
  await world.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  await quietLooks(repository);
  const quietSince = performance.now();
  await quietLooks(repository);
  expect(writesSince(followed, quietSince)).toEqual([]);
  const { status } = await repository.application();
  expect(status?.phase).toBe('Synced');
  expect(status?.drift ?? []).toEqual([]);
  expect(status?.resources?.map(({ kind, status: each }) => `${kind} ${each}`).sort()).toEqual([
    'ConfigMap Synced',
    'Deployment Synced',
    'HTTPRoute Synced',
    'Service Synced',
    'VirtualService Synced',
  ]);
});

const patch = (type: string, body: unknown): string[] => [`--type=${type}`, '-p', JSON.stringify(body)];
const ENV = '/spec/template/spec/containers/0/env';

interface Change {
  what: string;
  kubectl: string[];
  object: [Resource, string];
  /** What is named, as the status says it. */
  field: RegExp;
}

const { services, configMaps } = RESOURCES;
const STRAY = { name: 'stray', route: [{ destination: { host: 'nowhere' } }] };

const CHANGES: Change[] = [
  {
    what: 'a selector that is narrower',
    kubectl: ['patch', 'service', 'web', ...patch('merge', { spec: { selector: { tier: 'gold' } } })],
    object: [services, 'web'],
    field: /^spec\.selector\.tier \(by kubectl-patch\)$/,
  },
  {
    what: 'a route in front of the others',
    kubectl: ['patch', 'virtualservice', 'web', ...patch('json', [{ op: 'add', path: '/spec/http/0', value: STRAY }])],
    object: [VIRTUAL_SERVICES, 'web'],
    field: /^spec\.http.* \(by kubectl-patch\)$/,
  },
  {
    what: 'an environment variable that is gone',
    kubectl: ['patch', 'deployment', 'web', ...patch('json', [{ op: 'remove', path: `${ENV}/1` }])],
    object: [DEPLOYMENTS, 'web'],
    field: /^spec\.template\.spec\.containers\[web\]\.env/,
  },
  {
    what: 'a version that looks like the same number',
    kubectl: ['patch', 'configmap', 'web', ...patch('merge', { data: { version: '1.1' } })],
    object: [configMaps, 'web'],
    field: /^data\.version \(by kubectl-patch\)$/,
  },
  {
    what: 'a count of pods',
    kubectl: ['scale', 'deployment', 'web', '--replicas=2'],
    object: [DEPLOYMENTS, 'web'],
    field: /^spec\.replicas \(by kubectl\)$/,
  },
  {
    what: 'a parent that is gone',
    kubectl: ['patch', 'httproute', 'web', ...patch('json', [{ op: 'remove', path: '/spec/parentRefs/1' }])],
    object: [HTTP_ROUTES, 'web'],
    field: /^spec\.parentRefs \(by kubectl-patch\)$/,
  },
];

test('what people change is put back, and named with the field and who wrote it', async (context) => {
  const followed = await givenSynced(context, 'drift-changes');
  const { world, repository } = followed;
  const { client, namespace } = world;
  const specOf = async ([resource, name]: Change['object']): Promise<unknown> => {
    const object = await client.get<KubeObject>(resource, name, namespace);
    return object?.spec ?? object?.['data'];
  };
  for (const { what, kubectl, object, field } of CHANGES) {
    const before = JSON.stringify(await specOf(object));
    await world.kubectl(...kubectl);
    await until(`${what} to be put back`, async () => JSON.stringify(await specOf(object)) === before);
    const isNamed = (fields: readonly string[]): boolean => fields.some((each) => field.test(each));
    await repository.applicationIs(`naming ${what}`, ({ drift = [] }) =>
      drift.some(({ fields, action }) => action === 'Corrected' && isNamed(fields)),
    );
  }
  const { status } = await repository.applicationIs('Synced', ({ phase }) => phase === 'Synced');
  expect(status?.drift?.map(({ kind }) => kind).sort()).toEqual(CHANGES.map(({ object }) => object[0].kind).sort());
});

test('what people add beside it is shown, and stays', async (context) => {
  const followed = await givenSynced(context, 'drift-foreign');
  const { world, repository } = followed;
  await world.kubectl('label', 'configmap', 'web', 'team=shop');
  await repository.applicationIs(
    'showing the label',
    ({ phase, resources = [] }) =>
      phase === 'Synced' &&
      resources.some(({ foreign = [] }) => foreign.some((each) => each === 'kubectl-label: metadata.labels.team')),
  );
  await quietLooks(repository);
  const labels = await world.kubectl('get', 'configmap', 'web', '-o', 'jsonpath={.metadata.labels.team}');
  expect(labels).toBe('shop');
  expect((await repository.application()).status?.drift ?? []).toEqual([]);
});

test('what kubectl apply made earlier loses a field when Git does', async (context) => {
  const world = await begin(context, 'drift-adopted');
  const { kubectl } = world;
  await world.controller();
  await world.apply(deployment({ TIER: 'gold' }), config('1.10'));
  const account = await makeDeployer(world);
  const repository = await startRepository(world, { account, writeBack: { onAbort: 'None', notes: false } });
  const names = (): Promise<string> =>
    kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].env[*].name}');
  await isSynced(repository, repository.declare('As it is', deployment({ TIER: 'gold' }), config('1.10')));
  expect(await names()).toBe('VERSION TIER POD_NAME PROGRAM');
  const bare = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web' }, data: { other: 'x' } };
  await isSynced(repository, repository.declare('Less', deployment({}), bare));
  expect(await names()).toBe('VERSION POD_NAME PROGRAM');
  expect(JSON.parse(await kubectl('get', 'configmap', 'web', '-o', 'jsonpath={.data}'))).toEqual({ other: 'x' });
});
