// A hostile tenant, a careless user and other controllers against releases that a router leads.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlueGreen, Rollout } from '../../src/api/rollout.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import { ACTIVE, active, apply, blueGreen, files, givenV1, judged, PREVIEW, previewed, serves } from './blue-green.ts';
import { Cluster } from './cluster.ts';
import { promoted } from './given.ts';
import { application, httpRoute, rollout, service, template, virtualService, yaml } from './manifests.ts';

interface Http {
  name?: string;
  match?: { headers?: object }[];
  timeout?: string;
  route: { destination: { host: string }; weight?: number }[];
}
interface Rule {
  matches?: { headers?: { name: string; value: string }[] }[];
  backendRefs: { name: string; port: number; weight?: number }[];
}
type Route = KubeObject & { spec: { http: Http[] } };
type HttpRoute = KubeObject & { spec: { rules: Rule[] } };

const HOUR = 3_600_000;
const HEADER = { headerName: 'x-preview', headerValue: { exact: 'yes' } };
const PREVIEWED = { previewRoute: { match: [HEADER] } };
const ISTIO: Partial<BlueGreen> = {
  trafficRouting: { istio: { virtualService: { name: 'web', routes: ['primary'] } } },
};
const GATEWAY: Partial<BlueGreen> = { trafficRouting: { gatewayAPI: { httpRoute: 'web' } } };
const STEPS: BlueGreen['promotionSteps'] = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: {} }];

const named = <T>(object: object): T =>
  JSON.parse(JSON.stringify(object).replaceAll('web-stable', ACTIVE).replaceAll('web-canary', PREVIEW)) as T;
const vs = (): Route => named(virtualService());
const hr = (): HttpRoute => named(httpRoute());

/** As the API server answers who may not read a kind. */
const FORBIDDEN = {
  fail: 403,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403, message: 'no' },
};

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

/** What writes without an end is killed, so that the story ends. */
function stopsAt(most: number): { count: number } {
  const seen = { count: 0 };
  cluster.server.intercept(({ method }) => {
    if (method !== 'GET' && ++seen.count > most) for (const each of cluster.processes) each.kill();
    return undefined;
  });
  return seen;
}

const http = (): Http[] => cluster.find<Route>('VirtualService', 'web')?.spec.http ?? [];
const rules = (): Rule[] => cluster.find<HttpRoute>('HTTPRoute', 'web')?.spec.rules ?? [];
const primary = (): Http | undefined => http().find(({ name }) => name === 'primary');
const share = (): number => primary()?.route[1]?.weight ?? NaN;
const shareOfRule = (): number =>
  rules().find(({ backendRefs }) => backendRefs.length === 2)?.backendRefs[1]?.weight ?? NaN;
const names = (): (string | undefined)[] => http().map(({ name }) => name);
const annotations = (kind = 'VirtualService'): Record<string, string> =>
  cluster.find(kind, 'web')?.metadata.annotations ?? {};
const weighs = (percent: number): Promise<void> => cluster.until(`${percent} %`, () => share() === percent);
const release = (version: string, shape: Partial<BlueGreen>): void =>
  apply(cluster, version, { blueGreen: { ...ISTIO, ...shape } });
const why = (): string => String(cluster.condition(cluster.rollout(), 'InvalidSpec')?.['message']);

async function given(shape: Partial<BlueGreen>, route: KubeObject = vs()): Promise<void> {
  cluster.create(route);
  await givenV1(cluster, { blueGreen: { ...ISTIO, ...shape } });
}

/** Another Rollout of the same namespace. */
function other(name: string, shape: Partial<BlueGreen>): object {
  const text = JSON.stringify(blueGreen('v1', { blueGreen: shape })).replaceAll('"app":"web"', `"app":"${name}"`);
  const object = JSON.parse(text) as KubeObject;
  object.metadata.name = name;
  return object;
}

const back = (): Promise<void> => cluster.until('it is back', () => share() === 0 && active(cluster) === 'v1', 5_000);

describe('a route that a person has named as Sluice names previews', () => {
  const persons: Http = {
    name: 'sluice-preview-mine',
    match: [{ headers: { 'x-mine': { exact: 'yes' } } }],
    route: [{ destination: { host: 'mine' } }],
  };
  const shared = (): Route => {
    const route = vs();
    route.spec.http.unshift(persons);
    return route;
  };

  it('stays, beside the preview of Sluice', async () => {
    await given(PREVIEWED, shared());
    await cluster.run(60_000);
    expect(names()).toContain('sluice-preview-mine');
    expect(names()).toContain('sluice-preview-primary');
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it('stays, where no preview is asked for', async () => {
    await given({}, shared());
    expect(names()).toEqual(['sluice-preview-mine', 'primary']);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });
});

describe('a rule of a person with the header of the preview', () => {
  it('stays in an HTTPRoute', async () => {
    const route = hr();
    const mine: Rule = {
      matches: [{ headers: [{ name: 'x-preview', value: 'yes' }] }],
      backendRefs: [{ name: PREVIEW, port: 80 }],
    };
    route.spec.rules.unshift({ ...mine, timeouts: { request: '3s' } } as Rule);
    cluster.create(route);
    await givenV1(cluster, { blueGreen: { ...GATEWAY, ...PREVIEWED } });
    await cluster.run(60_000);
    expect(JSON.stringify(rules())).toContain('3s');
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it('stays in a VirtualService', async () => {
    const route = vs();
    route.spec.http.unshift({
      name: 'beta',
      match: [{ headers: { 'x-preview': { exact: 'yes' } } }],
      route: [{ destination: { host: PREVIEW } }],
    });
    await given(PREVIEWED, route);
    await cluster.run(60_000);
    expect(names()).toEqual(['beta', 'sluice-preview-primary', 'primary']);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it('is not shown where the route that is driven asks for that header itself, and the Rollout says what to do', async () => {
    const route = vs();
    Object.assign(route.spec.http[0] ?? {}, { match: [{ headers: { 'x-preview': { exact: 'team' } } }] });
    await given({}, route);
    release('v1', PREVIEWED);
    await cluster.until('it is told', () => cluster.rollout().status?.phase === 'Degraded');
    expect(cluster.rollout().status?.message).toContain(
      'asks for the header x-preview itself: name another one in previewRoute',
    );
    expect(names()).toEqual(['primary']);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });
});

describe('two Rollouts that drive one VirtualService by routes of their own', () => {
  const twoRoutes = (): Route => {
    const route = vs();
    route.spec.http.unshift({
      name: 'api',
      match: [{ headers: { api: { exact: 'yes' } } }],
      route: [
        { destination: { host: 'api-active' }, weight: 100 },
        { destination: { host: 'api-preview' }, weight: 0 },
      ],
    });
    return route;
  };
  async function both(first: Partial<BlueGreen>, second: Partial<BlueGreen>): Promise<void> {
    for (const name of ['api-active', 'api-preview'])
      cluster.create(JSON.parse(JSON.stringify(service(name)).replace('"app":"web"', '"app":"api"')) as object);
    cluster.create(
      other('api', {
        activeService: 'api-active',
        previewService: 'api-preview',
        trafficRouting: { istio: { virtualService: { name: 'web', routes: ['api'] } } },
        ...second,
      }),
    );
    const seen = stopsAt(300);
    await given(first, twoRoutes());
    await cluster.run(60_000);
    expect(seen.count).toBeLessThan(100);
  }

  it('both have their previews, and rest', async () => {
    await both(PREVIEWED, { previewRoute: { match: [{ ...HEADER, headerName: 'x-api' }] } });
    expect((await cluster.writesIn(60_000)).length).toBeLessThan(5);
    expect(names()).toEqual(['sluice-preview-api', 'api', 'sluice-preview-primary', 'primary']);
  });

  it('one has a preview and the other none, and both rest', async () => {
    await both(PREVIEWED, {});
    expect((await cluster.writesIn(60_000)).length).toBeLessThan(5);
    expect(names()).toEqual(['api', 'sluice-preview-primary', 'primary']);
  });

  it('without previews they rest, and the one that is deleted leaves the other', async () => {
    await both({ promotionSteps: STEPS }, {});
    expect(await cluster.writesIn(HOUR)).toEqual([]);
    release('v2', { promotionSteps: STEPS });
    await weighs(20);
    cluster.delete('Rollout', 'api');
    await cluster.run(60_000);
    expect(share()).toBe(20);
  });
});

describe('two Rollouts that name one preview Service', () => {
  const api = (): Rollout | undefined => cluster.find<Rollout>('Rollout', 'api');
  let written: { count: number };
  const isTold = (object: Rollout | undefined): boolean => cluster.condition(object ?? {}, 'InvalidSpec') !== undefined;

  beforeEach(async () => {
    await given({});
    await cluster.run(10_000);
    written = stopsAt(300);
    cluster.create(service('api-active'));
    cluster.create(other('api', { activeService: 'api-active', previewService: PREVIEW }));
    await cluster.run(60_000);
  });

  it('the younger is told so with what to do, and rests; the older goes on', async () => {
    expect(written.count).toBeLessThan(20);
    const told = JSON.stringify(cluster.condition(api() ?? {}, 'InvalidSpec'));
    expect(told).toContain(
      `spec.strategy.blueGreen.previewService: Service ${PREVIEW} is driven by Rollout shop/web, which is older: name a Service of its own`,
    );
    expect(isTold(cluster.rollout())).toBe(false);
    // It says once that nothing has come of it in time.
    await cluster.run(HOUR);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
    release('v2', {});
    await promoted(cluster, 'v2');
    expect([active(cluster), isTold(api())]).toEqual(['v2', true]);
    cluster.processes[0]?.kill();
    await cluster.start();
    await cluster.run(60_000);
    expect([isTold(cluster.rollout()), isTold(api())]).toEqual([false, true]);
  });

  it.each([
    ['is deleted', () => cluster.delete('Rollout', 'web')],
    ['names another one', () => (cluster.create(service('next')), release('v1', { previewService: 'next' }))],
    [
      'leaves Git',
      () =>
        cluster.edit('Rollout', 'web', ({ metadata }) => {
          metadata.annotations = { ...metadata.annotations, 'sluice.dev/retire': 'shop/shop' };
        }),
    ],
  ])('the younger goes on at once when the older %s', async (_how, letGo) => {
    letGo();
    await cluster.until('it goes on', () => api()?.status?.phase === 'Healthy', 30_000);
    expect(cluster.selected(PREVIEW)).toBe(api()?.status?.stableRS);
    await cluster.run(60_000);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });
});

describe('a Rollout that is renamed in Git', () => {
  const declared = (name: string, version: string, shape: Partial<BlueGreen>): Record<string, string> => {
    const object = blueGreen(version, { blueGreen: { ...ISTIO, ...shape } }) as unknown as KubeObject;
    object.metadata.name = name;
    return { ...files(version), 'deploy/rollout.yaml': yaml(object), 'deploy/route.yaml': yaml(vs()) };
  };
  const next = (): Rollout | undefined => cluster.find<Rollout>('Rollout', 'next');
  const isTaken = (): boolean => cluster.find('Rollout', 'web') === undefined && next()?.status?.phase === 'Healthy';

  it.each([
    ['at rest', false],
    ['in the middle of its steps', true],
  ])(
    '%s hands its Services and its route over: no request is lost, and nothing of the old name stays',
    async (_when, isMidway) => {
      const shape = { ...PREVIEWED, promotionSteps: STEPS };
      cluster.push(declared('web', 'v1', shape), 'Deploy v1');
      cluster.create(application());
      await cluster.start();
      await promoted(cluster, 'v1');
      if (isMidway) {
        cluster.push(declared('web', 'v2', shape), 'Deploy v2');
        await weighs(20);
      }
      cluster.push(declared('next', isMidway ? 'v2' : 'v1', shape), 'Rename it');
      await cluster.until('the new name has taken over', isTaken);
      await cluster.run(60_000);
      expect([share(), names()]).toEqual([0, ['sluice-preview-primary', 'primary']]);
      expect(cluster.selected(ACTIVE)).toBe(next()?.status?.stableRS);
      expect(JSON.stringify(annotations())).not.toContain('shop/web');
      expect(cluster.condition(next() ?? {}, 'InvalidSpec')).toBeUndefined();
      expect((await cluster.writesIn(600_000)).length).toBeLessThan(5);
      // Both names have pods of one template for a while; of requests nothing is said.
      expect(cluster.audit.violations.filter((text) => !text.includes('two ReplicaSets of one revision'))).toEqual([]);
      cluster.audit.violations.length = 0;
    },
  );
});

describe('marks that somebody spoilt', () => {
  it.each(['{', '[]', '{"headers":[],"of":"x"}', '{"headers":[{"headerName":"x"}],"of":"x"}'])(
    'a note of the preview that reads %s is mended',
    async (text) => {
      await given(PREVIEWED);
      cluster.edit('VirtualService', 'web', ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, 'sluice.dev/preview': text };
      });
      await cluster.run(60_000);
      expect(names()).toEqual(['sluice-preview-primary', 'primary']);
      expect(await cluster.writesIn(HOUR)).toEqual([]);
    },
  );

  it('a note that was taken away at the same time as the declaration leaves no preview', async () => {
    await given(PREVIEWED);
    await cluster.run(10_000);
    cluster.edit('VirtualService', 'web', ({ metadata }) => void delete metadata.annotations?.['sluice.dev/preview']);
    release('v1', {});
    await cluster.run(60_000);
    expect(names()).toEqual(['primary']);
  });

  it('a note that was taken away with the declaration while nobody looked leaves no preview', async () => {
    await given(PREVIEWED);
    await cluster.run(10_000);
    cluster.processes[0]?.kill();
    cluster.edit('VirtualService', 'web', ({ metadata }) => void delete metadata.annotations?.['sluice.dev/preview']);
    release('v1', {});
    await cluster.start();
    await cluster.run(60_000);
    expect(names()).toEqual(['primary']);
  });

  it('a note of the preview of an HTTPRoute that was spoilt leaves one preview', async () => {
    cluster.create(hr());
    await givenV1(cluster, { blueGreen: { ...GATEWAY, ...PREVIEWED } });
    await cluster.run(10_000);
    cluster.edit('HTTPRoute', 'web', ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'sluice.dev/preview': 'mine' };
    });
    await cluster.run(60_000);
    expect(rules()).toHaveLength(2);
    release('v1', { ...GATEWAY, trafficRouting: GATEWAY.trafficRouting, previewRoute: undefined });
    await cluster.run(60_000);
    expect(rules()).toHaveLength(1);
  });

  it('driven-by that names another Rollout does not keep it from being handed back', async () => {
    await given({ ...PREVIEWED, promotionSteps: STEPS });
    release('v2', { ...PREVIEWED, promotionSteps: STEPS });
    await weighs(20);
    cluster.edit('VirtualService', 'web', ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'sluice.dev/driven-by': '{"rollout":"else/where"}' };
    });
    cluster.annotate('abort', 'bad');
    await back();
    cluster.delete('Rollout', 'web');
    await cluster.run(60_000);
    expect(Object.keys(annotations())).toEqual([]);
    expect(share()).toBe(0);
  });
});

describe('another controller', () => {
  it('that takes the preview away each second is answered once a second, and named', async () => {
    await given(PREVIEWED);
    await cluster.run(10_000);
    let writes = 0;
    for (let second = 0; second < 60; second++) {
      cluster.edit<Route>(
        'VirtualService',
        'web',
        ({ spec }) => {
          spec.http = spec.http.filter(({ name }) => name === 'primary');
        },
        'stripper',
      );
      writes += (await cluster.writesIn(1_000)).filter((line) => line.includes('virtualservices')).length;
    }
    expect(writes).toBeLessThan(70);
    await cluster.run(5_000);
    expect(String(cluster.condition(cluster.rollout(), 'Contested')?.['message'])).toContain('stripper');
  });

  it('that drops the preview after each write makes no storm', async () => {
    const drop = (object: Route): void => {
      object.spec.http = object.spec.http.filter(({ name }) => name === 'primary');
    };
    cluster.server.store.subscribe({ group: 'networking.istio.io', kind: 'VirtualService' }, () => {
      if (names().length > 1) cluster.edit<Route>('VirtualService', 'web', drop, 'stripper');
    });
    const seen = stopsAt(300);
    await given(PREVIEWED);
    await cluster.run(60_000);
    expect(seen.count).toBeLessThan(100);
  });

  it('that sorts the routes by name changes no weight of another', async () => {
    await given({ ...PREVIEWED, promotionSteps: STEPS });
    release('v2', { ...PREVIEWED, promotionSteps: STEPS });
    await weighs(20);
    cluster.edit<Route>('VirtualService', 'web', ({ spec }) => void spec.http.reverse(), 'sorter');
    await cluster.run(10_000);
    cluster.annotate('abort', 'bad');
    await back();
    expect(http()).toHaveLength(2);
  });
});

describe('an abort', () => {
  it.each([
    ['at the first weight', 0],
    ['at the second weight', 1],
  ])('%s goes back at once', async (_where, promotions) => {
    const shape = { ...PREVIEWED, promotionSteps: STEPS };
    await given(shape);
    release('v2', shape);
    await weighs(20);
    for (let done = 0; done < promotions; done++) {
      await cluster.run(10_000);
      cluster.annotate('promote');
      await weighs(60);
    }
    cluster.annotate('abort', 'bad');
    await back();
    expect(await cluster.writesIn(60_000)).toBeDefined();
    expect(await cluster.writesIn(HOUR)).toEqual([]);
    expect(cluster.readyBehind(PREVIEW)).toBe(4);
  });

  it('goes back while the declared preview cannot be written', async () => {
    const shape = { ...PREVIEWED, promotionSteps: STEPS };
    await given(shape);
    release('v2', shape);
    await weighs(20);
    cluster.server.intercept(({ method, path, body }) =>
      method === 'PATCH' && path.includes('/virtualservices/') && JSON.stringify(body ?? '').includes('x-bad')
        ? {
            fail: 400,
            body: {
              kind: 'Status',
              apiVersion: 'v1',
              status: 'Failure',
              reason: 'BadRequest',
              code: 400,
              message: 'bad regex',
            },
          }
        : undefined,
    );
    release('v2', { ...shape, previewRoute: { match: [{ headerName: 'x-bad', headerValue: { regex: '(' } }] } });
    await cluster.run(10_000);
    expect(share()).toBe(20);
    cluster.annotate('abort', 'bad');
    await back();
  });

  it('after the switch goes back to the old pods', async () => {
    const shape = { promotionSteps: [{ setWeight: 50 }], postPromotionAnalysis: judged(ACTIVE) };
    await given(shape);
    release('v2', shape);
    await serves(cluster, 'v2');
    cluster.annotate('abort', 'bad');
    await cluster.until('v1 serves', () => active(cluster) === 'v1' && share() === 0, 5_000);
    await cluster.run(120_000);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it('goes back after a restart at which the kind may not be read any more', async () => {
    const shape = { promotionSteps: STEPS };
    await given(shape);
    release('v2', shape);
    await weighs(20);
    cluster.processes[0]?.kill();
    cluster.server.intercept(({ path }) => (path.includes('/virtualservices') ? FORBIDDEN : undefined));
    await cluster.start();
    cluster.annotate('abort', 'bad');
    await cluster.until('all requests reach v1', () => previewed(cluster) === 'v1', 30_000);
    await cluster.run(120_000);
    expect(cluster.readyBehind(PREVIEW)).toBe(4);
    expect(why()).toMatch(/VirtualService/);
  });
});

describe('steps that are odd', () => {
  it.each([
    ['100', [{ setWeight: 100 }, { pause: { duration: '5s' } }]],
    ['0', [{ setWeight: 0 }, { pause: { duration: '5s' } }]],
    [
      'falling weights',
      [{ setWeight: 80 }, { pause: { duration: '5s' } }, { setWeight: 10 }, { pause: { duration: '5s' } }],
    ],
    ['64 steps', Array.from({ length: 64 }, (_, at) => ({ setWeight: at }))],
    ['an analysis first', [{ analysis: judged(PREVIEW) }, { setWeight: 50 }]],
    ['none', []],
  ])('%s are gone through', async (_what, promotionSteps) => {
    const shape = { ...PREVIEWED, promotionSteps };
    await given(shape);
    release('v2', shape);
    await promoted(cluster, 'v2');
    expect([active(cluster), share()]).toEqual(['v2', 0]);
    await cluster.run(120_000);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it.each([
    ['with a preview', PREVIEWED],
    ['without a preview', {}],
  ])('replicas: 0 is released %s', async (_what, preview) => {
    const shape = { ...preview, promotionSteps: [{ setWeight: 50 }] };
    await given(shape);
    apply(cluster, 'v1', { blueGreen: { ...ISTIO, ...shape }, spec: { replicas: 0 } });
    await cluster.run(60_000);
    apply(cluster, 'v2', { blueGreen: { ...ISTIO, ...shape }, spec: { replicas: 0 } });
    await cluster.run(700_000);
    expect(cluster.rollout().status).toMatchObject({ phase: 'Healthy' });
    expect(active(cluster)).toBe('v2');
    // No pods were asked for: that requests find none is no fault.
    expect(cluster.audit.violations.filter((text) => !text.includes('find no ready pod'))).toEqual([]);
    cluster.audit.violations.length = 0;
  });
});

describe('a strategy that changes at a weight', () => {
  const shape = { ...PREVIEWED, promotionSteps: STEPS };
  beforeEach(async () => {
    await given(shape);
    release('v2', shape);
    await weighs(20);
  });

  it('from istio to the Gateway API hands the old route back, and rests', async () => {
    cluster.create(hr());
    release('v2', { ...shape, ...GATEWAY });
    await cluster.until('the other route', () => shareOfRule() === 20);
    await cluster.until('the first is back', () => share() === 0);
    expect(names()).toEqual(['primary']);
    cluster.annotate('abort', 'bad');
    await cluster.until('it is back', () => shareOfRule() === 0, 5_000);
    await cluster.run(120_000);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it('to plain blue-green hands the route back, and ends', async () => {
    apply(cluster, 'v2', { blueGreen: {} });
    await promoted(cluster, 'v2');
    expect([active(cluster), share(), names()]).toEqual(['v2', 0, ['primary']]);
    expect(Object.keys(annotations())).toEqual([]);
    await cluster.run(120_000);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it('to a canary by the same route ends', async () => {
    const { spec } = named<{ spec: object }>(
      rollout('v2', { steps: [{ setWeight: 30 }, { pause: { duration: '5s' } }] }),
    );
    cluster.edit('Rollout', 'web', (object) => void (object['spec'] = spec));
    await promoted(cluster, 'v2');
    expect([active(cluster), share()]).toEqual(['v2', 0]);
    expect(names()).toEqual(['primary']);
    await cluster.run(120_000);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it('the Rollout is deleted: all requests go to the active side, and nothing of it stays', async () => {
    cluster.delete('Rollout', 'web');
    await cluster.until('it is back', () => share() === 0, 10_000);
    await cluster.run(60_000);
    expect([names(), Object.keys(annotations())]).toEqual([['primary'], []]);
    expect([cluster.selected(ACTIVE), cluster.selected(PREVIEW)]).toEqual([undefined, undefined]);
  });

  it('v1 is declared again: it goes back at once', async () => {
    release('v1', shape);
    await back();
    await promoted(cluster, 'v1');
    await cluster.run(120_000);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });
});

it('v1 declared again within the delay takes over, the route with it', async () => {
  const shape = { ...PREVIEWED, promotionSteps: [{ setWeight: 50 }, { pause: { duration: '5s' } }] };
  await given(shape);
  release('v2', shape);
  await promoted(cluster, 'v2');
  release('v1', shape);
  await promoted(cluster, 'v1');
  expect([active(cluster), previewed(cluster), share()]).toEqual(['v1', 'v1', 0]);
  await cluster.run(120_000);
  expect(await cluster.writesIn(HOUR)).toEqual([]);
});

describe('an HTTPRoute with a preview', () => {
  it.each([
    ['a prefix', { prefix: 'a.b' }, '^a\\.b.*'],
    ['a pattern', { regex: 'a|b' }, 'a|b'],
  ])('by %s rests, and goes with the declaration', async (_what, headerValue, value) => {
    const shape = {
      ...GATEWAY,
      previewRoute: { match: [{ headerName: 'X-Preview', headerValue }] },
      promotionSteps: STEPS,
    };
    cluster.create(hr());
    await givenV1(cluster, { blueGreen: shape });
    await cluster.run(10_000);
    expect(rules()[0]?.matches?.[0]?.headers?.[0]?.value).toBe(value);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
    apply(cluster, 'v2', { blueGreen: shape });
    await cluster.until('20 %', () => shareOfRule() === 20);
    cluster.annotate('abort', 'bad');
    await cluster.until('back', () => shareOfRule() === 0, 5_000);
    apply(cluster, 'v1', { blueGreen: GATEWAY });
    await cluster.until('one rule', () => rules().length === 1);
  });

  it('two matches of one header are refused with what to write', () => {
    const twice = {
      ...GATEWAY,
      previewRoute: { match: [HEADER, { ...HEADER, headerName: 'X-Preview', headerValue: { exact: 'b' } }] },
    };
    expect(() => cluster.create(blueGreen('v1', { blueGreen: twice }))).toThrow(/headerName|once|twice/);
  });
});

describe('a route that cannot be read when its Rollout is deleted', () => {
  beforeEach(async () => {
    await given(PREVIEWED);
    await cluster.run(10_000);
  });
  const rename = (from: string, to: string): void =>
    cluster.edit<Route>('VirtualService', 'web', ({ spec }) => {
      for (const each of spec.http) if (each.name === from) each.name = to;
    });

  it('keeps the note of its preview, says so, and is handed back once it can be', async () => {
    rename('primary', 'main');
    cluster.delete('Rollout', 'web');
    await cluster.run(60_000);
    expect(names()).toEqual(['sluice-preview-primary', 'main']);
    expect(cluster.events('HandBackFailed').join('\n')).toContain('the previews in it stay until it can be read');
    expect(await cluster.writesIn(HOUR)).toEqual([]);
    rename('main', 'primary');
    await cluster.run(10_000);
    expect([names(), Object.keys(annotations())]).toEqual([['primary'], []]);
  });

  it('loses its marks once its preview is gone', async () => {
    rename('primary', 'main');
    cluster.delete('Rollout', 'web');
    await cluster.run(10_000);
    cluster.edit<Route>('VirtualService', 'web', ({ spec }) => void spec.http.shift());
    await cluster.run(10_000);
    expect([names(), Object.keys(annotations())]).toEqual([['main'], []]);
  });

  it('does not keep a Rollout that leaves Git', async () => {
    rename('primary', 'main');
    cluster.edit('Rollout', 'web', ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'sluice.dev/retire': 'shop/shop' };
    });
    await cluster.until('it is retired', () => cluster.rollout().status?.retired === true, 10_000);
    expect(names()).toEqual(['sluice-preview-primary', 'main']);
  });
});

describe('from Git', () => {
  it('a route that was copied from the cluster with its preview rests', async () => {
    const route = vs();
    route.spec.http.unshift({
      name: 'sluice-preview-primary',
      match: [{ headers: { 'x-preview': { exact: 'yes' } } }],
      route: [{ destination: { host: PREVIEW } }],
    });
    cluster.push(
      { ...files('v1', { blueGreen: { ...ISTIO, ...PREVIEWED } }), 'deploy/route.yaml': yaml(route) },
      'Deploy v1',
    );
    cluster.create(application());
    await cluster.start();
    await promoted(cluster, 'v1');
    await cluster.run(60_000);
    expect((await cluster.writesIn(600_000)).length).toBeLessThan(5);
    expect(names()).toEqual(['sluice-preview-primary', 'primary']);
  });

  it('a Rollout that leaves in the middle of its steps hands back', async () => {
    const shape = { blueGreen: { ...ISTIO, ...PREVIEWED, promotionSteps: STEPS } };
    const declared = (version: string): Record<string, string> => ({
      ...files(version, shape),
      'deploy/route.yaml': yaml(vs()),
    });
    cluster.push(declared('v1'), 'Deploy v1');
    cluster.create(application());
    await cluster.start();
    await promoted(cluster, 'v1');
    cluster.push(declared('v2'), 'Deploy v2');
    await weighs(20);
    cluster.push({ ...declared('v2'), 'deploy/rollout.yaml': null } as unknown as Record<string, string>, 'Drop web');
    await cluster.until('it is gone', () => cluster.find('Rollout', 'web') === undefined);
    await cluster.run(60_000);
    expect([share(), names()]).toEqual([0, ['primary']]);
    expect(annotations()).not.toHaveProperty(['sluice.dev/driven-by']);
    expect(annotations()).not.toHaveProperty(['sluice.dev/preview']);
  });
});

describe('a kind that is not served or not readable', () => {
  it('is said by the Rollout that names it, others go on, and it goes on once the CRD is there', async () => {
    const forbid = { on: true };
    cluster.server.intercept(({ path }) => (forbid.on && path.includes('/httproutes') ? FORBIDDEN : undefined));
    await given({ promotionSteps: [{ setWeight: 50 }] });
    for (const name of ['api-active', 'api-preview']) cluster.create(service(name));
    cluster.create(other('api', { activeService: 'api-active', previewService: 'api-preview', ...GATEWAY }));
    await cluster.run(30_000);
    const api = (): Rollout | undefined => cluster.find<Rollout>('Rollout', 'api');
    expect(JSON.stringify(cluster.condition(api() ?? {}, 'InvalidSpec'))).toContain('HTTPRoute');
    release('v2', { promotionSteps: [{ setWeight: 50 }] });
    await promoted(cluster, 'v2');
    cluster.processes[0]?.kill();
    await cluster.start();
    release('v3', { promotionSteps: [{ setWeight: 50 }] });
    await promoted(cluster, 'v3');
    forbid.on = false;
    const route = JSON.parse(
      JSON.stringify(httpRoute()).replaceAll('web-stable', 'api-active').replaceAll('web-canary', 'api-preview'),
    ) as object;
    cluster.create(route);
    await cluster.until('it goes on', () => api()?.status?.phase === 'Healthy');
  });
});

describe('a process that is killed in the middle of a routed release', () => {
  it.each([12, 16, 20, 24, 28, 32].flatMap((at) => [[at, 'before'] as const, [at, 'after'] as const]))(
    'at write %s, %s it took effect, ends the same',
    async (at, when) => {
      const shape = {
        ...PREVIEWED,
        promotionSteps: [
          { setWeight: 20 },
          { analysis: judged(PREVIEW) },
          { setWeight: 60 },
          { pause: { duration: '20s' } },
        ],
      };
      for (const object of [vs(), service(ACTIVE), service(PREVIEW), template()]) cluster.create(object);
      cluster.create(blueGreen('v1', { blueGreen: { ...ISTIO, ...shape } }));
      cluster.onDeath(await cluster.start({ die: { at, when } }), 3_000);
      await promoted(cluster, 'v1');
      release('v2', shape);
      await promoted(cluster, 'v2');
      release('v3', shape);
      await weighs(60);
      cluster.annotate('abort', 'bad');
      await cluster.until('it is back', () => share() === 0 && active(cluster) === 'v2', 10_000);
      await cluster.run(120_000);
      expect(cluster.processes[0]?.dead).toBe(true);
      expect([names(), cluster.readyBehind(ACTIVE)]).toEqual([['sluice-preview-primary', 'primary'], 4]);
      expect(await cluster.writesIn(HOUR)).toEqual([]);
    },
  );
});
