import { describe, expect, test } from 'vitest';
import type { GatewayAnswer } from '../../src/dataplane/gateway.ts';
import { canaryWorld, destinationRule, HASH, httpRoute, service, virtualService, weighted } from './mesh-world.ts';

const REQUESTS = 2000;
const HOST = 'web.shop.example.com';

const shareOf = (answers: GatewayAnswer[], podHash: string): number =>
  answers.filter((answer) => answer.podHash === podHash).length / answers.length;
const statuses = (answers: GatewayAnswer[]): number[] => [...new Set(answers.map(({ status }) => status))];

describe('the share of requests that a revision gets', () => {
  test('follows the weights of a VirtualService whose destinations are two Services', async () => {
    const { clock, world } = await canaryWorld();
    world.apply(virtualService([HOST], [{ name: 'primary', route: weighted(90, 10) }]));
    await clock.advance(0);
    const answers = await world.send(REQUESTS, HOST);
    expect(statuses(answers)).toEqual([200]);
    expect(Math.abs(shareOf(answers, 'bbb') - 0.1)).toBeLessThan(0.025);
    const canary = answers.filter(({ destination }) => destination === 'web-canary');
    expect(canary.every(({ version }) => version === 'v2')).toBe(true);
    expect(new Set(canary.map(({ pod }) => pod)).size).toBe(2);
  });

  test('follows the weights of the subsets of one host, by a DestinationRule', async () => {
    const { clock, world } = await canaryWorld();
    const to = (subset: string, weight: number) => ({
      destination: { host: 'web.shop.svc.cluster.local', subset },
      weight,
    });
    world.apply(destinationRule('web', { stable: { [HASH]: 'aaa' }, canary: { [HASH]: 'bbb' } }));
    world.apply(virtualService([HOST], [{ route: [to('stable', 75), to('canary', 25)] }]));
    await clock.advance(0);
    const answers = await world.send(REQUESTS, HOST);
    expect(statuses(answers)).toEqual([200]);
    expect(Math.abs(shareOf(answers, 'bbb') - 0.25)).toBeLessThan(0.04);
    expect(new Set(answers.map(({ destination }) => destination))).toEqual(new Set(['web']));
  });

  test('follows the weights of an HTTPRoute, where a missing weight is 1', async () => {
    const { clock, world } = await canaryWorld();
    const backendRefs = [{ name: 'web-stable', weight: 3 }, { name: 'web-canary' }];
    world.apply(httpRoute([HOST], [{ backendRefs }]));
    await clock.advance(0);
    const answers = await world.send(REQUESTS, HOST);
    expect(statuses(answers)).toEqual([200]);
    expect(Math.abs(shareOf(answers, 'bbb') - 0.25)).toBeLessThan(0.04);
  });

  test('follows the count of ready pods behind a plain Service', async () => {
    const { clock, world } = await canaryWorld();
    world.pod({ name: 'web-aaa-3', hash: 'aaa' });
    world.pod({ name: 'web-aaa-4', hash: 'aaa', ready: false });
    await clock.advance(0);
    const answers = await world.send(REQUESTS, 'web.shop');
    expect(statuses(answers)).toEqual([200]);
    expect(Math.abs(shareOf(answers, 'aaa') - 0.6)).toBeLessThan(0.04);
    expect(answers.some(({ pod }) => pod === 'web-aaa-4')).toBe(false);
  });

  test('is everything or nothing at the ends of the scale', async () => {
    const { clock, world } = await canaryWorld();
    world.apply(virtualService([HOST], [{ route: weighted(100, 0) }]));
    await clock.advance(0);
    expect(shareOf(await world.send(300, HOST), 'aaa')).toBe(1);
    world.apply(virtualService([HOST], [{ route: weighted(0, 100) }]));
    await clock.advance(0);
    expect(shareOf(await world.send(300, HOST), 'bbb')).toBe(1);
  });

  test('is the same to the letter with the same seed, and another with another', async () => {
    const run = async (seed: number): Promise<string[]> => {
      const { clock, world } = await canaryWorld({ seed });
      world.apply(virtualService([HOST], [{ route: weighted(50, 50) }]));
      await clock.advance(0);
      return (await world.send(50, HOST)).map(({ pod }) => pod);
    };
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
  });
});

describe('a request that cannot be carried', () => {
  test('to a Service without ready pods is answered 503 and counted as UH', async () => {
    const { clock, world } = await canaryWorld();
    world.apply(service('empty', { app: 'nobody' }));
    await clock.advance(0);
    const [answer] = await world.send(1, 'empty.shop');
    expect(answer).toMatchObject({ status: 503, flags: 'UH', destination: 'empty', pod: '' });
    expect(world.gateway.telemetry.expose()).toMatch(
      /istio_requests_total\{.*destination_service_name="empty".*response_code="503".*response_flags="UH"\} 1/,
    );
  });

  test('to a Service without a selector has no pods', async () => {
    const { clock, world } = await canaryWorld();
    world.apply(service('manual', {}));
    await clock.advance(0);
    expect(await world.send(1, 'manual.shop')).toMatchObject([{ status: 503, flags: 'UH' }]);
  });

  test('by a VirtualService that names an absent Service or subset is answered 503 with what is missing', async () => {
    const { clock, world } = await canaryWorld();
    const only = (destination: unknown) => virtualService([HOST], [{ route: [{ destination }] }]);
    world.apply(only({ host: 'nowhere' }));
    await clock.advance(0);
    const [absent] = await world.send(1, HOST);
    expect(absent).toMatchObject({ status: 503, flags: 'NC' });
    expect(absent?.body).toContain('VirtualService shop/web names service shop/nowhere');
    world.apply(only({ host: 'web', subset: 'canary' }));
    await clock.advance(0);
    const [unknown] = await world.send(1, HOST);
    expect(unknown?.status).toBe(503);
    expect(unknown?.body).toContain('subset canary of service shop/web, which no DestinationRule has');
  });

  test('by an HTTPRoute that names an absent Service, or weighs nothing, is answered 500', async () => {
    const { clock, world } = await canaryWorld();
    world.apply(httpRoute([HOST], [{ backendRefs: [{ name: 'nowhere' }] }]));
    world.apply(httpRoute(['zero.example.com'], [{ backendRefs: [{ name: 'web', weight: 0 }] }], 'zero'));
    await clock.advance(0);
    expect(await world.send(1, HOST)).toMatchObject([{ status: 500, flags: 'NC' }]);
    expect(await world.send(1, 'zero.example.com')).toMatchObject([{ status: 500, flags: 'NR' }]);
  });

  test('for a host that nothing answers for is answered 404 and counted as NR', async () => {
    const { world } = await canaryWorld();
    expect(await world.send(1, 'nobody.example.com')).toMatchObject([{ status: 404, flags: 'NR', destination: '' }]);
    expect(world.gateway.telemetry.expose()).toMatch(/destination_service_name="unknown".*response_flags="NR"\} 1/);
  });

  test('by a match that the data plane does not know is refused with the field to change', async () => {
    const { clock, world } = await canaryWorld();
    const match = [{ uri: { regex: '/a.*' } }];
    world.apply(virtualService([HOST], [{ match, route: weighted(100, 0) }]));
    await clock.advance(0);
    const [answer] = await world.send(1, HOST);
    expect(answer?.status).toBe(501);
    expect(answer?.body).toContain('spec.http[0].match[0].uri.regex is not carried here: write exact or prefix');
  });
});

describe('a change of the objects', () => {
  test('takes effect as soon as it is announced', async () => {
    const { clock, world } = await canaryWorld();
    world.apply(virtualService([HOST], [{ route: weighted(100, 0) }]));
    await clock.advance(0);
    await world.send(1, HOST);
    world.apply(virtualService([HOST], [{ route: weighted(0, 100) }]));
    await clock.advance(0);
    expect(await world.send(1, HOST)).toMatchObject([{ podHash: 'bbb' }]);
    world.delete(virtualService([HOST], []));
    await clock.advance(0);
    expect(await world.send(1, HOST)).toMatchObject([{ status: 404 }]);
  });

  test('takes effect after the time that propagation takes, in order', async () => {
    const { clock, world } = await canaryWorld({ propagationMs: 500 });
    world.apply(virtualService([HOST], [{ route: weighted(100, 0) }]));
    await clock.advance(600);
    world.apply(virtualService([HOST], [{ route: weighted(0, 100) }]));
    await clock.advance(100);
    world.apply(virtualService([HOST], [{ route: weighted(100, 0) }]));
    await clock.advance(399);
    expect(await world.send(1, HOST)).toMatchObject([{ podHash: 'aaa' }]);
    await clock.advance(1);
    expect(await world.send(1, HOST)).toMatchObject([{ podHash: 'bbb' }]);
    await clock.advance(100);
    expect(await world.send(1, HOST)).toMatchObject([{ podHash: 'aaa' }]);
  });

  test('of a Service selector moves its requests to the other pods', async () => {
    const { clock, world } = await canaryWorld();
    expect(await world.send(1, 'web-canary.shop')).toMatchObject([{ podHash: 'bbb' }]);
    world.apply(service('web-canary', { app: 'web', [HASH]: 'aaa' }));
    await clock.advance(0);
    expect(await world.send(1, 'web-canary.shop')).toMatchObject([{ podHash: 'aaa' }]);
  });

  test('of a DestinationRule or an HTTPRoute counts from its announcement on', async () => {
    const { clock, world } = await canaryWorld();
    const rule = (hash: string) => destinationRule('web', { chosen: { [HASH]: hash } });
    const route = (name: string) => httpRoute(['gw.example.com'], [{ backendRefs: [{ name }] }]);
    world.apply(virtualService([HOST], [{ route: [{ destination: { host: 'web', subset: 'chosen' } }] }]));
    for (const [hash, name] of [
      ['aaa', 'web-stable'],
      ['bbb', 'web-canary'],
    ] as const) {
      world.apply(rule(hash));
      world.apply(route(name));
      await clock.advance(0);
      expect(await world.send(1, HOST)).toMatchObject([{ podHash: hash }]);
      expect(await world.send(1, 'gw.example.com')).toMatchObject([{ destination: name, podHash: hash }]);
    }
  });

  test('that makes a pod ready brings it requests, and takes them away with its readiness', async () => {
    const { clock, world } = await canaryWorld();
    world.apply(service('fresh', { app: 'web', [HASH]: 'ccc' }));
    const pod = world.pod({ name: 'web-ccc-1', hash: 'ccc', ready: false });
    const statusAfter = async (ready: boolean): Promise<number | undefined> => {
      world.setReady(pod, ready);
      await clock.advance(0);
      return (await world.send(1, 'fresh.shop'))[0]?.status;
    };
    expect([await statusAfter(false), await statusAfter(true), await statusAfter(false)]).toEqual([503, 200, 503]);
  });

  test('that takes a pod out of service fails no request, even before the routes have learnt of it', async () => {
    const { clock, world } = await canaryWorld({ propagationMs: 1000 });
    await clock.advance(1000);
    world.store.delete({ group: '', kind: 'Pod' }, 'web-bbb-1', 'shop', { gracePeriodSeconds: 0 });
    await clock.advance(0);
    const answers = await world.send(200, 'web-canary.shop');
    expect(new Set(answers.map(({ status, pod }) => `${status} ${pod}`))).toEqual(new Set(['200 web-bbb-2']));
    world.store.delete({ group: '', kind: 'Pod' }, 'web-bbb-2', 'shop', { gracePeriodSeconds: 0 });
    await clock.advance(0);
    expect(await world.send(1, 'web-canary.shop')).toMatchObject([{ status: 503, flags: 'UF' }]);
  });

  test('that ends a pod gracefully takes it out of its Services at once', async () => {
    const { clock, world } = await canaryWorld();
    world.store.delete({ group: '', kind: 'Pod' }, 'web-bbb-1', 'shop', { gracePeriodSeconds: 30 });
    await clock.advance(0);
    expect(world.store.get({ group: '', kind: 'Pod' }, 'web-bbb-1', 'shop')).toBeDefined();
    const answers = await world.send(50, 'web-canary.shop');
    expect(new Set(answers.map(({ pod }) => pod))).toEqual(new Set(['web-bbb-2']));
  });

  test('is not seen any more once the gateway is closed, and leaves no timer behind', async () => {
    const { clock, world } = await canaryWorld({ propagationMs: 50 });
    await clock.advance(50);
    await world.close();
    world.apply(virtualService([HOST], [{ route: weighted(100, 0) }]));
    await clock.advance(100);
    expect(clock.pending).toBe(0);
    expect(await world.send(1, HOST)).toMatchObject([{ status: 404 }]);
  });
});
