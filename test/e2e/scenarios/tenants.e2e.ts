// Two tenants, and a Sluice with just the rights that the chart gives it: whatever one tenant declares, the other does not notice.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadAll } from 'js-yaml';
import { expect, test, type TestContext } from 'vitest';
import type { Application } from '../../../src/api/application.ts';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import { GOLDEN } from '../../../scripts/chart.ts';
import { startGitServer } from '../../support/git-server.ts';
import { until } from '../cluster/until.ts';
import { accountKubeconfig, accountWith } from '../support/accounts.ts';
import { rollout, service } from '../support/manifests.ts';
import { filesOf, startRepository, type Repository } from '../support/repository.ts';
import { isHealthy } from '../support/rollouts.ts';
import { begin, type World } from '../support/world.ts';

/** The namespaces of the chart's variant `tenants`, by what they are called here. */
const NAMES: Record<string, string> = {
  'sluice-system': 'tenants-system',
  shop: 'tenants-shop',
  bank: 'tenants-bank',
};
const RBAC = 'rbac.authorization.k8s.io/v1';
const ALL = ['get', 'list', 'watch', 'create', 'patch', 'delete'];

interface Tenants {
  system: World;
  /** Lets itself be deployed by an account of the chart's making. */
  shop: World;
  /** Attacks; its account is its own, and it has no fixed list. */
  bank: World;
}

/** What the chart installs for its variant `tenants`: the rights and the accounts. */
function chartRights(): KubeObject[] {
  const text = readFileSync(join(GOLDEN, 'tenants.yaml'), 'utf8');
  const renamed = text.replace(
    /(namespace: )(sluice-system|shop|bank)\b/g,
    (_, key: string, name: string) => `${key}${NAMES[name] ?? name}`,
  );
  const objects = loadAll(renamed) as KubeObject[];
  return objects.filter((each) => each?.apiVersion === RBAC || each?.kind === 'ServiceAccount');
}

async function givenTenants(context: TestContext): Promise<Tenants> {
  const system = await begin(context, 'tenants-system', ['ownCluster']);
  const shop = await begin(context, 'tenants-shop');
  const bank = await begin(context, 'tenants-bank');
  await nothingIsGoing(system);
  system.atEnd(() =>
    system.kubectl('delete', 'clusterroles,clusterrolebindings', '-l', 'app.kubernetes.io/name=sluice'),
  );
  const rights = chartRights();
  for (const world of [system, shop, bank])
    await world.apply(...rights.filter(({ metadata }) => (metadata.namespace ?? 'tenants-system') === world.namespace));
  const rules = [
    { apiGroups: ['sluice.dev'], resources: ['rollouts', 'analysistemplates'], verbs: ALL },
    { apiGroups: [''], resources: ['configmaps', 'services', 'secrets'], verbs: ALL },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ALL },
  ];
  await bank.apply(...accountWith('tenants-bank', 'release', rules));
  // What the attacker would like to be, and may not.
  await bank.apply(...accountWith('tenants-bank', 'strong', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]));
  const directory = mkdtempSync(join(tmpdir(), 'sluice-tenants-'));
  system.atEnd(() => rmSync(directory, { recursive: true, force: true }));
  await system.controller({
    kubeconfig: await accountKubeconfig(directory, 'tenants-system', 'sluice'),
    leaderElect: true,
    leaseNamespace: 'tenants-system',
    more: ['--lease-name=sluice'],
  });
  return { system, shop, bank };
}

const configMap = (name: string, namespace?: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  data: { planted: 'by the bank' },
});

const canary = { steps: [{ setWeight: 50 }] };

function podsAs(serviceAccountName: string): object {
  const object = rollout(canary, { version: 'v1' }) as { spec: { template: { spec: object } } };
  Object.assign(object.spec.template.spec, { serviceAccountName });
  return object;
}

interface Attack {
  declares: object;
  /** Default `release`; null: none. */
  account?: string | null;
  /** What the status says of it. */
  refusal: RegExp;
}

const OUTSIDE = /this Application may only touch tenants-bank; only an operator can allow that/;
const NO_NAMESPACE = /belongs to no namespace, and this Application may only touch tenants-bank/;
const rule = (group: string, resource: string): RegExp =>
  new RegExp(
    `tenants-bank/release .*apiGroups: \\["${group}"\\], resources: \\[${resource}\\], verbs: \\[get, list, watch, create, patch, delete\\]`,
  );
const MAY_NOT_ACT = /may not act as ServiceAccount \w+ of namespace tenants-bank.*verbs: \[impersonate\]/;
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
const subjects = [{ kind: 'ServiceAccount', name: 'release', namespace: 'tenants-bank' }];

const ATTACKS: Record<string, Attack> = {
  'other-namespace': { declares: configMap('web-program', 'tenants-shop'), refusal: OUTSIDE },
  'kube-system': { declares: configMap('planted', 'kube-system'), refusal: OUTSIDE },
  'cluster-role-binding': {
    declares: { apiVersion: RBAC, kind: 'ClusterRoleBinding', metadata: { name: 'planted' }, roleRef, subjects },
    refusal: NO_NAMESPACE,
  },
  namespace: {
    declares: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tenants-shop', labels: { planted: 'yes' } } },
    refusal: NO_NAMESPACE,
  },
  'role-binding': {
    declares: { apiVersion: RBAC, kind: 'RoleBinding', metadata: { name: 'planted' }, roleRef, subjects },
    refusal: rule('rbac.authorization.k8s.io', 'rolebindings'),
  },
  application: {
    declares: {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Application',
      metadata: { name: 'planted' },
      spec: { serviceAccountName: 'strong', source: { repoURL: 'http://127.0.0.1:9/x.git', path: '' } },
    },
    refusal: rule('sluice.dev', 'applications'),
  },
  'strong-pods': {
    declares: podsAs('strong'),
    account: null,
    refusal: /ServiceAccount strong, which needs an account/,
  },
  deployment: {
    declares: { ...podsAs('strong'), apiVersion: 'apps/v1', kind: 'Deployment' },
    account: null,
    refusal: /needs an account: name a ServiceAccount of this namespace in the Application's spec.serviceAccountName/,
  },
  snapshot: {
    declares: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sluice-stable-web' }, stringData: { a: 'b' } },
    refusal: /Secrets called sluice-… are what Sluice itself relies on/,
  },
  promotion: {
    declares: {
      ...rollout(canary, { version: 'v1' }),
      metadata: { name: 'web', annotations: { 'sluice.dev/promote': 'full' } },
    },
    refusal: /the annotation sluice.dev\/promote cannot be declared/,
  },
  route: {
    declares: rollout(
      {
        ...canary,
        stableService: 'web-stable',
        canaryService: 'web-canary',
        trafficRouting: { istio: { virtualService: { name: 'web.tenants-shop' } } },
      },
      { version: 'v1' },
    ),
    refusal: /drives VirtualService tenants-shop\/web, of another namespace; only an operator can allow that/,
  },
  typo: {
    declares: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'planted' }, spec: { prots: [] } },
    refusal:
      /^typo\/.*:1: Service tenants-bank\/planted: .*\.spec\.prots: field not declared.* \(did you mean ports\?\)/,
  },
  number: {
    declares: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'planted' }, data: { size: 5 } },
    refusal: /\.data\.size: expected string/,
  },
  'account-of-another': { declares: configMap('planted'), account: 'deployer', refusal: MAY_NOT_ACT },
  'account-not-listed': { declares: configMap('planted'), account: 'strong', refusal: MAY_NOT_ACT },
  'no-account': {
    declares: configMap('planted'),
    account: null,
    refusal:
      /Sluice .*apiGroups: \[""\], resources: \[configmaps\], verbs: \[get, list, watch, create, patch, delete\]/,
  },
};

const application = (name: string, repoURL: string, account: string | null): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Application',
  metadata: { name },
  spec: {
    ...(account === null ? {} : { serviceAccountName: account }),
    source: { repoURL, targetRevision: 'main', path: name, interval: '5s' },
    sync: { prune: true, selfHeal: true },
  },
});

/** Everything outside of the attacker's namespace that could have been changed, with what tells a change. */
async function others({ system }: Tenants): Promise<string[]> {
  const by = (version: string): string =>
    `jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} {${version}}{"\\n"}{end}`;
  const versions = await system.kubectl(
    'get',
    'configmaps,secrets,roles,rolebindings,serviceaccounts,virtualservices',
    '-A',
    '-o',
    by('.metadata.resourceVersion'),
  );
  const generations = await system.kubectl(
    'get',
    'deployments,rollouts,applications,services',
    '-A',
    '-o',
    by('.metadata.generation'),
  );
  const wide = await system.kubectl(
    'get',
    'clusterroles,clusterrolebindings,customresourcedefinitions',
    '-o',
    by('.metadata.generation'),
  );
  const namespaces = await system.kubectl('get', 'namespaces', '-o', by('.metadata.labels'));
  return [versions, generations, wide, namespaces]
    .join('')
    .split('\n')
    .filter((line) => line !== '' && !line.includes(' tenants-bank/'))
    .sort();
}

/** Resolves when nothing of the scenarios before is still being deleted: it would be missing afterwards, by nobody's attack. */
async function nothingIsGoing(system: World): Promise<void> {
  const going = (): Promise<string> =>
    system.kubectl('get', 'namespaces', '-o', 'jsonpath={range .items[*]}{.metadata.deletionTimestamp}{end}');
  await until('what others left to be gone', async () => (await going()) === '', { every: 200 });
}

async function honest({ shop }: Tenants): Promise<Repository> {
  const repository = await startRepository(shop, { account: 'deployer', writeBack: { onAbort: 'None', notes: false } });
  await deploys(repository, 'v1', service('web'));
  await isHealthy(shop);
  return repository;
}

async function deploys(repository: Repository, version: string, ...more: object[]): Promise<void> {
  const token = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token' }, stringData: { version } };
  const commit = repository.declare(`Deploy ${version}`, token, rollout(canary, { version }), ...more);
  await repository.applicationIs(
    `at ${version}`,
    ({ phase, revision }) => phase === 'Synced' && revision?.commit === commit,
  );
}

async function statusOf({ client, namespace }: World, name: string): Promise<NonNullable<Application['status']>> {
  return (await client.get<Application>(RESOURCES.applications, name, namespace))?.status ?? {};
}

test('what the attacker declares is refused by name, and the other tenant goes on', async (context) => {
  const tenants = await givenTenants(context);
  const { shop, bank } = tenants;
  const repository = await honest(tenants);
  const before = await others(tenants);
  const attacker = await startGitServer();
  bank.atEnd(() => attacker.close());
  const folders = Object.entries(ATTACKS).flatMap(([name, { declares }]) =>
    Object.entries(filesOf(declares)).map(([path, text]) => [path.replace('deploy/', `${name}/`), text] as const),
  );
  attacker.commit('main', Object.fromEntries(folders), 'Attack');
  await bank.apply(
    ...Object.entries(ATTACKS).map(([name, { account = 'release' }]) => application(name, attacker.url, account)),
  );
  for (const [name, { refusal }] of Object.entries(ATTACKS)) {
    const isRefused = async (): Promise<boolean> => {
      const { phase, message = '' } = await statusOf(bank, name);
      return phase === 'Failed' && refusal.test(message);
    };
    await until(`${name} to be refused`, isRefused, { every: 50, within: 40_000, state: () => statusOf(bank, name) });
  }
  expect(await others(tenants)).toEqual(before);
  const names = 'configmaps,secrets,rollouts,deployments,rolebindings,applications';
  const left = await bank.kubectl('get', names, '-o', 'jsonpath={.items[*].metadata.name}');
  expect(left.split(' ')).not.toEqual(expect.arrayContaining(['planted']));
  expect(left.split(' ')).not.toEqual(expect.arrayContaining(['sluice-stable-web']));
  await deploys(repository, 'v2');
  await isHealthy(shop);
});

/** The form of a snapshot, sealed with a key of the attacker's own. */
function plantedSnapshot(): object {
  const object = configMap('web-program', 'tenants-shop');
  const revision = { commit: 'f'.repeat(40), subject: 'Planted', author: 'Mallory', date: '2026-01-01T00:00:00Z' };
  const payload = { revision, contentHash: 'x', sequence: 9, objects: [{ object, path: 'x.yaml', text: 'x' }] };
  const packed = gzipSync(JSON.stringify(payload)).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'sluice.dev/snapshot',
    metadata: { name: 'sluice-stable-web' },
    data: { snapshot: packed, seal: Buffer.alloc(32, 7).toString('base64') },
  };
}

test('a snapshot that a tenant has planted is not believed, and what it holds is not applied', async (context) => {
  const tenants = await givenTenants(context);
  const { bank } = tenants;
  await honest(tenants);
  const before = await others(tenants);
  await bank.apply(plantedSnapshot());
  const attacker = await startRepository(bank, { account: 'release', writeBack: { onAbort: 'None', notes: false } });
  attacker.declare('v1', rollout(canary, { version: 'v1' }));
  await isHealthy(bank);
  await attacker.applicationIs('Synced', ({ phase }) => phase === 'Synced');
  await bank.kubectl('delete', 'rollout', 'web');
  await isHealthy(bank);
  await attacker.applicationIs('Synced', ({ phase }) => phase === 'Synced');
  attacker.declare('v2', rollout(canary, { version: 'v2', env: { FAIL: '1' } }));
  await isHealthy(bank);
  await bank.kubectl('annotate', 'rollout', 'web', 'sluice.dev/abort=go back');
  await attacker.applicationIs('Synced', ({ phase }) => phase === 'Synced');
  expect(await others(tenants)).toEqual(before);
});
