// What strangers broke, one sentence each.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RESOURCES } from '../../src/api/names.ts';
import { GitError } from '../../src/git/types.ts';
import { files, World } from '../application/agent-world.ts';
import {
  NAMESPACE,
  PRUNE,
  annotateConfig,
  commit,
  configMap,
  denial,
  fight,
  find,
  forget,
  fought,
  imageOf,
  plant,
  readingFrom,
  refuse,
  serving,
  statusOf,
  wide,
  written,
} from './hostile.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.stop());
const many = (prefix: string): Record<string, string> =>
  Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`deploy/${prefix}${n}.yaml`, configMap(`${prefix}${n}`)]));
const gone = (names: Record<string, string>): Record<string, null> =>
  Object.fromEntries(Object.keys(names).map((name) => [name, null]));
const byKubectl = (name: string) =>
  world.client.patch(RESOURCES.configMaps, {
    name,
    namespace: 'shop',
    type: 'merge',
    fieldManager: 'kubectl-client-side-apply',
    body: { data: { more: 'x' } },
  });

describe('what strangers tried', () => {
  it('a Namespace that was empty when it was last removed is looked into again when it is removed anew', async () => {
    wide(world);
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'deploy/ns.yaml': NAMESPACE });
    await world.application({
      serviceAccountName: 'admin',
      ...PRUNE,
      source: { ...readingFrom('deploy').source, interval: '5s' },
    });
    await world.start();
    commit(world, { 'deploy/ns.yaml': null });
    await world.run(6_000);
    expect(find(world, 'Namespace', 'team', undefined)?.metadata.deletionTimestamp ?? 'gone').toBeDefined();
    await world.run(6_000);
    commit(world, { 'deploy/ns.yaml': NAMESPACE });
    await world.run(6_000);
    expect(find(world, 'Namespace', 'team', undefined)).toBeDefined();
    plant(world, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'precious', namespace: 'team' } });
    commit(world, { 'deploy/ns.yaml': null });
    await world.run(6_000);
    await world.run(6_000);
    expect(find(world, 'Secret', 'precious', 'team')).toBeDefined();
  });

  it('a Namespace that leaves Git is kept while it holds an object called default', async () => {
    wide(world);
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'deploy/ns.yaml': NAMESPACE });
    await world.application({ serviceAccountName: 'admin', ...PRUNE });
    await world.start();
    expect(find(world, 'Namespace', 'team', undefined)).toBeDefined();
    plant(world, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'default', namespace: 'team' } });
    commit(world, { 'deploy/ns.yaml': null });
    await world.poll();
    await world.poll();
    expect(find(world, 'Namespace', 'team', undefined)?.metadata.deletionTimestamp).toBeUndefined();
    expect(find(world, 'Secret', 'default', 'team')).toBeDefined();
  });

  it('a Namespace that leaves Git is kept while it holds one object beside twenty of controllers', async () => {
    wide(world);
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'deploy/ns.yaml': NAMESPACE });
    await world.application({ serviceAccountName: 'admin', ...PRUNE });
    await world.start();
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u', controller: true }];
    plant(world, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'o', namespace: 'shop' } });
    const uid = find(world, 'ConfigMap', 'o')?.metadata.uid ?? '';
    for (let n = 10; n < 32; n++) {
      const metadata = { name: `a${n}`, namespace: 'team', ownerReferences: [{ ...ownerReferences[0], uid }] };
      plant(world, { apiVersion: 'v1', kind: 'Secret', metadata } as never);
    }
    plant(world, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'precious', namespace: 'team' } });
    commit(world, { 'deploy/ns.yaml': null });
    await world.run(31_000);
    expect(find(world, 'Secret', 'precious', 'team')).toBeDefined();
    expect(find(world, 'Namespace', 'team', undefined)?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('an object that one commit moves from one Application to another is not deleted in between', async () => {
    commit(world, {
      'deploy/a.yaml': configMap('keep'),
      'deploy/x.yaml': configMap('moved'),
      'other/b.yaml': configMap('b'),
    });
    await world.application(PRUNE);
    await world.application({ ...readingFrom('other'), ...PRUNE }, 'zother');
    await world.start();
    const before = find(world, 'ConfigMap', 'moved')?.metadata.uid;
    commit(world, { 'deploy/x.yaml': null, 'other/x.yaml': configMap('moved') });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'moved')?.metadata.uid).toBe(before);
  });

  it('an object that two declare is taken by the other as soon as the first Application is deleted', async () => {
    commit(world, { 'deploy/x.yaml': configMap('x'), 'other/x.yaml': configMap('x', 'a: other') });
    await world.application();
    await world.start();
    await world.application({ source: { ...readingFrom('other').source, interval: '1h' } }, 'zother');
    await world.run(5_000);
    expect((await statusOf(world, 'zother')).message).toContain('Application shop/shop declares it as well');
    await world.client.delete(RESOURCES.applications, 'shop', 'shop');
    await world.run(5_000);
    expect(find(world, 'ConfigMap', 'x')?.['data']).toEqual({ a: 'other' });
  });

  it('an object is deleted although another Application would not look at its repository for an hour: that one is asked', async () => {
    commit(world, {
      'deploy/a.yaml': configMap('keep'),
      'deploy/x.yaml': configMap('x'),
      'other/b.yaml': configMap('b'),
    });
    await world.application(PRUNE);
    await world.application({ source: { ...readingFrom('other').source, interval: '1h' } }, 'zother');
    await world.start();
    commit(world, { 'deploy/x.yaml': null });
    await world.poll();
    expect(find(world, 'ConfigMap', 'x')).toBeUndefined();
  });

  it('an object is kept while another Application of its repository cannot be read, and goes when it can', async () => {
    commit(world, {
      'deploy/a.yaml': configMap('keep'),
      'deploy/x.yaml': configMap('x'),
      'other/b.yaml': configMap('b'),
    });
    await world.application(PRUNE);
    await world.application(readingFrom('other'), 'zother');
    await world.start();
    commit(world, { 'deploy/x.yaml': null, 'other/x.yaml': `${configMap('x')}more: {` });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'x')).toBeDefined();
    expect(JSON.stringify((await world.status()).resources)).toContain('Application shop/zother');
    commit(world, { 'other/x.yaml': null });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'x')).toBeUndefined();
  });

  it('the prune limit counts what was applied before, not what the same commit brings', async () => {
    commit(world, many('old'));
    await world.application(PRUNE);
    await world.start();
    commit(world, { ...gone(many('old')), ...many('new') }, 'Rename everything');
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'new1')).toBeDefined();
    expect(find(world, 'ConfigMap', 'old1')).toBeDefined();
  });

  it('a manifest that becomes a pointer of Git LFS deletes nothing', async () => {
    await serving(world, { 'deploy/x.yaml': configMap('x') }, { sync: { prune: true } });
    commit(world, {
      'deploy/x.yaml':
        'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n',
    });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'x')).toBeDefined();
  });

  it('a commit that was refused is not taken up while a newer one cannot be read, and only that one is told of', async () => {
    await serving(world);
    const stop = refuse(world, '/configmaps/late', denial(403, 'exceeded quota: configmaps'), true);
    commit(world, { 'deploy/late.yaml': configMap('late') });
    await world.poll();
    commit(world, { 'deploy/broken.yaml': 'apiVersion: v1\nmetadata: { name: x }\n' });
    await world.poll();
    expect((await world.status()).message).toMatch(/^deploy\/broken.yaml:1: kind is missing/);
    stop();
    await world.run(300_000);
    expect(find(world, 'ConfigMap', 'late')).toBeUndefined();
    commit(world, { 'deploy/broken.yaml': null });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'late')).toBeDefined();
  });

  it('a revert that may not be pushed is told, and pushed once it may', async () => {
    await serving(world, {}, { writeBack: { onAbort: 'Commit' } });
    commit(world, files('web:2', 'two'));
    await world.poll();
    const push = world.mirror.commitFiles.bind(world.mirror);
    world.mirror.commitFiles = () => Promise.reject(new GitError('auth', 'the server answered 403'));
    await world.abort('hash2', 'hash1');
    await world.run(60_000);
    expect(world.events.map(({ reason }) => reason)).toContain('WriteBackFailed');
    expect((await world.status()).conditions).toContainEqual(
      expect.objectContaining({ type: 'WriteBackReady', status: 'False', reason: 'WriteBackFailed' }),
    );
    world.mirror.commitFiles = push;
    await world.run(120_000);
    expect((await world.status()).holds?.[0]?.writeBack?.state ?? 'ended').not.toBe('Pending');
    const head = world.repository.branches.get('main') ?? '';
    expect(world.repository.commits.get(head)?.commit.subject).toMatch(/^Revert/);
  });

  it('a kind that was refused is not followed any more once it is taken back', async () => {
    commit(world, { 'deploy/a.yaml': configMap('a') });
    await world.application();
    await world.start();
    commit(world, { 'deploy/j.yaml': 'apiVersion: batch/v1\nkind: Job\nmetadata: { name: j }\nspec: {}\n' });
    await world.poll();
    commit(world, { 'deploy/j.yaml': null });
    await world.poll();
    await world.poll();
    forget(world);
    await world.run(900_000);
    expect(world.requests.filter(({ path }) => path.includes('/jobs'))).toEqual([]);
  });

  it('selfHeal off tells of a deletion as of any other change', async () => {
    await serving(world, { 'deploy/o.yaml': configMap('o') }, { sync: { selfHeal: false } });
    await world.client.delete(RESOURCES.configMaps, 'o', 'shop');
    await world.run(5_000);
    expect((await world.status()).drift).toMatchObject([{ name: 'o', fields: ['deleted'], action: 'Reported' }]);
    expect(world.events.map(({ reason }) => reason)).toContain('DriftReported');
  });

  it.each([['the same process'], ['a new one']])(
    'a manifest that loses its kind is refused by %s, and deletes nothing',
    async (process) => {
      await serving(world, { 'deploy/x.yaml': configMap('x') }, { sync: { prune: true } });
      if (process === 'a new one') await world.stop();
      commit(world, { 'deploy/x.yaml': 'data: { a: b }\n' });
      if (process === 'a new one') await world.start();
      await world.poll();
      expect(find(world, 'ConfigMap', 'x')).toBeDefined();
      expect(await world.status()).toMatchObject({
        phase: 'Failed',
        message: expect.stringContaining(
          'deploy/x.yaml:1: declared ConfigMap shop/x, and has neither apiVersion nor kind now',
        ),
      });
    },
  );

  it('an Application of another namespace cannot keep objects by naming them in its status', async () => {
    commit(world, { 'deploy/a.yaml': configMap('keep'), 'deploy/x.yaml': configMap('x') });
    await world.application(PRUNE);
    plant(world, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'evil' } });
    await world.client.create(RESOURCES.applications, {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Application',
      metadata: { name: 'evil', namespace: 'evil' },
      spec: readingFrom('nothing'),
    } as never);
    await world.start();
    const resources = [{ group: '', version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'x', status: 'Synced' }];
    await world.client.patch(RESOURCES.applications, {
      name: 'evil',
      namespace: 'evil',
      type: 'merge',
      body: { status: { resources } },
      subresource: 'status',
    });
    await world.run();
    commit(world, { 'deploy/x.yaml': null });
    await world.poll();
    await world.poll();
    expect(find(world, 'ConfigMap', 'x')).toBeUndefined();
  });

  it('whose webhook is down does not keep an abort from going back', async () => {
    await serving(world, { 'deploy/o.yaml': configMap('o') });
    commit(world, files('web:2', 'two'));
    await world.poll();
    expect(await imageOf(world)).toBe('web:2');
    refuse(world, '/configmaps/o', denial(500, 'failed calling webhook "w": connection refused'), true);
    await annotateConfig(world, 'o', { data: { a: 'hand' } });
    await world.run(5_000);
    await world.abort('hash2', 'hash1');
    await world.run(60_000);
    expect(await imageOf(world)).toBe('web:1');
  });

  it('whose webhook is down does not keep other objects from being corrected', async () => {
    await serving(world, {
      'deploy/o.yaml': configMap('o'),
      'deploy/s.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { selector: { app: x }, ports: [{ port: 80 }] }\n',
    });
    refuse(world, '/configmaps/o', denial(500, 'failed calling webhook "w": connection refused'), true);
    await annotateConfig(world, 'o', { data: { a: 'hand' } });
    await world.run(5_000);
    await world.client.patch(RESOURCES.services, {
      name: 's',
      namespace: 'shop',
      type: 'merge',
      body: { spec: { selector: { app: 'evil' } } },
    });
    await world.run(120_000);
    expect(find(world, 'Service', 's')?.spec).toMatchObject({ selector: { app: 'x' } });
  });

  it('a take-over that is refused keeps no other object out, and no abort', async () => {
    plant(world, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'o', namespace: 'shop' },
      data: { a: 'b' },
    } as never);
    await byKubectl('o');
    world.server.intercept(({ method, path, headers }) =>
      method === 'PATCH' && path.includes('/configmaps/o') && JSON.stringify(headers).includes('json-patch')
        ? denial(403, 'denied by policy')
        : undefined,
    );
    await serving(world, { 'deploy/o.yaml': configMap('o') });
    expect(await imageOf(world)).toBe('web:1');
  });

  it('does not keep a commit out for ever once what refused it is gone', async () => {
    await serving(world);
    const stop = refuse(world, '/configmaps/late', denial(403, 'exceeded quota: configmaps'), true);
    commit(world, { 'deploy/late.yaml': configMap('late') });
    await world.poll();
    expect(await world.status()).toMatchObject({ phase: 'Failed', message: expect.stringContaining('exceeded quota') });
    stop();
    await world.run(660_000);
    expect(find(world, 'ConfigMap', 'late')).toBeDefined();
    expect((await world.status()).phase).toBe('Synced');
  });

  it('is corrected once what refused the correction is gone', async () => {
    await serving(world, { 'deploy/o.yaml': configMap('o') });
    const stop = refuse(world, '/configmaps/o', denial(403, 'denied by policy'), true);
    await annotateConfig(world, 'o', { data: { a: 'hand' } });
    await world.run(5_000);
    expect((await world.status()).phase).not.toBe('Synced');
    stop();
    await world.run(660_000);
    expect(find(world, 'ConfigMap', 'o')?.['data']).toEqual({ a: 'b' });
  });

  it('that fails after a clean dry run puts the commit back, also where the agent is new', async () => {
    await serving(world);
    await world.stop();
    refuse(world, '/configmaps/full', denial(403, 'exceeded quota: configmaps'), false);
    commit(world, { ...files('web:2', 'two'), 'deploy/full.yaml': configMap('full') });
    await world.start();
    await world.run(60_000);
    expect(await world.config()).toEqual({ mode: 'one' });
    expect(await imageOf(world)).toBe('web:1');
  });

  it('with one who deletes the object again and again', async () => {
    await fought(world);
    const writes = await fight(world, 60, async () => {
      if (find(world, 'ConfigMap', 'fought')) await world.client.delete(RESOURCES.configMaps, 'fought', 'shop');
    });
    expect(writes).toBeLessThan(20);
  });

  it('with one who strips the annotations', async () => {
    await fought(world);
    const body = { metadata: { annotations: { 'sluice.dev/owner': null, 'sluice.dev/content-hash': null } } };
    expect(await fight(world, 60, () => annotateConfig(world, 'fought', body))).toBeLessThan(20);
  });

  it('with one who edits data and strips the annotations', async () => {
    await fought(world);
    let n = 0;
    const body = () => ({ data: { a: `x${n++}` }, metadata: { annotations: { 'sluice.dev/content-hash': 'x' } } });
    expect(await fight(world, 60, () => annotateConfig(world, 'fought', body()))).toBeLessThan(20);
  });

  it('selfHeal off leaves what a person edited, also where the marks were stripped with it', async () => {
    await serving(world, { 'deploy/o.yaml': configMap('o') }, { sync: { selfHeal: false } });
    await annotateConfig(world, 'o', {
      data: { a: 'hand' },
      metadata: { annotations: { 'sluice.dev/content-hash': null } },
    });
    await world.poll();
    expect(find(world, 'ConfigMap', 'o')?.['data']).toEqual({ a: 'hand' });
  });

  it('of stringData that is no text is refused rather than stored as something else', async () => {
    wide(world);
    commit(world, {
      'deploy/s.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: { a: b } }\n',
    });
    await world.application({ serviceAccountName: 'admin' });
    await world.start();
    expect((await world.status()).phase).toBe('Failed');
    expect(find(world, 'Secret', 's')).toBeUndefined();
  });

  // The server answers 500 to an apply that does not fit the schema, which is no blip: it was tried without end, and never told.
  it.each([
    [
      'a field that nobody knows',
      'spec: { replicsa: 1 }',
      /^deploy\/s.yaml:1: Service shop\/s: .*\.spec\.replicsa: field not declared/,
    ],
    [
      'a field that is almost right',
      'spec: { prots: [] }',
      /\.spec\.prots: field not declared in schema \(did you mean ports\?\)/,
    ],
    ['a text where a number belongs', 'spec: { ports: [{ port: eighty }] }', /port: expected numeric/],
  ])('with %s is refused at once, by file and line', async (_what, spec, message) => {
    await serving(world);
    commit(world, { 'deploy/s.yaml': `apiVersion: v1\nkind: Service\nmetadata: { name: s }\n${spec}\n` });
    await world.poll();
    expect(await world.status()).toMatchObject({ phase: 'Failed', message: expect.stringMatching(message) });
    expect(find(world, 'Service', 's')).toBeUndefined();
  });

  it('stringData: null is stored as the server would, not as the text null', async () => {
    wide(world);
    commit(world, {
      'deploy/s.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: }\n',
    });
    await world.application({ serviceAccountName: 'admin' });
    await world.start();
    const data = find(world, 'Secret', 's')?.['data'] as Record<string, string> | undefined;
    expect(data?.['password'] ?? '').toBe('');
  });

  it('of a kind that refuses dry runs is applied, and shows no drift in a new process', async () => {
    wide(world);
    world.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/deployments/') && path.includes('dryRun')
        ? denial(400, 'admission webhook "w" does not support dry run')
        : undefined,
    );
    const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: d, labels: {} }
spec:
  selector: { matchLabels: { app: d } }
  template:
    metadata: { labels: { app: d } }
    spec: { containers: [{ name: d, image: 'd:1', env: [], resources: { limits: { cpu: 0.5 } } }] }
`;
    commit(world, { 'deploy/d.yaml': deployment });
    await world.application({ serviceAccountName: 'admin' });
    await world.start();
    expect(find(world, 'Deployment', 'd', 'shop', 'apps')).toBeDefined();
    await world.run(60_000);
    await world.stop();
    forget(world);
    await world.start();
    await world.run(60_000);
    expect((await world.status()).drift ?? []).toEqual([]);
    expect(written(world)).toEqual([]);
  });

  it('an object whose kind ends in List and that has items of its own is applied as it is', async () => {
    wide(world);
    plant(world, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'allowlists.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'AllowList', plural: 'allowlists', singular: 'allowlist', listKind: 'AllowListList' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    } as never);
    await world.clock.advance(2000);
    commit(world, {
      'deploy/l.yaml': 'apiVersion: example.com/v1\nkind: AllowList\nmetadata: { name: l }\nitems: [10.0.0.1]\n',
    });
    await world.application({ serviceAccountName: 'admin' });
    await world.start();
    expect(find(world, 'AllowList', 'l', 'shop', 'example.com')).toBeDefined();
  });

  it('a webhook that is down while a commit is tried is told by name', async () => {
    await serving(world);
    refuse(world, '/configmaps/o', denial(500, 'failed calling webhook "w": connection refused'), true);
    commit(world, { 'deploy/o.yaml': configMap('o') });
    await world.run(90_000);
    const status = await world.status();
    expect(status.phase).not.toBe('Synced');
    expect(JSON.stringify([status.message, status.conditions])).toContain('failed calling webhook');
    expect(JSON.stringify([status.message, status.conditions])).toContain('ConfigMap shop/o');
  });

  it('a webhook that answers 500 to one write keeps no later stage of a first commit out for ever', async () => {
    refuse(world, '/configmaps/o', denial(500, 'failed calling webhook "w": connection refused'), false);
    await serving(world, { 'deploy/o.yaml': configMap('o') }).catch(() => undefined);
    await world.run(60_000);
    expect((await world.status()).phase).not.toBe('Synced');
    expect(await imageOf(world)).toBe('web:1');
  });

  it('a declared owner reference that lets the garbage collector delete the object costs little', async () => {
    const uid = '11111111-1111-1111-1111-111111111111';
    const owner = `, ownerReferences: [{ apiVersion: v1, kind: ConfigMap, name: nobody, uid: ${uid} }]`;
    let writes = 0;
    world.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/configmaps/a') && !path.includes('dryRun') && ++writes > 300
        ? { fail: 403 }
        : undefined,
    );
    commit(world, { 'deploy/a.yaml': configMap('a', 'a: b', owner) });
    await world.application();
    await world.start();
    await world.run(60_000);
    expect(writes).toBeLessThan(20);
  });

  it('a webhook that is down costs few requests', async () => {
    await serving(world, { 'deploy/o.yaml': configMap('o') });
    refuse(world, '/configmaps/o', denial(500, 'failed calling webhook "w": connection refused'), true);
    await annotateConfig(world, 'o', { data: { a: 'hand' } });
    await world.run(60_000);
    forget(world);
    await world.run(600_000);
    expect(world.requests.filter(({ method }) => method !== 'GET').length).toBeLessThan(60);
  });
});
