// Two Applications of one repository, of which one is to be ready before new content of the other is applied.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Application } from '../../src/api/application.ts';
import { Cluster } from './cluster.ts';
import { application, yaml } from './manifests.ts';
import { deployment, givenApplication, versionOf } from './ordering.ts';

const files = (version: string): Record<string, string> => ({
  'deploy/web.yaml': yaml(deployment('web', version)),
  'store/db.yaml': yaml(deployment('db', version)),
});
const source = (path: string): object => ({ repoURL: 'https://git.example.com/acme/shop.git', path, interval: '10s' });
const broken = 'registry.example.com/shop/db:v2';

describe('an Application that depends on another of its repository', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
    cluster.workloads.readyAfterMs = 2_000;
    await cluster.start();
    cluster.push(files('v1'), 'Deploy v1');
    givenApplication(cluster, { dependsOn: [{ name: 'store' }] });
  });
  afterEach(() => cluster.close());

  const store = (): Application | undefined => cluster.find<Application>('Application', 'store');
  const isReady = (app: Application | undefined): boolean =>
    app !== undefined && cluster.condition(app, 'Ready')?.['status'] === 'True';
  const givenStore = (): void => {
    const { spec } = application({ source: source('store'), serviceAccountName: 'deployer' }) as Application;
    cluster.create({ ...application(), metadata: { name: 'store', namespace: 'shop' }, spec });
  };
  async function givenV1(): Promise<void> {
    givenStore();
    await cluster.until('both are ready', () => isReady(cluster.application()) && isReady(store()));
  }

  it('waits for one that is yet to come', async () => {
    await cluster.until(
      'it waits',
      () => cluster.application().status?.message?.includes('which does not exist') ?? false,
    );
    expect(versionOf(cluster, 'web')).toBeUndefined();
    await givenV1();
    expect([versionOf(cluster, 'web'), versionOf(cluster, 'db')]).toEqual(['v1', 'v1']);
  });

  it('takes a commit that touches both once the other has taken it and is ready, in every order of looks', async () => {
    await givenV1();
    const seen: string[] = [];
    cluster.server.store.subscribe({ group: 'apps', kind: 'Deployment' }, () => {
      const now = `db ${versionOf(cluster, 'db') ?? '-'}, web ${versionOf(cluster, 'web') ?? '-'}`;
      if (seen.at(-1) !== now) seen.push(now);
    });
    for (const version of ['v2', 'v3', 'v4']) {
      cluster.push(files(version), `Deploy ${version}`);
      await cluster.until(`${version} is there`, () => versionOf(cluster, 'web') === version && isReady(store()));
    }
    const all = ['v1', 'v2', 'v3', 'v4'];
    const order = all
      .slice(1)
      .flatMap((version, i) => [`db ${version}, web ${all[i] ?? ''}`, `db ${version}, web ${version}`]);
    expect(seen.filter((now) => now !== 'db v1, web v1')).toEqual(order);
  });

  it('stays at what it has while the other is degraded, and goes on with the commit that mends it', async () => {
    await givenV1();
    cluster.workloads.broken.add(broken);
    cluster.push(files('v2'), 'Deploy v2');
    await cluster.until('the store is degraded', () => store()?.status?.health?.status === 'Degraded');
    expect(versionOf(cluster, 'web')).toBe('v1');
    expect(cluster.application().status?.message).toMatch(
      /waits for Application shop\/store to be ready; [0-9a-f]{7} stays applied$/,
    );
    cluster.push(files('v3'), 'Deploy v3');
    await cluster.until('v3 is ready', () => versionOf(cluster, 'web') === 'v3' && isReady(cluster.application()));
  });
});
