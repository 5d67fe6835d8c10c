import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { files, World } from '../application/agent-world.ts';
import { RESOURCES } from '../../src/api/names.ts';
import {
  PRUNE,
  commit,
  configMap,
  find,
  forge,
  forget,
  plant,
  readingFrom,
  say,
  statusOf,
  wide,
  written,
} from './hostile.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.stop());

describe('nothing is deleted that should not be', () => {
  it('a path that does not exist deletes nothing, not even with allowEmpty and in a new process', async () => {
    commit(world, files('web:1', 'one'));
    await world.application({ sync: { prune: true, allowEmpty: true } });
    await world.start();
    await say(world, { source: { path: 'nowhere' } });
    await world.poll();
    expect(await world.config()).toEqual({ mode: 'one' });
    await world.stop();
    await world.start();
    await world.poll();
    expect(await world.config()).toEqual({ mode: 'one' });
    expect((await world.status()).phase).toBe('Failed');
    await say(world, { source: { path: 'deploy', targetRevision: 'nobranch' } });
    await world.poll();
    expect(await world.config()).toEqual({ mode: 'one' });
    expect((await world.status()).phase).toBe('Failed');
    await say(world, { source: { targetRevision: null } });
    await world.run(400_000);
    expect((await world.status()).phase).toBe('Synced');
  });

  it('a folder that becomes a file deletes nothing', async () => {
    commit(world, files('web:1', 'one'));
    await world.application(PRUNE);
    await world.start();
    commit(world, { 'deploy/web.yaml': null, deploy: 'now a file' });
    await world.poll();
    expect(await world.config()).toEqual({ mode: 'one' });
    expect((await world.status()).phase).toBe('Failed');
  });

  it('a status that names objects of others deletes none of them', async () => {
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'other/b.yaml': configMap('theirs') });
    await world.application(PRUNE);
    await world.application(readingFrom('other'), 'other');
    plant(world, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'nobodys', namespace: 'shop' } });
    await world.start();
    const resources = (await world.status()).resources ?? [];
    const planted = ['theirs', 'nobodys'].map((name) => ({
      ...resources[0],
      name,
      uid: find(world, 'ConfigMap', name)?.metadata.uid,
    }));
    await forge(world, { resources: [...resources, ...planted] });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'theirs')).toBeDefined();
    expect(find(world, 'ConfigMap', 'nobodys')).toBeDefined();
    expect((await statusOf(world, 'other')).phase).toBe('Synced');
  });

  it('a status emptied by hand is filled again, and what leaves Git then is still pruned', async () => {
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'deploy/x.yaml': configMap('x') });
    await world.application(PRUNE);
    await world.start();
    await forge(world, { resources: [] });
    await world.poll();
    expect((await world.status()).resources).toHaveLength(2);
    commit(world, { 'deploy/x.yaml': null });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'x')).toBeUndefined();
  });

  it('an Application that is deleted and made anew takes over without deleting anything', async () => {
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'deploy/x.yaml': configMap('x') });
    await world.application(PRUNE);
    await world.start();
    const uid = find(world, 'ConfigMap', 'x')?.metadata.uid;
    await world.client.delete(RESOURCES.applications, 'shop', 'shop');
    await world.run();
    commit(world, { 'deploy/x.yaml': null });
    await world.application(PRUNE);
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'x')?.metadata.uid).toBe(uid);
    expect((await world.status()).phase).toBe('Synced');
  });

  it('a Rollout of Git that is marked retired by hand goes on driving', async () => {
    commit(world, files('web:1', 'one'));
    await world.application(PRUNE);
    await world.start();
    await world.promote('hash1');
    const body = { metadata: { annotations: { 'sluice.dev/retire': 'x' } } };
    await world.client.patch(RESOURCES.rollouts, { name: 'web', namespace: 'shop', type: 'merge', body });
    await world.poll();
    expect((await world.rollout()).metadata.annotations?.['sluice.dev/retire']).toBeUndefined();
  });

  it('two Applications that hand an object back and forth never delete it', async () => {
    commit(world, {
      'deploy/a.yaml': configMap('keep'),
      'deploy/x.yaml': configMap('x'),
      'other/x.yaml': configMap('x'),
      'other/b.yaml': configMap('b'),
    });
    await world.application(PRUNE);
    await world.application({ ...readingFrom('other'), ...PRUNE }, 'other');
    await world.start();
    await world.poll();
    const uid = find(world, 'ConfigMap', 'x')?.metadata.uid;
    for (const [leaves, joins] of [
      ['deploy', 'other'],
      ['other', 'deploy'],
      ['deploy', 'other'],
    ]) {
      commit(world, { [`${leaves}/x.yaml`]: null });
      await world.run(65_000);
      expect(find(world, 'ConfigMap', 'x')?.metadata.uid).toBe(uid);
      commit(world, { [`${leaves}/x.yaml`]: configMap('x') });
      await world.run(65_000);
      expect(find(world, 'ConfigMap', 'x')?.metadata.uid).toBe(uid);
      void joins;
    }
  });

  it('an account that may do nothing deletes nothing, and the right one mends all', async () => {
    wide(world);
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'deploy/x.yaml': configMap('x') });
    await world.application({ serviceAccountName: 'admin', ...PRUNE });
    await world.start();
    await say(world, { serviceAccountName: 'nobody' });
    commit(world, { 'deploy/x.yaml': null });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'x')).toBeDefined();
    expect((await world.status()).phase).not.toBe('Synced');
    await say(world, { serviceAccountName: 'admin' });
    await world.run(120_000);
    expect(find(world, 'ConfigMap', 'keep')).toBeDefined();
    expect((await world.status()).phase).toBe('Synced');
    expect(find(world, 'ConfigMap', 'x')).toBeUndefined();
  });

  it('a definition that leaves Git with its objects goes after them, and stays while others have made one', async () => {
    wide(world);
    const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gadgets.example.com }
spec:
  group: example.com
  scope: Cluster
  names: { kind: Gadget, plural: gadgets, singular: gadget, listKind: GadgetList }
  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object, x-kubernetes-preserve-unknown-fields: true } } } } }]
`;
    const gadget = 'apiVersion: example.com/v1\nkind: Gadget\nmetadata: { name: g }\nspec: { size: 1 }\n';
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'deploy/crd.yaml': crd, 'deploy/g.yaml': gadget });
    await world.application({ serviceAccountName: 'admin', ...PRUNE });
    await world.start();
    await world.run(20_000);
    expect(find(world, 'Gadget', 'g', undefined, 'example.com')).toBeDefined();
    plant(world, { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'foreign' } });
    commit(world, { 'deploy/crd.yaml': null, 'deploy/g.yaml': null });
    await world.run(100_000);
    expect(find(world, 'Gadget', 'g', undefined, 'example.com')).toBeUndefined();
    expect(find(world, 'Gadget', 'foreign', undefined, 'example.com')).toBeDefined();
    world.server.store.delete({ group: 'example.com', kind: 'Gadget' }, 'foreign', undefined);
    await world.run(130_000);
    expect(
      find(world, 'CustomResourceDefinition', 'gadgets.example.com', undefined, 'apiextensions.k8s.io'),
    ).toBeUndefined();
    forget(world);
    await world.run(300_000);
    expect(written(world)).toEqual([]);
    expect((await world.status()).phase).toBe('Synced');
  });

  it('an Application with a name of 69 characters prunes its own', async () => {
    const name = 'a'.repeat(69);
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'deploy/x.yaml': configMap('x') });
    await world.application(PRUNE, name);
    await world.start();
    expect((await statusOf(world, name)).phase).toBe('Synced');
    commit(world, { 'deploy/x.yaml': null });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'x')).toBeUndefined();
    expect(find(world, 'ConfigMap', 'keep')).toBeDefined();
  });
});
