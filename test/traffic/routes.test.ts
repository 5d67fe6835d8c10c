// The routers' routes by the contract that they share, and what is each one's own.
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Traffic } from '../../src/api/traffic.ts';
import { isRoute, routedObjects } from '../../src/traffic/modules.ts';
import {
  HEADERS,
  messages,
  routeContract,
  routeOf,
  split,
  value,
  type RouteCase,
  type SharedWeights,
} from './route-contract.ts';
import { written } from './writes.ts';

const services = { canaryService: 'web-canary', stableService: 'web-stable' };
const istio = (routes?: string[]): Traffic => ({
  ...services,
  trafficRouting: { istio: { virtualService: { name: 'web', ...(routes && { routes }) } } },
});
const bySubsets: Traffic = {
  trafficRouting: {
    istio: {
      virtualService: { name: 'web', routes: ['primary', 'second'] },
      destinationRule: { name: 'web', canarySubsetName: 'canary', stableSubsetName: 'stable' },
    },
  },
};
const gateway: Traffic = { ...services, trafficRouting: { gatewayAPI: { httpRoute: 'web' } } };

const at = (weight: number | undefined): object => (weight === undefined ? {} : { weight });
type Destination = (side: 'canary' | 'stable' | 'other') => object;
const hosts: Destination = (side) => ({ host: `web-${side}` });
const subsets: Destination = (side) => ({ host: 'web', subset: side });

const http = (name: string, { canary, stable }: SharedWeights, to: Destination): object => ({
  name,
  match: [{ uri: { prefix: `/${name}` } }],
  rewrite: { uri: '/' },
  route: [
    { destination: to('stable'), ...at(stable) },
    { destination: to('canary'), ...at(canary) },
  ],
});

function virtualService(routes: object[], annotations?: Record<string, string>): KubeObject {
  const metadata = { name: 'web', namespace: 'shop', ...(annotations && { annotations }) };
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata,
    spec: { hosts: ['web'], http: routes },
  };
}

interface Named {
  name?: string;
}
const httpOf = (object: KubeObject): Named[] => (object.spec as { http: Named[] }).http;

const istioCase = (name: string, traffic: Traffic, to: Destination): RouteCase => ({
  name,
  route: routeOf(traffic),
  object: (first, second, annotations) =>
    virtualService(
      [http('other', { canary: 5, stable: 95 }, to), http('primary', first, to), http('second', second, to)],
      annotations,
    ),
  entries: httpOf,
  withEntries: (object, entries) => ({ ...object, spec: { ...(object.spec as object), http: entries } }),
  reordered: (object) => ({ ...object, spec: { http: httpOf(object).toReversed() } }),
  withThird: (object) => ({
    ...object,
    spec: {
      http: httpOf(object).map((route) => ({
        ...route,
        route: [...(route as { route: object[] }).route, { destination: to('other'), weight: 10 }],
      })),
    },
  }),
  previews: (object) => httpOf(object).filter(({ name: of }) => of?.startsWith('sluice-preview')),
});

const backend = (name: string, weight: number | undefined): object => ({ name, port: 80, ...at(weight) });
const rule = ({ canary, stable }: SharedWeights, path?: string): object => ({
  ...(path !== undefined && {
    matches: [{ path: { type: 'PathPrefix', value: path }, headers: [{ name: 'x-a', value: '1' }] }],
  }),
  timeouts: { request: '5s' },
  backendRefs: [backend('web-canary', canary), backend('web-stable', stable)],
});
function httpRoute(rules: object[], annotations?: Record<string, string>): KubeObject {
  const metadata = { name: 'web', namespace: 'shop', ...(annotations && { annotations }) };
  return { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata, spec: { rules } };
}
interface Rule {
  backendRefs: { name: string }[];
}
const rulesOf = (object: KubeObject): Rule[] => (object.spec as { rules: Rule[] }).rules;

describe.each([
  istioCase('Istio by hosts', istio(['primary', 'second']), hosts),
  istioCase('Istio by subsets', bySubsets, subsets),
  {
    name: 'Gateway API',
    route: routeOf(gateway),
    object: (first, second, annotations) =>
      httpRoute([{ backendRefs: [backend('static', 1)] }, rule(first, '/a'), rule(second)], annotations),
    entries: rulesOf,
    withEntries: (object, entries) => ({ ...object, spec: { rules: entries } }),
    reordered: (object) => ({
      ...object,
      spec: { rules: rulesOf(object).map((each) => ({ ...each, backendRefs: each.backendRefs.toReversed() })) },
    }),
    withThird: (object) => ({
      ...object,
      spec: {
        rules: rulesOf(object).map((each) => ({ ...each, backendRefs: [...each.backendRefs, backend('legacy', 1)] })),
      },
    }),
    previews: (object) =>
      rulesOf(object).filter(({ backendRefs: [first, ...more] }) => first?.name === 'web-canary' && more.length === 0),
  } satisfies RouteCase,
])('$name', (given) => {
  routeContract(given);
});

describe('a VirtualService', () => {
  const branch = (host: string, weight?: number): object => ({ destination: { host }, ...at(weight) });
  const shared = (name: string): object => http(name, { canary: 0, stable: 100 }, hosts);

  it('is matched by short and by full host names of the namespace', () => {
    const full = [{ route: [branch('web-stable.shop.svc.cluster.local', 90), branch('web-canary.shop', 10)] }];
    expect(value(routeOf(istio()).read(virtualService(full))).weights).toEqual({ canary: 10, stable: 90 });
    const elsewhere = [{ route: [branch('web-stable', 90), branch('web-canary.other.svc.cluster.local', 10)] }];
    expect(messages(routeOf(istio()).read(virtualService(elsewhere)))).toContain('no destination with host web-canary');
  });

  it('needs route names where there are several, and says which there are', () => {
    const object = virtualService([shared('a'), shared('b')]);
    expect(messages(routeOf(istio()).read(object))).toContain('it has a, b');
    expect(messages(routeOf(istio(['c'])).read(object))).toContain('has no route named c: it has a, b');
    expect(messages(routeOf(istio(['a'])).read(virtualService([shared('a'), shared('a')])))).toContain(
      'must be unique',
    );
  });

  it('says what is missing where a destination is', () => {
    const alone = virtualService([{ route: [branch('web-stable')] }]);
    expect(messages(routeOf(istio()).read(alone))).toContain(
      'no destination with host web-canary: add one (it has web-stable)',
    );
  });

  it('that names a side twice is not driven, and says so beside whatever else takes requests', () => {
    const twice = [branch('web-stable', 80), branch('web-canary', 5), branch('web-canary.shop', 5), branch('old', 10)];
    expect(messages(routeOf(istio()).read(virtualService([{ name: 'a', route: twice }])))).toBe(
      [
        'VirtualService web: spec.http[0] (a): has 2 destinations with host web-canary: keep one',
        'VirtualService web: spec.http[0] (a): also sends traffic to old: remove this destination or give it weight 0, so that the weights sum to 100',
      ].join('\n'),
    );
  });

  it('may live in another namespace, and be one of several', () => {
    const virtualServices = [{ name: 'web.gateways' }, { name: 'inner' }];
    const routes = routedObjects({ ...services, trafficRouting: { istio: { virtualServices } } }, 'shop').filter(
      isRoute,
    );
    expect(routes.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual(['gateways/web', 'shop/inner']);
  });

  it('that two Rollouts drive has the previews of both, and each keeps its hands off the other’s', () => {
    const of =
      (name: string): Destination =>
      (role) => ({ host: `${name}-${role}` });
    const traffic = (name: string): Traffic => ({
      canaryService: `${name}-canary`,
      stableService: `${name}-stable`,
      trafficRouting: { istio: { virtualService: { name: 'web', routes: [name] } } },
    });
    const [web, api] = [routeOf(traffic('web')), routeOf(traffic('api'))];
    let object = virtualService(['web', 'api'].map((name) => http(name, { canary: 0, stable: 100 }, of(name))));
    const bare = structuredClone(object);
    object = written(object, value(web.plan(object, split(0, { preview: HEADERS }))));
    expect(api.shows(object, null)).toBe(true);
    object = written(object, value(api.plan(object, split(0, { preview: HEADERS }))));
    expect(httpOf(object).map(({ name }) => name)).toEqual(['sluice-preview-web', 'web', 'sluice-preview-api', 'api']);
    expect([web.shows(object, HEADERS), api.shows(object, HEADERS)]).toEqual([true, true]);
    object = written(object, value(web.plan(object, split(0, { preview: null }))));
    expect(api.shows(object, HEADERS)).toBe(true);
    expect(written(object, value(api.plan(object, split(0, { preview: null })))).spec).toEqual(bare.spec);
  });

  it('with one route and a copy of it for some requests still has one route', () => {
    const route = routeOf(istio());
    const object = virtualService([
      { name: 'sluice-preview', route: [branch('web-canary')] },
      { route: [branch('web-stable', 100), branch('web-canary', 0)] },
    ]);
    expect(value(route.read(object)).weights).toEqual({ canary: 0, stable: 100 });
  });
});

describe('an HTTPRoute', () => {
  it('keeps a rule that a person wrote for the same requests', () => {
    const own = {
      matches: [
        {
          headers: [
            { type: 'Exact', name: 'x-preview', value: 'yes' },
            { type: 'RegularExpression', name: 'x-team', value: '^shop\\..*' },
          ],
        },
      ],
      backendRefs: [backend('web-canary', 1)],
    };
    const route = routeOf(gateway);
    const object = httpRoute([rule({ canary: 0, stable: 100 }), own]);
    const shown = written(object, value(route.plan(object, split(0, { preview: HEADERS }))));
    expect(rulesOf(shown)).toHaveLength(3);
    expect(route.shows(shown, HEADERS)).toBe(true);
    expect(written(shown, value(route.plan(shown, split(0, { preview: null })))).spec).toEqual(object.spec);
  });

  it('counts a missing weight as 1', () => {
    expect(value(routeOf(gateway).read(httpRoute([rule({})]))).weights).toEqual({ canary: 50, stable: 50 });
    expect(value(routeOf(gateway).read(httpRoute([rule({ canary: 0 })]))).weights).toEqual({ canary: 0, stable: 100 });
  });

  it('that names a side twice in a rule is not driven', () => {
    const twice = { backendRefs: [backend('web-stable', 50), backend('web-canary', 25), backend('web-canary', 25)] };
    expect(messages(routeOf(gateway).read(httpRoute([twice])))).toBe(
      'HTTPRoute web: spec.rules[0]: has 2 backendRefs with name web-canary: keep one',
    );
  });

  it('without a rule for both Services says what there is', () => {
    const object = httpRoute([{ backendRefs: [{ name: 'web-stable', port: 80 }] }]);
    expect(messages(routeOf(gateway).read(object))).toContain(
      'web-canary and web-stable: add them (there are web-stable)',
    );
  });

  it('is not in force where no gateway accepts it as it is now', () => {
    const parent = (is: string, observedGeneration: number): object => ({
      conditions: [{ type: 'Accepted', status: is, observedGeneration, message: 'hostname is taken' }],
    });
    const told = (...parents: object[]): string => {
      const object = { ...httpRoute([rule({})]), status: { parents } };
      object.metadata.generation = 4;
      return routeOf(gateway)
        .verify(object, null)
        .map(({ message }) => message)
        .join();
    };
    expect(told(parent('False', 4))).toBe('no gateway accepts it (hostname is taken): mend it');
    expect(told(parent('False', 3))).toBe('');
    expect(told(parent('False', 4), parent('True', 4))).toBe('');
    expect(told()).toBe('');
    expect(routeOf(gateway).verify(httpRoute([rule({})]), null)).toEqual([]);
  });
});
