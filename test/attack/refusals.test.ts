import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { files, World } from '../application/agent-world.ts';
import { annotateConfig, commit, configMap, denial, find, imageOf, refuse, serving, wide } from './hostile.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.stop());

describe('what is refused', () => {
  it('a prune that is refused is told, tried rarely, and keeps nothing else from being corrected', async () => {
    await serving(world, { 'deploy/x.yaml': configMap('x') }, { sync: { prune: true } });
    world.server.intercept(({ method, path }) =>
      method === 'DELETE' && path.includes('/configmaps/x') ? denial(403, 'may not delete') : undefined,
    );
    commit(world, { 'deploy/x.yaml': null });
    await world.poll();
    expect(JSON.stringify(await world.status())).toContain('may not delete');
    await annotateConfig(world, 'web-config', { data: { mode: 'hand' } });
    await world.run(60_000);
    expect(await world.config()).toEqual({ mode: 'one' });
    await world.run(600_000);
    expect(world.requests.filter(({ method }) => method === 'DELETE').length).toBeLessThan(30);
  });

  it('a webhook that is down while a commit is tried does not keep drift of others from being put back', async () => {
    await serving(world);
    refuse(world, '/configmaps/o', denial(500, 'failed calling webhook "w": connection refused'), true);
    commit(world, { 'deploy/o.yaml': configMap('o') });
    await world.poll();
    await annotateConfig(world, 'web-config', { data: { mode: 'hand' } });
    await world.run(60_000);
    expect(await world.config()).toEqual({ mode: 'one' });
  });

  it('a webhook that is down for one object keeps no abort from going back while its commit is tried', async () => {
    await serving(world);
    commit(world, files('web:2', 'two'));
    await world.poll();
    refuse(world, '/configmaps/o', denial(500, 'failed calling webhook "w": connection refused'), true);
    commit(world, { 'deploy/o.yaml': configMap('o') });
    await world.poll();
    await world.abort('hash2', 'hash1');
    await world.run(60_000);
    expect(await imageOf(world)).toBe('web:1');
  });
});

describe('odd files', () => {
  it('a Rollout that a Deployment of the same pods replaces stays until that is available', async () => {
    wide(world);
    await serving(world, {}, { serviceAccountName: 'admin', sync: { prune: true } });
    const deployment = `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  selector: { matchLabels: { app: web } }\n  template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: web, image: 'web:1' }] } }\n`;
    commit(world, { 'deploy/web.yaml': `${configMap('web-config', 'mode: one')}---\n${deployment}` });
    await world.run(65_000);
    expect(find(world, 'Rollout', 'web', 'shop', 'sluice.dev')).toBeDefined();
    await world.client.patch(
      { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
      {
        name: 'web',
        namespace: 'shop',
        type: 'merge',
        subresource: 'status',
        body: {
          status: { observedGeneration: 1, replicas: 1, availableReplicas: 1, updatedReplicas: 1, readyReplicas: 1 },
        },
      },
    );
    await world.run(65_000);
    expect(find(world, 'Rollout', 'web', 'shop', 'sluice.dev')).toBeUndefined();
    expect(find(world, 'Deployment', 'web', 'shop', 'apps')).toBeDefined();
  });
});
