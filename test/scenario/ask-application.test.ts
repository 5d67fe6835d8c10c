// What a person asks of an Application: to look now, to stand still, to go on.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Application } from '../../src/api/application.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import { askFor } from './asked.ts';
import { Cluster } from './cluster.ts';
import { application, IMAGE, shop } from './manifests.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
  cluster.push(shop('v1'), 'Deploy v1');
  cluster.create(application({ source: SOURCE }));
  await cluster.start();
  await cluster.until('v1 is applied', () => cluster.application().status?.phase === 'Synced' && isAt('v1'));
});
afterEach(() => cluster.end());

const SOURCE = { repoURL: 'https://git.example.com/acme/shop.git', path: 'deploy', interval: '1h' };
const isAt = (version: string): boolean => cluster.declaredImage() === IMAGE(version);
const phase = () => cluster.application().status?.phase;

describe('an Application', () => {
  it('looks at once when it is asked to', async () => {
    cluster.push(shop('v2'), 'Deploy v2');
    await cluster.run(60_000);
    expect(isAt('v1')).toBe(true);
    expect(await askFor(cluster, 'sync', 'shop')).toContain('Application shop/shop looks at its repository at once');
    await cluster.until('v2 is applied', () => isAt('v2'), 10_000);
    expect(cluster.application().metadata.annotations ?? {}).not.toHaveProperty('sluice.dev/sync');
  });

  it('stands still when it is asked to, says so, and goes on', async () => {
    expect(await askFor(cluster, 'suspend', 'shop')).toContain('Application shop/shop is suspended');
    await cluster.until('it is suspended', () => phase() === 'Suspended');
    expect(await askFor(cluster, 'suspend', 'app/shop')).toBe('Application shop/shop is suspended already');
    await expect(askFor(cluster, 'sync', 'shop')).rejects.toThrow(
      'Application shop/shop is suspended, and looks at nothing: sluice resume shop -n shop',
    );
    cluster.push(shop('v2'), 'Deploy v2');
    await cluster.run(7_200_000);
    expect(isAt('v1')).toBe(true);
    expect(await askFor(cluster, 'resume', 'shop')).toBe('Application shop/shop goes on');
    await cluster.until('v2 is applied', () => isAt('v2'));
    expect(await askFor(cluster, 'resume', 'shop')).toBe('Application shop/shop is not suspended');
    expect(cluster.application().spec).not.toHaveProperty('suspend');
  });

  it('that another one declares in Git is not suspended in the cluster, where that would be put back', async () => {
    const parent = application() as KubeObject;
    cluster.create({ ...parent, metadata: { ...parent.metadata, name: 'apps' } });
    cluster.edit<KubeObject>('Application', 'shop', ({ metadata }) => {
      metadata.annotations = { 'sluice.dev/owner': 'shop/apps/uid' };
    });
    await expect(askFor(cluster, 'suspend', 'shop')).rejects.toThrow(
      'Application shop/shop is itself declared in Git, by Application shop/apps, which would put this back: write spec.suspend: true there (https://git.example.com/acme/shop.git, below deploy)',
    );
    cluster.edit<KubeObject & Pick<Application, 'spec'>>('Application', 'apps', ({ spec }) => {
      spec.sync = { selfHeal: false };
    });
    expect(await askFor(cluster, 'suspend', 'shop')).toContain('is suspended');
  });

  it('that is not there is answered with one that is near', async () => {
    await expect(askFor(cluster, 'sync', 'shpo')).rejects.toThrow(
      'there is no Application shpo in namespace shop; did you mean shop?',
    );
    await expect(askFor(cluster, 'sync', 'rollout/web')).rejects.toThrow('rollout/web: an Application is asked for');
  });
});
