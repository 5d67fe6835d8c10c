import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { files, World } from '../application/agent-world.ts';
import { RESOURCES } from '../../src/api/names.ts';
import { annotateConfig, commit, configMap, fight, find, forget, fought, wide, written } from './hostile.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.stop());

describe('the writes of a fight are bounded', () => {
  beforeEach(() => fought(world));

  it('with one who edits the data', async () => {
    let n = 0;
    expect(await fight(world, 60, () => annotateConfig(world, 'fought', { data: { a: `x${n++}` } }))).toBeLessThan(20);
  });

  it('with one who strips the label', async () => {
    const body = { metadata: { labels: { 'sluice.dev/application': null } } };
    expect(await fight(world, 60, () => annotateConfig(world, 'fought', body))).toBeLessThan(20);
  });

  it('with one who forges the owner', async () => {
    const body = { metadata: { annotations: { 'sluice.dev/owner': 'shop/other/1234' } } };
    expect(await fight(world, 60, () => annotateConfig(world, 'fought', body))).toBeLessThan(20);
  });

  it('with kubectl apply', async () => {
    let n = 0;
    const writes = await fight(world, 60, () =>
      world.client.patch(RESOURCES.configMaps, {
        name: 'fought',
        namespace: 'shop',
        type: 'merge',
        fieldManager: 'kubectl-client-side-apply',
        body: {
          data: { a: `x${n++}` },
          metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
        },
      }),
    );
    expect(writes).toBeLessThan(30);
  });
});

describe('an idle hour', () => {
  const idle = async (): Promise<string[]> => {
    await world.run(70_000);
    forget(world);
    await world.run(3_600_000);
    return world.writes;
  };

  it('costs no write where the declaration is not as the server stores it', async () => {
    wide(world);
    const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: d, labels: {}, annotations: {} }
spec:
  replicas: 1
  selector: { matchLabels: { app: d } }
  template:
    metadata: { labels: { app: d }, creationTimestamp: null }
    spec:
      securityContext: {}
      containers: [{ name: d, image: 'd:1', args: null, env: [], resources: { limits: { cpu: 0.5, memory: 1024Mi } }, ports: [{ containerPort: 80 }] }]
`;
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { a: b }\ndata: { c: ZA== }\n';
    const list = `apiVersion: v1\nkind: List\nitems:\n  - { apiVersion: v1, kind: ConfigMap, metadata: { name: l1 }, data: {} }\n  - { apiVersion: v1, kind: ConfigMap, metadata: { name: l2 }, data: null }\n`;
    commit(world, { 'deploy/d.yaml': deployment, 'deploy/s.yaml': secret, 'deploy/l.yaml': list });
    await world.application({ serviceAccountName: 'admin' });
    await world.start();
    expect((await world.status()).message).toContain('is applied');
    expect(await idle()).toEqual([]);
    await world.stop();
    forget(world);
    await world.start();
    await world.run(60_000);
    expect(written(world)).toEqual([]);
    expect((await world.status()).drift ?? []).toEqual([]);
  });

  it('costs no write beside a rival that declares the same objects', async () => {
    commit(world, files('web:1', 'one'));
    await world.application({ sync: { prune: true } });
    await world.application({ sync: { prune: true } }, 'rival');
    await world.start();
    await world.promote('hash1');
    expect(await idle()).toEqual([]);
  });

  it('costs no write with selfHeal off and everything changed by hand', async () => {
    commit(world, { 'deploy/a.yaml': configMap('a'), 'deploy/b.yaml': configMap('b') });
    await world.application({ sync: { selfHeal: false } });
    await world.start();
    await annotateConfig(world, 'a', { data: { a: 'hand' } });
    await world.client.delete(RESOURCES.configMaps, 'b', 'shop');
    expect(await idle()).toEqual([]);
    expect((await world.status()).phase).not.toBe('Synced');
    expect(find(world, 'ConfigMap', 'a')?.['data']).toEqual({ a: 'hand' });
    expect(find(world, 'ConfigMap', 'b')).toBeUndefined();
  });

  it('costs little where a commit can never be applied', async () => {
    commit(world, { 'deploy/a.yaml': configMap('a') });
    await world.application();
    await world.start();
    world.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/configmaps/full') && !path.includes('dryRun') ? { fail: 403 } : undefined,
    );
    commit(world, { 'deploy/full.yaml': configMap('full') });
    await world.run(60_000);
    forget(world);
    await world.run(3_600_000);
    expect(world.writes.length).toBeLessThan(100);
    expect((await world.status()).phase).toBe('Failed');
    expect(world.requests.filter(({ method }) => method !== 'GET').length).toBeLessThan(120);
  });

  it('costs little where a foreign finalizer keeps what is pruned', async () => {
    commit(world, {
      'deploy/a.yaml': configMap('a'),
      'deploy/x.yaml': configMap('x', 'a: b', ', finalizers: [example.com/keep]'),
    });
    await world.application({ sync: { prune: true } });
    await world.start();
    commit(world, { 'deploy/x.yaml': null });
    await world.run(70_000);
    forget(world);
    await world.run(3_600_000);
    expect(written(world).length).toBeLessThan(20);
    expect(find(world, 'ConfigMap', 'x')).toBeDefined();
  });

  it('costs little where a declared object hangs in its deletion', async () => {
    commit(world, {
      'deploy/a.yaml': configMap('a'),
      'deploy/x.yaml': configMap('x', 'a: b', ', finalizers: [example.com/keep]'),
    });
    await world.application();
    await world.start();
    await world.client.delete(RESOURCES.configMaps, 'x', 'shop');
    await world.run(1000);
    forget(world);
    await world.run(3_600_000);
    expect(world.writes.length).toBeLessThan(20);
  });
});
