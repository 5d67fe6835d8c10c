import { afterEach, describe, expect, test } from 'vitest';
import { delay, systemClock } from '../../src/clock.ts';
import { startLoad, type Load, type LoadOptions } from '../../src/dataplane/load.ts';
import { seededRandom } from '../../src/random.ts';
import {
  canaryWorld,
  type MeshWorld,
  realWorld,
  service,
  twoRevisions,
  virtualService,
  weighted,
} from './mesh-world.ts';

const HOST = 'web.shop.example.com';

async function loadedWorld(more: Partial<LoadOptions> = {}) {
  const { clock, world } = await canaryWorld();
  world.apply(virtualService([HOST], [{ route: weighted(80, 20) }]));
  await clock.advance(0);
  const load = startLoad({ clock, target: world.gateway, host: HOST, rps: 200, ...more });
  return { clock, world, load };
}

describe('a load', () => {
  test('sends at a steady pace and counts per Service, version and pod hash', async () => {
    const { clock, load } = await loadedWorld();
    await clock.advance(5000);
    await load.stop();
    expect(load.total.requests).toBe(1000);
    expect(load.total.failed).toBe(0);
    expect(Math.abs(load.total.share({ podHash: 'bbb' }) - 0.2)).toBeLessThan(0.05);
    expect(load.total.share({ version: 'v2' })).toBe(load.total.share({ podHash: 'bbb' }));
    expect(load.total.share({ destination: 'web-canary' })).toBe(load.total.share({ podHash: 'bbb' }));
    expect(load.total.byStatus).toEqual(new Map([[200, 1000]]));
    await clock.advance(1000);
    expect(load.total.requests).toBe(1000);
    expect(clock.pending).toBe(0);
  });

  test('sends at a random pace of the same mean, the same with the same seed', async () => {
    const run = async (seed: number): Promise<number[]> => {
      const { clock, load } = await loadedWorld({ poisson: seededRandom(seed) });
      const perTenth: number[] = [];
      for (let i = 0; i < 50; i++) {
        await clock.advance(100);
        perTenth.push(load.mark().requests);
      }
      await load.stop();
      return perTenth;
    };
    const first = await run(3);
    expect(Math.abs(first.reduce((a, b) => a + b) - 1000)).toBeLessThan(100);
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(5);
    expect(await run(3)).toEqual(first);
  });

  test('counts from a mark on, leaving earlier requests in the count they were sent in', async () => {
    const { clock, world, load } = await loadedWorld();
    await clock.advance(1000);
    expect(load.sinceMark.share({ podHash: 'bbb' })).toBeGreaterThan(0);
    world.apply(virtualService([HOST], [{ route: weighted(100, 0) }]));
    await clock.advance(0);
    const before = load.mark();
    await clock.advance(1000);
    await load.stop();
    expect(before.requests).toBe(200);
    expect(load.sinceMark.requests).toBe(200);
    expect(load.sinceMark.byPodHash.get('bbb')).toBeUndefined();
    expect(load.total.requests).toBe(400);
  });

  test('counts what fails apart from what succeeds', async () => {
    const { clock, world, load } = await loadedWorld();
    world.apply(service('web-canary', { app: 'nobody' }));
    await clock.advance(2000);
    await load.stop();
    const canary = load.total.byDestination.get('web-canary');
    expect(canary?.succeeded).toBe(0);
    expect(canary?.failed).toBeGreaterThan(40);
    expect(load.total.failed).toBe(canary?.failed);
    expect(load.total.byStatus.get(503)).toBe(load.total.failed);
  });

  test('skips what is due when too many requests are under way, and says so', async () => {
    const { clock, world, load } = await loadedWorld({ concurrency: 10 });
    for (const pod of world.store.list({ group: '', kind: 'Pod' })) {
      const annotations = { 'kube-sandbox/latency-ms': '1000' };
      world.store.update({ group: '', kind: 'Pod' }, { ...pod, metadata: { ...pod.metadata, annotations } });
    }
    await clock.advance(999);
    expect(load.total.skipped).toBeGreaterThan(180);
    const stopped = load.stop();
    await clock.advance(1000);
    await stopped;
    expect(load.total.requests).toBe(10);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('of %d requests per second is refused', async (rps) => {
    await expect(loadedWorld({ rps })).rejects.toThrow('write a number above 0');
  });
});

describe('over real HTTP', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  async function listeningWorld() {
    const world: MeshWorld = realWorld();
    ends.push(() => world.close());
    twoRevisions(world);
    world.apply(virtualService([HOST], [{ route: weighted(50, 50) }]));
    await world.announced();
    const { url } = await world.gateway.listen({ port: 0 });
    return { world, url };
  }

  /** Resolves once so many requests have ended. */
  async function until(load: Load, requests: number): Promise<void> {
    while (load.sinceMark.requests < requests) await delay(systemClock, 5);
  }

  test('the Host header decides, and the pods’ answers come back whole', async () => {
    const { url } = await listeningWorld();
    const load = startLoad({ clock: systemClock, target: url, host: HOST, rps: 1000 });
    await until(load, 200);
    await load.stop();
    expect(load.total.requests).toBeGreaterThanOrEqual(200);
    expect(load.total.failed).toBe(0);
    for (const podHash of ['aaa', 'bbb']) expect(load.total.share({ podHash })).toBeGreaterThan(0.3);
    expect(load.total.byDestination.has('web-canary')).toBe(true);
    const missing = startLoad({ clock: systemClock, target: url, host: 'nobody.example.com', rps: 1000 });
    await until(missing, 1);
    await missing.stop();
    expect(missing.total.byStatus.get(404)).toBe(missing.total.requests);
  });

  test('no request fails while routes change and pods end', async () => {
    const { world, url } = await listeningWorld();
    for (const pod of world.store.list({ group: '', kind: 'Pod' })) {
      const annotations = { 'kube-sandbox/latency-ms': '5' };
      world.store.update({ group: '', kind: 'Pod' }, { ...pod, metadata: { ...pod.metadata, annotations } });
    }
    const load = startLoad({ clock: systemClock, target: url, host: HOST, rps: 500 });
    await until(load, 50);
    world.apply(virtualService([HOST], [{ route: weighted(100, 0) }]));
    world.store.delete({ group: '', kind: 'Pod' }, 'web-aaa-1', 'shop', { gracePeriodSeconds: 0 });
    await world.announced();
    load.mark();
    await until(load, 50);
    await load.stop();
    expect(load.total.failed).toBe(0);
    expect(load.sinceMark.byPodHash.get('bbb')).toBeUndefined();
    expect(load.sinceMark.byPodHash.get('aaa')?.succeeded).toBeGreaterThanOrEqual(50);
  });

  test('a request that nobody answers counts as failed', async () => {
    const { world, url } = await listeningWorld();
    await world.gateway.close();
    const load = startLoad({ clock: systemClock, target: url, host: HOST, rps: 1000 });
    await until(load, 5);
    await load.stop();
    expect(load.total.succeeded).toBe(0);
    expect(load.total.byStatus.get(0)).toBe(load.total.failed);
  });

  test('each pod has an address of its own, and it is gone with the pod', async () => {
    const { world } = await listeningWorld();
    const pods = world.store.list({ group: '', kind: 'Pod' }, { namespace: 'shop' });
    const urls = await Promise.all(pods.map((pod) => world.pods.url(pod.metadata.uid ?? '')));
    expect(new Set(urls).size).toBe(4);
    const first = await fetch(urls[0] ?? '');
    expect(await first.json()).toMatchObject({ pod: 'web-aaa-1', version: 'v1', podHash: 'aaa' });
    world.store.delete({ group: '', kind: 'Pod' }, 'web-aaa-1', 'shop', { gracePeriodSeconds: 0 });
    const isThere = (): Promise<boolean> => fetch(urls[0] ?? '').then(Boolean, () => false);
    for (let turn = 0; turn < 1000 && (await isThere()); turn++) await world.announced();
    expect(await isThere()).toBe(false);
  });

  test('a pod that goes answers what is under way, and so does a mesh that is closed', async () => {
    const { world } = await listeningWorld();
    const slow = async (milliseconds: string): Promise<void> => {
      for (const pod of world.store.list({ group: '', kind: 'Pod' })) {
        const annotations = { 'kube-sandbox/latency-ms': milliseconds };
        world.store.update({ group: '', kind: 'Pod' }, { ...pod, metadata: { ...pod.metadata, annotations } });
      }
      await world.announced();
    };
    const endAll = (): void => {
      for (const pod of world.store.list({ group: '', kind: 'Pod' })) world.delete(pod);
    };
    await slow('60');
    const underWay = Array.from({ length: 20 }, () => world.gateway.send({ host: HOST, path: '/' }));
    await world.announced();
    endAll();
    expect(new Set((await Promise.all(underWay)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(await world.send(1, HOST)).toMatchObject([{ status: 503 }]);
    twoRevisions(world);
    await slow('600000');
    const waiting = world.send(1, 'web.shop');
    await world.announced();
    await world.close();
    expect(await waiting).toMatchObject([{ status: 200 }]);
  });

  test('a body that is too long is refused with what is taken', async () => {
    const { url } = await listeningWorld();
    const answer = await fetch(url, { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toEqual({ error: 'the body has 1048577 bytes: send at most 1048576' });
  });

  test('a request with a body passes', async () => {
    const { url } = await listeningWorld();
    const answer = await fetch(url, { method: 'POST', body: 'x'.repeat(1000), headers: { 'x-a': 'b' } });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: expect.stringContaining('no route for host 127.0.0.1') });
  });
});
