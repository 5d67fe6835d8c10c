// The rights that the chart gives are enough for all that the controller does, and no request goes beyond them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GOLDEN } from '../../scripts/chart.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import { ACTIVE, active, files, givenV2FromGit, judged } from './blue-green.ts';
import { Cluster } from './cluster.ts';
import { isReverted, promoted } from './given.ts';
import { application, IMAGE, shop } from './manifests.ts';

const RBAC = 'rbac.authorization.k8s.io';
let cluster: Cluster;

/** The cluster as the chart sets it up, with Sluice as its ServiceAccount. */
beforeEach(async () => {
  cluster = await Cluster.open();
  const { store } = cluster.server;
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'sluice-system' } };
  store.create({ group: '', kind: 'Namespace' }, namespace);
  for (const each of loadAll(readFileSync(join(GOLDEN, 'default.yaml'), 'utf8')) as KubeObject[])
    if (each?.apiVersion === `${RBAC}/v1`) store.create({ group: RBAC, kind: each.kind }, each);
  const groups = ['system:serviceaccounts', 'system:serviceaccounts:sluice-system'];
  cluster.token = cluster.server.tokenFor({ name: 'system:serviceaccount:sluice-system:sluice', groups });
});
afterEach(() => cluster.end());

describe('with the rights of the chart', () => {
  it('a release is promoted, and the next one, which is bad, is reverted: nothing is refused', async () => {
    cluster.push(shop('v1'), 'Deploy v1');
    cluster.create(application({ writeBack: { onAbort: 'None' } }));
    await cluster.start();
    await promoted(cluster, 'v1');
    cluster.push(shop('v2'), 'Deploy v2');
    await promoted(cluster, 'v2');
    cluster.prometheus.rates.set(IMAGE('v3'), 0.8);
    cluster.push(shop('v3', 'hello from v3'), 'Deploy v3');
    await cluster.until('v3 is taken back', () => isReverted(cluster, 'v2'));
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    expect(cluster.refused).toEqual([]);
  });

  it('a blue-green release with labels of its sides is switched, and taken back: nothing is refused', async () => {
    const shape = {
      blueGreen: {
        previewMetadata: { labels: { role: 'preview' } },
        activeMetadata: { labels: { role: 'active' } },
        postPromotionAnalysis: judged(ACTIVE),
      },
    };
    await givenV2FromGit(cluster, shape, { writeBack: { onAbort: 'None' } });
    cluster.prometheus.rates.set(IMAGE('v3'), 0.8);
    cluster.push(files('v3', shape), 'Deploy v3');
    await cluster.until('v3 is taken back', () => isReverted(cluster, 'v2'));
    expect([active(cluster), cluster.refused]).toEqual(['v2', []]);
  });

  it('a kind beyond the fixed list is refused by the API server too, and says so on the Application', async () => {
    const robot = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: robot, namespace: shop }\n';
    cluster.push({ ...shop('v1'), 'deploy/robot.yaml': robot }, 'Deploy v1 and a robot');
    cluster.create(application());
    await cluster.start();
    await cluster.until('it is refused', () => cluster.application().status?.phase === 'Failed');
    expect(cluster.server.store.get({ group: '', kind: 'ServiceAccount' }, 'robot', 'shop')).toBeUndefined();
  });

  it('an account that Sluice may not act as is named, with the Role that would let it', async () => {
    cluster.push(shop('v1'), 'Deploy v1');
    const declared = application() as { spec: object };
    cluster.create({ ...declared, spec: { ...declared.spec, serviceAccountName: 'deployer' } });
    await cluster.start();
    await cluster.until('it is refused', () => cluster.application().status?.phase === 'Failed');
    expect(cluster.application().status?.message).toMatch(
      /Sluice may not act as ServiceAccount deployer of namespace shop: the operator grants it by a Role there, .*resourceNames: \[deployer\], verbs: \[impersonate\]/,
    );
  });
});
