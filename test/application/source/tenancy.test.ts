import { describe, expect, it } from 'vitest';
import type { Application } from '../../../src/api/application.ts';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { objectKey, refOf } from '../../../src/api/object-key.ts';
import type { DesiredObject } from '../../../src/application/source/desired.ts';
import { tenancyOf, tenancyProblems, userOf, type TenancySettings } from '../../../src/application/source/tenancy.ts';

const settings = (more: Partial<TenancySettings> = {}): TenancySettings => ({
  clusterApplications: [],
  crossNamespaceRoutes: [],
  ...more,
});

const application = (spec: Partial<Application['spec']> = {}): Application => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Application',
  metadata: { name: 'shop', namespace: 'shop' },
  spec: { source: { repoURL: 'https://git.example.com/shop.git' }, ...spec },
});

function desired(object: KubeObject, namespaced = true): DesiredObject {
  const ref = refOf(object);
  const source = { path: 'deploy/x.yaml', line: 7, document: 0, text: '' };
  return { key: objectKey(ref), ref, object, namespaced, hash: 'h', source };
}

const config = (metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'shop', ...metadata },
});

const rollout = (pod: Record<string, unknown>, canary: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { template: { spec: { containers: [], ...pod } }, strategy: { canary } },
});

const objections = (object: DesiredObject, app = application(), said = settings()): string[] =>
  tenancyProblems([object], tenancyOf(app, said)).map(({ message }) => message);

describe('An Application', () => {
  it('may declare objects of the fixed list in its own namespace without naming an account', () => {
    expect(objections(desired(config()))).toEqual([]);
    expect(objections(desired(rollout({})))).toEqual([]);
  });

  it('may not touch another namespace, nor what belongs to none, and is told who could allow it', () => {
    expect(objections(desired(config({ namespace: 'default' })))[0]).toMatch(
      /ConfigMap default\/settings: is in namespace default.*--cluster-applications/,
    );
    const role: KubeObject = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'x' },
    };
    expect(objections(desired(role, false))[0]).toMatch(/belongs to no namespace/);
  });

  it('reaches further only by the word of the operator, for it by name or for its whole namespace', () => {
    const other = desired(config({ namespace: 'default' }));
    const app = application({ serviceAccountName: 'platform' });
    expect(objections(other, app, settings({ clusterApplications: ['shop/shop'] }))).toEqual([]);
    expect(objections(other, app, settings({ clusterApplications: ['shop/*'] }))).toEqual([]);
    expect(objections(other, app, settings({ clusterApplications: ['shop/shopping', 'sho/*', '*'] }))).toHaveLength(1);
  });

  it('needs an account for any kind that is not on the fixed list, Secret and Application included', () => {
    for (const [apiVersion, kind] of [
      ['apps/v1', 'Deployment'],
      ['v1', 'Secret'],
      ['sluice.dev/v1alpha1', 'Application'],
      ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
      ['v1', 'ServiceAccount'],
    ] as const) {
      const object = desired({ apiVersion, kind, metadata: { name: 'x', namespace: 'shop' } });
      expect(objections(object)[0]).toMatch(/needs an account.*spec\.serviceAccountName/);
      expect(objections(object, application({ serviceAccountName: 'deployer' }))).toEqual([]);
      expect(objections(object, application(), settings({ defaultServiceAccount: 'deployer' }))).toEqual([]);
    }
  });

  it('may not give its pods another ServiceAccount than default where Sluice itself applies them', () => {
    for (const field of ['serviceAccountName', 'serviceAccount'])
      expect(objections(desired(rollout({ [field]: 'admin' })))[0]).toMatch(/ServiceAccount admin/);
    expect(objections(desired(rollout({ serviceAccountName: 'default' })))).toEqual([]);
    const named = application({ serviceAccountName: 'deployer' });
    expect(objections(desired(rollout({ serviceAccountName: 'admin' })), named)).toEqual([]);
  });

  it('acts as a ServiceAccount of its own namespace and of no other', () => {
    const said = settings({ defaultServiceAccount: 'deployer' });
    expect(userOf(tenancyOf(application(), said))).toBe('system:serviceaccount:shop:deployer');
    const named = application({ serviceAccountName: 'own' });
    expect(userOf(tenancyOf(named, said))).toBe('system:serviceaccount:shop:own');
    expect(userOf(tenancyOf(application(), settings()))).toBeUndefined();
  });
});

describe('Never taken from Git are', () => {
  const named = application({ serviceAccountName: 'deployer' });

  it('Secrets that Sluice itself relies on', () => {
    const secret: KubeObject = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'sluice-stable-web', namespace: 'shop' },
    };
    expect(objections(desired(secret), named)[0]).toMatch(/sluice-…/);
  });

  it("verbs, commands, holds, hashes and every other mark of Sluice's own", () => {
    for (const name of [
      'promote',
      'abort',
      'command',
      'held',
      'revision',
      'content-hash',
      'rejected',
      'owner',
      'anything',
    ])
      expect(objections(desired(config({ annotations: { [`sluice.dev/${name}`]: 'true' } })), named)[0]).toContain(
        `sluice.dev/${name}`,
      );
    expect(objections(desired(config({ labels: { 'sluice.dev/application': 'other' } })), named)).toHaveLength(1);
    expect(objections(desired(config({ annotations: { 'sluice.dev/prune': 'Disabled' } })), named)).toEqual([]);
  });

  it('the hash that tells revisions apart, in a selector or a subset', () => {
    const hash = { 'rollouts-pod-template-hash': 'abc' };
    const service: KubeObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'shop' },
      spec: { selector: hash },
    };
    const rule: KubeObject = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'd', namespace: 'shop' },
      spec: { subsets: [{ name: 'stable', labels: hash }] },
    };
    expect(objections(desired(service))[0]).toMatch(/take it out/);
    expect(objections(desired(rule))[0]).toMatch(/take it out/);
    const odd = { ...service, spec: { selector: { 'rollouts-pod-template-hash': 7 } } };
    expect(objections(desired(odd))[0]).toMatch(/take it out/);
    // Of the same name, and none of what a Rollout drives.
    const others = [
      { ...service, apiVersion: 'serving.knative.dev/v1' },
      { ...rule, apiVersion: 'mesh.example.com/v1' },
    ];
    expect(others.flatMap((other) => objections(desired(other), named))).toEqual([]);
  });

  it('what only the API server writes', () => {
    expect(objections(desired(config({ resourceVersion: '12', uid: 'u' })))).toHaveLength(2);
  });

  it('routes of another namespace, unless the operator allows that', () => {
    const canary = { trafficRouting: { istio: { virtualService: { name: 'web.team-b' } } } };
    expect(objections(desired(rollout({}, canary)))[0]).toMatch(/VirtualService team-b\/web.*--cross-namespace-routes/);
    expect(
      objections(desired(rollout({}, canary)), application(), settings({ crossNamespaceRoutes: ['shop'] })),
    ).toEqual([]);
    expect(
      objections(desired(rollout({}, canary)), application(), settings({ crossNamespaceRoutes: ['team-b'] })),
    ).toHaveLength(1);
  });

  it('routes of another namespace in an Application for the whole cluster, too: the Rollout’s namespace counts', () => {
    const canary = { trafficRouting: { istio: { virtualService: { name: 'web.team-b' } } } };
    const wide = { clusterApplications: ['shop/*'] };
    expect(objections(desired(rollout({}, canary)), application(), settings(wide))).toHaveLength(1);
    const allowed = settings({ ...wide, crossNamespaceRoutes: ['shop'] });
    expect(objections(desired(rollout({}, canary)), application(), allowed)).toEqual([]);
  });
});

it('Every objection names the file and the line', () => {
  const [problem] = tenancyProblems([desired(config({ namespace: 'x' }))], tenancyOf(application(), settings()));
  expect(problem).toMatchObject({ path: 'deploy/x.yaml', line: 7 });
});
