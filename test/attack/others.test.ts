import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RESOURCES } from '../../src/api/names.ts';
import { files, World } from '../application/agent-world.ts';
import {
  NAMESPACE,
  annotateConfig,
  commit,
  configMap,
  denial,
  find,
  forge,
  imageOf,
  plant,
  refuse,
  say,
  serving,
  statusOf,
  wide,
} from './hostile.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.stop());

describe('others', () => {
  it('a Namespace that leaves Git is kept while it holds one object of somebody', async () => {
    wide(world);
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'deploy/ns.yaml': NAMESPACE });
    await world.application({ serviceAccountName: 'admin', sync: { prune: true } });
    await world.start();
    plant(world, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'precious', namespace: 'team' } });
    commit(world, { 'deploy/ns.yaml': null });
    await world.run(200_000);
    expect(find(world, 'Secret', 'precious', 'team')).toBeDefined();
    expect(JSON.stringify((await world.status()).resources)).toContain('precious');
  });

  it('what was aborted while the Application is suspended goes back when it is resumed', async () => {
    await serving(world);
    commit(world, files('web:2', 'two'));
    await world.poll();
    await say(world, { suspend: true });
    await world.run();
    await world.abort('hash2', 'hash1');
    await world.poll();
    expect(await world.status()).toMatchObject({ phase: 'Suspended' });
    await say(world, { suspend: false });
    await world.poll();
    expect(await imageOf(world)).toBe('web:1');
  });

  it('a suspended Application does not say that it is in sync', async () => {
    await serving(world);
    await say(world, { suspend: true });
    await world.run();
    await annotateConfig(world, 'web-config', { data: { mode: 'hand' } });
    await world.poll();
    expect(await world.status()).toMatchObject({ phase: 'Suspended' });
    expect((await world.status()).conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
  });

  it('a return forged into the status ends by itself', async () => {
    await serving(world);
    const stable = (await world.status()).revision;
    await forge(world, {
      returns: [
        { rollout: { namespace: 'shop', name: 'web' }, stable, since: '2026-01-01T00:00:00Z' },
        { rollout: { namespace: 'kube-system', name: 'x' }, stable, since: '2026-01-01T00:00:00Z' },
      ],
    });
    await world.poll();
    expect((await world.status()).returns ?? []).toEqual([]);
    expect(await world.status()).toMatchObject({ phase: 'Synced' });
  });

  it('a record forged to say that all is applied does not hide what is not', async () => {
    await serving(world);
    await annotateConfig(world, 'web-config', { data: { mode: 'hand' } });
    await forge(world, { phase: 'Synced', message: 'all is well', drift: [], conditions: [] });
    await world.poll();
    expect(await world.config()).toEqual({ mode: 'one' });
    expect((await world.status()).message).toContain('is applied');
  });

  it('an object that another Application owns and drops badly (deleted with its Application) is taken, not lost', async () => {
    commit(world, { 'deploy/x.yaml': configMap('x'), 'other/x.yaml': configMap('x', 'a: c') });
    await world.application({ sync: { prune: true } });
    await world.application({ source: { repoURL: 'https://git.example.com/shop.git', path: 'other' } }, 'other');
    await world.start();
    await world.poll();
    const uid = find(world, 'ConfigMap', 'x')?.metadata.uid;
    await world.client.delete(RESOURCES.applications, 'shop', 'shop');
    await world.run(120_000);
    expect(find(world, 'ConfigMap', 'x')?.metadata.uid).toBe(uid);
    expect(find(world, 'ConfigMap', 'x')?.['data']).toEqual({ a: 'c' });
    expect((await statusOf(world, 'other')).phase).toBe('Synced');
  });

  it('an object made anew by hand under a name that has left Git is not deleted', async () => {
    await serving(world, { 'deploy/x.yaml': configMap('x') }, { sync: { prune: false } });
    commit(world, { 'deploy/x.yaml': null });
    await world.poll();
    const old = find(world, 'ConfigMap', 'x');
    await world.client.delete(RESOURCES.configMaps, 'x', 'shop');
    const { labels, annotations } = old?.metadata ?? {};
    plant(world, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'x',
        namespace: 'shop',
        ...(labels ? { labels } : {}),
        ...(annotations ? { annotations } : {}),
      },
    });
    await say(world, { sync: { prune: true } });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'x')).toBeDefined();
  });

  it('an object of a commit that was put back is not left behind, nor is what that commit removed', async () => {
    await serving(world, { 'deploy/x.yaml': configMap('x') }, { sync: { prune: true } });
    refuse(world, '/services/s', denial(403, 'exceeded quota: services'), false);
    const service =
      'apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { selector: { app: x }, ports: [{ port: 80 }] }\n';
    commit(world, { 'deploy/x.yaml': null, 'deploy/y.yaml': configMap('y'), 'deploy/s.yaml': service });
    await world.run(90_000);
    expect(find(world, 'ConfigMap', 'x')).toBeDefined();
    expect(find(world, 'ConfigMap', 'y')).toBeUndefined();
    expect((await world.status()).phase).toBe('Failed');
  });
});
