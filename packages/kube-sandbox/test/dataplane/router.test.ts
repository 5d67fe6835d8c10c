import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/objects.ts';
import type { MeshRequest } from '../../src/dataplane/route.ts';
import { pick } from '../../src/dataplane/route.ts';
import { routeTable } from '../../src/dataplane/router.ts';
import { httpRoute, service, virtualService } from './mesh-world.ts';

const none = { virtualServices: [], httpRoutes: [], services: [] };

/** The Service that a request is sent to, or what is said instead. */
function sentTo(objects: Partial<Record<keyof typeof none, KubeObject[]>>, request: Partial<MeshRequest>): string {
  const rule = routeTable({ ...none, ...objects }).find({ host: 'web.example.com', path: '/', ...request });
  if (rule === undefined) return 'nowhere';
  if (rule.refusal !== undefined) return `refused: ${rule.refusal}`;
  const to = pick(rule, () => 0);
  return to === undefined ? 'nothing' : `${to.namespace}/${to.service}`;
}

const to = (host: string) => [{ destination: { host } }];

describe('a host', () => {
  const services = [service('web', { app: 'web' }), service('web', { app: 'web' }, 'test'), service('api', {})];

  test.each([
    ['api', 'shop/api'],
    ['web', 'shop/web'],
    ['web.test', 'test/web'],
    ['web.test.svc', 'test/web'],
    ['WEB.test.svc.cluster.local:8080', 'test/web'],
    ['web.nowhere', 'nowhere'],
    ['web.test.svc.other', 'nowhere'],
    ['', 'nowhere'],
  ])('%j names the Service %s', (host, expected) => {
    expect(sentTo({ services }, { host })).toBe(expected);
  });

  test('that is a bare name is looked for in the namespace of the gateway first', () => {
    const table = routeTable({ ...none, services }, 'test');
    expect(table.find({ host: 'web', path: '/' })?.from).toBe('Service test/web');
  });

  test.each(['web', 'web.shop', 'web.shop.svc.cluster.local'])(
    'of a VirtualService written %j is met by every form of the name',
    (written) => {
      const virtualServices = [virtualService([written], [{ route: to('other') }])];
      for (const host of ['web', 'web.shop', 'web.shop.svc', 'web.shop.svc.cluster.local'])
        expect(sentTo({ virtualServices, services: [service('web', {})] }, { host })).toBe('shop/other');
    },
  );

  test('is met by the longest wildcard, after the exact name and before everything else', () => {
    const virtualServices = [
      virtualService(['*'], [{ route: to('any') }], 'any'),
      virtualService(['*.example.com'], [{ route: to('wide') }], 'wide'),
      virtualService(['*.shop.example.com'], [{ route: to('narrow') }], 'narrow'),
      virtualService(['a.shop.example.com'], [{ route: to('exact') }], 'exact'),
    ];
    const sent = (host: string): string => sentTo({ virtualServices, services: [service('web', {})] }, { host });
    expect(sent('a.shop.example.com')).toBe('shop/exact');
    expect(sent('b.shop.example.com')).toBe('shop/narrow');
    expect(sent('b.example.com')).toBe('shop/wide');
    expect(sent('web.shop')).toBe('shop/web');
    expect(sent('example.org')).toBe('shop/any');
  });

  test('with both kinds of route is the VirtualService’s', () => {
    const virtualServices = [virtualService(['web.example.com'], [{ route: to('istio') }])];
    const httpRoutes = [httpRoute(['web.example.com'], [{ backendRefs: [{ name: 'gateway' }] }])];
    expect(sentTo({ virtualServices, httpRoutes }, {})).toBe('shop/istio');
    expect(sentTo({ httpRoutes }, {})).toBe('shop/gateway');
  });
});

describe('a VirtualService', () => {
  const http = [
    { match: [{ uri: { exact: '/pay' } }], route: to('exact') },
    { match: [{ uri: { prefix: '/p' }, headers: { 'X-Tenant': { exact: 'acme' } } }], route: to('tenant') },
    { match: [{ headers: { cookie: { prefix: 'beta=' } } }, { method: { exact: 'POST' } }], route: to('either') },
    { match: [{ headers: { 'x-seen': {} } }], route: to('present') },
    { match: [{ uri: { prefix: '/api' } }], route: to('api.test') },
  ];
  const sent = (request: Partial<MeshRequest>): string =>
    sentTo({ virtualServices: [virtualService(['web.example.com'], http)] }, request);

  test('sends a request by the first rule of which any match fits whole', () => {
    expect(sent({ path: '/pay?now=1' })).toBe('shop/exact');
    expect(sent({ path: '/pay/2', headers: { 'x-tenant': 'acme' } })).toBe('shop/tenant');
    expect(sent({ path: '/pay/2', headers: { cookie: 'beta=1' } })).toBe('shop/either');
    expect(sent({ path: '/', method: 'POST' })).toBe('shop/either');
    expect(sent({ path: '/', headers: { 'x-seen': '' } })).toBe('shop/present');
    expect(sent({ path: '/apis' })).toBe('test/api');
    expect(sent({ path: '/pay/2', headers: { 'x-tenant': 'other' } })).toBe('nowhere');
  });

  test('gives a destination without weight 100 when it is alone and 0 beside others', () => {
    const route = [{ destination: { host: 'a' } }, { destination: { host: 'b' }, weight: 1 }];
    const virtualServices = [virtualService(['web.example.com'], [{ route }])];
    expect(sentTo({ virtualServices }, {})).toBe('shop/b');
  });

  test.each([
    [{ redirect: { uri: '/x' } }, 'spec.http[0].redirect'],
    [{ fault: {}, route: to('a') }, 'spec.http[0].fault'],
    [{ match: [{ queryParams: {} }], route: to('a') }, 'spec.http[0].match[0].queryParams'],
    [{ match: [{ headers: { x: { regex: '.' } } }], route: to('a') }, 'spec.http[0].match[0].headers.x.regex'],
    [{ route: to('a.b.c.d') }, 'spec.http[0].route[0].destination.host "a.b.c.d"'],
    [{}, 'spec.http[0].route is empty'],
  ])('with %j is refused by the name of the field', (rule, field) => {
    const virtualServices = [virtualService(['web.example.com'], [rule])];
    expect(sentTo({ virtualServices }, {})).toContain(`refused: VirtualService shop/web: ${field}`);
  });

  test('shares a host with another: the older one is asked first', () => {
    const older = virtualService(['web.example.com'], [{ match: [{ uri: { exact: '/a' } }], route: to('old') }], 'z');
    const newer = virtualService(['web.example.com'], [{ route: to('new') }], 'a');
    older.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
    newer.metadata.creationTimestamp = '2026-01-02T00:00:00Z';
    const sent = (path: string): string => sentTo({ virtualServices: [newer, older] }, { path });
    expect([sent('/a'), sent('/b')]).toEqual(['shop/old', 'shop/new']);
  });
});

describe('an HTTPRoute', () => {
  const rule = (name: string, match: unknown) => ({ matches: [match], backendRefs: [{ name }] });
  const path = (type: string, value: string) => ({ path: { type, value } });

  test('sends a request by the most specific match, in whatever order they are written', () => {
    const rules = [
      { backendRefs: [{ name: 'rest' }] },
      rule('header', { headers: [{ name: 'X-Tenant', value: 'acme' }] }),
      rule('short', path('PathPrefix', '/shop')),
      rule('long', path('PathPrefix', '/shop/cart/')),
      rule('method', { ...path('PathPrefix', '/shop'), method: 'POST' }),
      rule('exact', path('Exact', '/shop/cart')),
    ];
    const sent = (request: Partial<MeshRequest>): string =>
      sentTo({ httpRoutes: [httpRoute(['web.example.com'], rules)] }, request);
    expect(sent({ path: '/shop/cart' })).toBe('shop/exact');
    expect(sent({ path: '/shop/cart/1' })).toBe('shop/long');
    expect(sent({ path: '/shop/x' })).toBe('shop/short');
    expect(sent({ path: '/shop/x', method: 'POST' })).toBe('shop/method');
    expect(sent({ path: '/shopping' })).toBe('shop/rest');
    expect(sent({ path: '/', headers: { 'x-tenant': 'acme' } })).toBe('shop/header');
  });

  test('without hostnames takes what nothing else takes; with a Service as parent, that Service’s requests', () => {
    const catchAll = httpRoute([], [{ backendRefs: [{ name: 'any' }] }]);
    expect(sentTo({ httpRoutes: [catchAll] }, {})).toBe('shop/any');
    const ofService = httpRoute([], [{ backendRefs: [{ name: 'other', namespace: 'test' }] }]);
    Object.assign(ofService.spec as object, { parentRefs: [{ kind: 'Service', group: '', name: 'web' }] });
    const objects = { httpRoutes: [ofService], services: [service('web', {})] };
    expect(sentTo(objects, { host: 'web.shop' })).toBe('test/other');
    expect(sentTo(objects, {})).toBe('nowhere');
  });

  test.each([
    [rule('a', path('RegularExpression', '.*')), 'spec.rules[0].matches[0].path.type RegularExpression'],
    [rule('a', { queryParams: [] }), 'spec.rules[0].matches[0].queryParams'],
    [rule('a', { headers: [{ type: 'RegularExpression' }] }), 'spec.rules[0].matches[0].headers[0].type'],
    [{ filters: [{ type: 'RequestRedirect' }] }, 'spec.rules[0].filters'],
  ])('with %j is refused by the name of the field', (bad, field) => {
    const httpRoutes = [httpRoute(['web.example.com'], [bad])];
    expect(sentTo({ httpRoutes }, {})).toContain(`refused: HTTPRoute shop/web: ${field}`);
  });
});

describe('a drawn destination', () => {
  const rule = (weights: number[]) => ({
    from: 'test',
    matches: () => true,
    brokenStatus: 503 as const,
    destinations: weights.map((weight, i) => ({ namespace: 'shop', service: `s${i}`, weight })),
  });

  test('always has a weight, whatever the weights and the lot', () => {
    const lot = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.nat(100), { maxLength: 5 }), lot, (weights, drawn) => {
        const weight = pick(rule(weights), () => drawn)?.weight ?? 0;
        expect(weight > 0).toBe(weights.some((one) => one > 0));
      }),
      { seed: 1 },
    );
  });

  test('changes exactly where the weights add up', () => {
    const drawn = (lot: number) => pick(rule([10, 0, 90]), () => lot)?.service;
    expect([drawn(0), drawn(0.0999), drawn(0.1), drawn(0.9999)]).toEqual(['s0', 's0', 's2', 's2']);
  });
});
