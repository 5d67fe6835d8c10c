// What the chart's roles let the controller do, asked of an API server that judges by them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load, loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { GOLDEN } from '../../scripts/chart.ts';
import type { KubeObject, Resource } from '../../src/api/k8s.ts';
import { RESOURCES } from '../../src/api/names.ts';
import { actingAs, serviceAccountUser } from '../../src/kube/acting-as.ts';
import { kubeClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { DRIVEN_KINDS } from '../../src/traffic/modules.ts';
import { createApiServer, type ApiServer } from 'kube-sandbox/api-server';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

const RBAC = 'rbac.authorization.k8s.io';
const SLUICE = { name: 'system:serviceaccount:sluice-system:sluice', groups: ['system:serviceaccounts'] };

interface Rule {
  apiGroups: string[];
  resources: string[];
}

interface World {
  server: ApiServer;
  /** As the controller's ServiceAccount. */
  sluice: KubeClient;
}

/** A cluster with the roles of a variant of the chart, its tenants' namespaces, and one that is nobody's. */
function clusterWith(variant: string): World {
  const clock = new VirtualClock();
  const server = createApiServer({ clock });
  const manifests = loadAll(readFileSync(join(GOLDEN, `${variant}.yaml`), 'utf8')) as KubeObject[];
  for (const name of ['sluice-system', 'shop', 'bank', 'platform', 'elsewhere'])
    server.store.create({ group: '', kind: 'Namespace' }, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const each of manifests) {
    if (each?.kind === 'ServiceAccount') server.store.create({ group: '', kind: each.kind }, each);
    if (each?.apiVersion === `${RBAC}/v1`) server.store.create({ group: RBAC, kind: each.kind }, each);
  }
  const transport = server.transport('sluice', server.tokenFor(SLUICE));
  return { server, sluice: kubeClient({ transport, version: '1', clock }) };
}

/** `verb group/resource[/subresource] [namespace] [name]`; a dot stands for all namespaces. */
async function may(client: KubeClient, question: string): Promise<boolean> {
  const [verb, what = '', namespace = '.', name] = question.split(' ');
  const [group, resource, subresource] = what.split('/');
  const place = namespace === '.' ? {} : { namespace };
  const spec = { resourceAttributes: { verb, group, resource, subresource, name, ...place } };
  const answer = await client.raw({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec }),
  });
  return (JSON.parse(answer.body) as { status: { allowed: boolean } }).status.allowed;
}

async function answers(client: KubeClient, questions: string[]): Promise<string[]> {
  const all = await Promise.all(questions.map((question) => may(client, question)));
  return questions.filter((_, i) => all[i] === true);
}

/** What no variant lets the controller do by itself, wherever. */
const NEVER = [
  'list /secrets .',
  'watch /secrets .',
  'list /secrets shop',
  'list /secrets sluice-system',
  'patch apps/deployments shop',
  'create apps/deployments shop',
  'patch apps/deployments sluice-system sluice',
  'create /pods shop',
  'delete /pods shop',
  'create /pods/exec shop',
  'create /serviceaccounts shop',
  'create /serviceaccounts/token sluice-system sluice',
  'create /namespaces .',
  'delete /namespaces shop',
  'create apiextensions.k8s.io/customresourcedefinitions .',
  'create rbac.authorization.k8s.io/clusterrolebindings .',
  'create rbac.authorization.k8s.io/rolebindings shop',
  'escalate rbac.authorization.k8s.io/clusterroles .',
  'bind rbac.authorization.k8s.io/clusterroles .',
  'create sluice.dev/applications shop',
  'update sluice.dev/applications shop',
  'delete sluice.dev/applications shop',
  'create sluice.dev/clusteranalysistemplates .',
  'impersonate /users . admin',
  'impersonate /groups . system:masters',
  'impersonate /serviceaccounts . deployer',
  'impersonate /serviceaccounts elsewhere deployer',
  'impersonate /serviceaccounts shop default',
  'impersonate /serviceaccounts sluice-system sluice',
  'impersonate /serviceaccounts kube-system admin',
];

/** What it drives, in every namespace. */
const DRIVES = [
  'watch sluice.dev/rollouts .',
  'patch sluice.dev/rollouts/status elsewhere',
  'create sluice.dev/analysisruns elsewhere',
  'watch sluice.dev/applications .',
  'patch sluice.dev/applications/status elsewhere',
  'create apps/replicasets elsewhere',
  'delete apps/replicasets elsewhere',
  'create /pods/eviction elsewhere',
  'patch /services elsewhere',
  'patch networking.istio.io/virtualservices elsewhere',
  'patch gateway.networking.k8s.io/httproutes elsewhere',
  'watch autoscaling/horizontalpodautoscalers .',
  'create /events elsewhere',
  'create coordination.k8s.io/leases sluice-system',
  'update coordination.k8s.io/leases sluice-system sluice',
  'create /secrets sluice-system',
  'get /secrets sluice-system sluice-snapshot-key',
];

const fixedList = (namespace: string): string[] => [
  `create sluice.dev/rollouts ${namespace}`,
  `create sluice.dev/experiments ${namespace}`,
  `create /configmaps ${namespace}`,
  `watch /configmaps ${namespace}`,
  `delete /services ${namespace}`,
  `create networking.istio.io/destinationrules ${namespace}`,
  `create policy/poddisruptionbudgets ${namespace}`,
  `create autoscaling/horizontalpodautoscalers ${namespace}`,
  `create batch/jobs ${namespace}`,
  `delete batch/jobs ${namespace}`,
];

describe.each(['default', 'tenants', 'cluster'])('set up as %s, the controller', (variant) => {
  it('drives Rollouts everywhere', async () => {
    expect(await answers(clusterWith(variant).sluice, DRIVES)).toEqual(DRIVES);
  });

  it('lists no Secrets, changes no workload of others, grants no rights, and is nobody else', async () => {
    expect(await answers(clusterWith(variant).sluice, NEVER)).toEqual([]);
  });

  it('reads the key of its snapshots, and is refused all Secrets', async () => {
    const { sluice } = clusterWith(variant);
    expect(await sluice.get(RESOURCES.secrets, 'sluice-snapshot-key', 'sluice-system')).toBeUndefined();
    await expect(sluice.list(RESOURCES.secrets)).rejects.toMatchObject({ status: 403 });
  });
});

describe('without tenants', () => {
  it('the fixed list may be applied anywhere, and Secrets are read by name', async () => {
    const { sluice } = clusterWith('default');
    const questions = [...fixedList('elsewhere'), 'get /secrets elsewhere git', 'create /secrets elsewhere'];
    expect(await answers(sluice, questions)).toEqual(questions);
    expect(await answers(sluice, ['impersonate /serviceaccounts shop deployer'])).toEqual([]);
  });
});

describe('with tenants', () => {
  it('the fixed list may be applied in their namespaces only, and not where they refuse it', async () => {
    const { sluice } = clusterWith('tenants');
    expect(await answers(sluice, fixedList('shop'))).toEqual(fixedList('shop'));
    for (const namespace of ['elsewhere', 'bank', 'sluice-system']) {
      const changes = fixedList(namespace).filter((question) => !question.startsWith('watch'));
      expect(await answers(sluice, [...changes, `watch /configmaps ${namespace}`])).toEqual([]);
    }
  });

  it('Secrets are read by name in their namespaces only', async () => {
    const questions = ['get /secrets shop git', 'get /secrets bank git', 'get /secrets elsewhere git'];
    expect(await answers(clusterWith('tenants').sluice, questions)).toEqual(questions.slice(0, 2));
  });

  it('their ServiceAccounts, and no others, may be impersonated', async () => {
    const accounts = ['shop deployer', 'bank release', 'bank release-canary', 'bank deployer', 'shop release', 'platform deployer'];
    const questions = accounts.map((account) => `impersonate /serviceaccounts ${account}`);
    expect(await answers(clusterWith('tenants').sluice, questions)).toEqual(questions.slice(0, 3));
  }); // prettier-ignore

  it('an account that the chart made deploys in its namespace, and nowhere else', async () => {
    const { sluice } = clusterWith('tenants');
    const deployer = actingAs(sluice, serviceAccountUser('shop', 'deployer'));
    const here = [
      'create apps/deployments shop',
      'create /secrets shop',
      'watch /configmaps shop',
      'patch /services shop',
    ];
    expect(await answers(deployer, here)).toEqual(here);
    const away = [
      'create apps/deployments bank',
      'get /secrets elsewhere',
      'create rbac.authorization.k8s.io/roles shop',
      'create rbac.authorization.k8s.io/rolebindings shop',
      'impersonate /serviceaccounts shop deployer',
      'create sluice.dev/applications shop',
      'create /namespaces .',
      'create /pods/exec shop',
    ];
    expect(await answers(deployer, away)).toEqual([]);
  });

  it('an apply as their account is judged by its rights, and the refusal names it', async () => {
    const { sluice } = clusterWith('tenants');
    const deployer = actingAs(sluice, serviceAccountUser('shop', 'deployer'));
    const apply = (client: KubeClient, namespace: string): Promise<unknown> => {
      const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace }, data: {} };
      const at = { name: 'db', namespace, type: 'apply', fieldManager: 'sluice-agent', body } as const;
      return client.patch(RESOURCES.secrets, at).catch((error: unknown) => (error as Error).message);
    };
    expect(await apply(deployer, 'shop')).toMatchObject({ metadata: { name: 'db' } });
    expect(await apply(deployer, 'bank')).toContain(
      'secrets "db" is forbidden: User "system:serviceaccount:shop:deployer" cannot patch resource "secrets" in API group "" in the namespace "bank"',
    );
    expect(await apply(actingAs(sluice, serviceAccountUser('elsewhere', 'deployer')), 'shop')).toContain(
      'serviceaccounts "deployer" is forbidden: User "system:serviceaccount:sluice-system:sluice" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "elsewhere"',
    );
  });
});

describe('in one namespace', () => {
  it('the controller drives and applies there, and sees nothing else but cluster-wide templates', async () => {
    const { sluice } = clusterWith('namespaced');
    const home = ['watch sluice.dev/rollouts sluice-system', ...fixedList('sluice-system')];
    expect(await answers(sluice, home)).toEqual(home);
    const away = [
      'watch sluice.dev/rollouts .',
      'get sluice.dev/rollouts shop',
      ...fixedList('shop'),
      'get /secrets shop',
    ];
    expect(await answers(sluice, [...away, ...NEVER])).toEqual([]);
    expect(await answers(sluice, ['list sluice.dev/clusteranalysistemplates .'])).toHaveLength(1);
  });
});

describe('what a deployer may do by default', () => {
  it('has every kind that a Rollout drives', () => {
    const file = fileURLToPath(new URL('../../charts/sluice/values.yaml', import.meta.url));
    const { agent } = load(readFileSync(file, 'utf8')) as { agent: { deployerRules: Rule[] } };
    const isAllowed = ({ group, plural }: Resource): boolean =>
      agent.deployerRules.some(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(plural));
    expect(DRIVEN_KINDS.filter(({ resource }) => !isAllowed(resource))).toEqual([]);
  });
});
