import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { files, World } from '../application/agent-world.ts';
import { RESOURCES } from '../../src/api/names.ts';
import { annotateConfig, commit, configMap, denial, find, forge, imageOf, refuse, say, serving } from './hostile.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.stop());

describe('one bad object', () => {
  it('that fails after a clean dry run puts the commit back', async () => {
    await serving(world);
    refuse(world, '/configmaps/full', denial(403, 'exceeded quota: configmaps'), false);
    commit(world, { ...files('web:2', 'two'), 'deploy/full.yaml': configMap('full') });
    await world.run(60_000);
    expect(await world.config()).toEqual({ mode: 'one' });
    expect(await imageOf(world)).toBe('web:1');
    expect(await world.status()).toMatchObject({ phase: 'Failed', message: expect.stringContaining('exceeded quota') });
  });

  it('with a generateName, or an immutable field changed, refuses the commit by name and leaves the rest as it is', async () => {
    await serving(world, { 'deploy/i.yaml': `${configMap('i')}immutable: true\n` });
    commit(world, { 'deploy/g.yaml': configMap('x').replace('name: x', 'generateName: x-') });
    await world.poll();
    expect((await world.status()).message).toContain('deploy/g.yaml');
    commit(world, { 'deploy/g.yaml': null, 'deploy/i.yaml': `${configMap('i', 'a: c')}immutable: true\n` });
    await world.poll();
    expect((await world.status()).message).toContain('deploy/i.yaml');
    expect(find(world, 'ConfigMap', 'i')?.['data']).toEqual({ a: 'b' });
    await annotateConfig(world, 'web-config', { data: { mode: 'hand' } });
    await world.run(2_000);
    expect(await world.config()).toEqual({ mode: 'one' });
  });
});

describe('forged marks and records', () => {
  it('annotations of 10 KB and invalid JSON are put right, and an abort still goes back', async () => {
    await serving(world);
    commit(world, files('web:2', 'two'));
    await world.poll();
    const annotations = {
      'sluice.dev/revision': '{"commit":',
      'sluice.dev/held': 'x'.repeat(10_000),
      'sluice.dev/owner': 'shop/other/1',
    };
    await world.client.patch(RESOURCES.rollouts, {
      name: 'web',
      namespace: 'shop',
      type: 'merge',
      body: { metadata: { annotations } },
    });
    await world.abort('hash2', 'hash1');
    await world.run(60_000);
    expect(await imageOf(world)).toBe('web:1');
    expect((await world.rollout()).metadata.annotations?.['sluice.dev/owner']).toMatch(/^shop\/shop\//);
  });

  it('a hold forged into the status does not wedge the Application, and goes when Git moves on', async () => {
    await serving(world);
    const hold = {
      rollout: { namespace: 'kube-system', name: 'x' },
      rejected: { commit: 'f'.repeat(40), repo: 'x', author: 'x', subject: 'x' },
      contentHash: 'x',
      objects: [{ group: '', version: 'v1', kind: 'Secret', namespace: 'kube-system', name: 'x', hash: 'x' }],
      reason: 'x',
      since: '2026-01-01T00:00:00Z',
    };
    await forge(world, { holds: [hold] });
    await world.run(1_000);
    commit(world, files('web:2', 'two'));
    await world.poll();
    expect(await imageOf(world)).toBe('web:2');
    expect((await world.status()).holds ?? []).toEqual([]);
  });

  it('entries of the status that are no objects do not wedge the Application', async () => {
    await serving(world);
    for (const bad of [
      { kind: '', name: '', version: '', status: 'Synced' },
      { group: '../..', version: '..', kind: '../x', name: '../../x', namespace: '..', status: 'Synced' },
    ]) {
      const { resources = [] } = await world.status();
      await forge(world, { resources: [...resources, bad] }).catch(() => undefined);
      await world.run(1_000);
    }
    commit(world, files('web:2', 'two'));
    await world.poll();
    expect(await imageOf(world)).toBe('web:2');
    await world.poll();
    expect(await world.status()).toMatchObject({ phase: 'Synced' });
    expect((await world.status()).resources).toHaveLength(2);
  });

  it('a snapshot that was deleted is made anew, and an abort in a new process goes back', async () => {
    await serving(world);
    await world.client.delete(RESOURCES.secrets, 'sluice-stable-web', 'shop');
    await world.poll();
    commit(world, files('web:2', 'two'));
    await world.poll();
    await world.stop();
    await world.start();
    await world.abort('hash2', 'hash1');
    await world.run(60_000);
    expect(await imageOf(world)).toBe('web:1');
  });
});

describe('in the middle', () => {
  it('a hold survives being suspended and resumed', async () => {
    await serving(world);
    commit(world, files('web:2', 'two'));
    await world.poll();
    await world.abort('hash2', 'hash1');
    await say(world, { suspend: true });
    await world.poll();
    expect((await world.status()).holds).toHaveLength(1);
    await say(world, { suspend: false });
    await world.poll();
    expect(await imageOf(world)).toBe('web:1');
    expect((await world.status()).holds).toHaveLength(1);
  });

  it('A, B and A again in quick succession end at A', async () => {
    await serving(world);
    commit(world, files('web:2', 'two'));
    await world.run(20_000);
    commit(world, files('web:1', 'one'));
    commit(world, files('web:2', 'two'));
    commit(world, files('web:1', 'one'));
    await world.poll();
    await world.poll();
    expect(await imageOf(world)).toBe('web:1');
    expect(await world.status()).toMatchObject({ phase: 'Synced' });
  });

  it('a destination elsewhere is refused and leaves what is applied', async () => {
    await serving(world, {}, { sync: { prune: true } });
    await say(world, { destination: { namespace: 'kube-system' } });
    await world.poll();
    expect(await imageOf(world)).toBe('web:1');
    expect((await world.status()).phase).toBe('Failed');
    expect(find(world, 'ConfigMap', 'web-config', 'kube-system')).toBeUndefined();
  });
});
