import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Issue, Result } from '../../src/api/result.ts';
import type { Canary } from '../../src/api/rollout.ts';
import type { Router } from '../../src/traffic/router.ts';
import { keepWeights, routersOf, subsetRoutersOf } from '../../src/traffic/routers.ts';
import { applyPatch } from './json-patch.ts';

const services = { canaryService: 'web-canary', stableService: 'web-stable' };
const istioCanary = (routes?: string[]): Canary => ({
  ...services,
  trafficRouting: { istio: { virtualService: { name: 'web', ...(routes && { routes }) } } },
});
const gatewayCanary: Canary = { ...services, trafficRouting: { gatewayAPI: { httpRoute: 'web' } } };

const branch = (host: string, weight?: number): object => ({
  destination: { host },
  ...(weight !== undefined && { weight }),
});
const route = (name: string, canary?: number, stable?: number): object => ({
  name,
  match: [{ uri: { prefix: `/${name}` } }],
  route: [branch('web-stable', stable), branch('web-canary', canary)],
});

function virtualService(http: object[], annotations?: Record<string, string>): KubeObject {
  const metadata = { name: 'web', namespace: 'shop', ...(annotations && { annotations }) };
  return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata, spec: { hosts: ['web'], http } };
}

function httpRoute(rules: object[]): KubeObject {
  const metadata = { name: 'web', namespace: 'shop' };
  return { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata, spec: { rules } };
}
const rule = (canary?: number, stable?: number): object => ({
  backendRefs: [
    { name: 'web-canary', port: 80, ...(canary !== undefined && { weight: canary }) },
    { name: 'web-stable', port: 80, ...(stable !== undefined && { weight: stable }) },
  ],
});

function only(canary: Canary): Router {
  const [router] = routersOf(canary, 'shop');
  if (router === undefined) throw new Error('no router');
  return router;
}
function value<T>(result: Result<T, Issue[]>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
const messages = (result: Result<unknown, Issue[]>): string =>
  result.ok ? '' : result.error.map((issue) => `${issue.field}: ${issue.message}`).join('\n');

/** The object with all weights taken away: what a patch must not touch. */
const withoutWeights = (object: KubeObject): string =>
  JSON.stringify(object, (key, part: unknown) => (key === 'weight' ? undefined : part));

const anyWeight = fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined });
const anyObject = fc.oneof(
  fc.record({ canary: anyWeight, stable: anyWeight, more: anyWeight }).map(({ canary, stable, more }) => ({
    router: only(istioCanary(['primary', 'second'])),
    object: virtualService([route('other', 5, 95), route('primary', canary, stable), route('second', more, stable)]),
  })),
  fc.record({ canary: anyWeight, stable: anyWeight }).map(({ canary, stable }) => ({
    router: only(gatewayCanary),
    object: httpRoute([{ backendRefs: [{ name: 'static', port: 80 }] }, rule(canary, stable), rule(stable, canary)]),
  })),
);

fc.configureGlobal({ seed: 20260101 });

describe('a patch of weights', () => {
  it('brings any object to the wanted weights, changes nothing else, and is empty the second time', () => {
    fc.assert(
      fc.property(anyObject, fc.integer({ min: 0, max: 100 }), ({ router, object }, canary) => {
        const wanted = { canary, stable: 100 - canary };
        const patched = applyPatch(object, value(router.plan(object, wanted)));
        expect(value(router.read(patched))).toEqual({ ...wanted, even: true });
        expect(withoutWeights(patched)).toBe(withoutWeights(object));
        expect(value(router.plan(patched, wanted))).toEqual([]);
      }),
    );
  });

  it('leaves routes that the Rollout does not name alone', () => {
    const object = virtualService([route('other', 5, 95), route('primary', 0, 100)]);
    const patched = applyPatch(object, value(only(istioCanary(['primary'])).plan(object, { canary: 20, stable: 80 })));
    expect((patched.spec as { http: unknown[] }).http[0]).toEqual(route('other', 5, 95));
  });

  it('does not hit a list that has changed since it was read', () => {
    const object = virtualService([route('primary', 0, 100)]);
    const ops = value(only(istioCanary(['primary'])).plan(object, { canary: 20, stable: 80 }));
    expect(() => applyPatch(virtualService([route('new', 0, 100), route('primary', 0, 100)]), ops)).toThrow(
      'test failed',
    );
    const swapped = virtualService([{ name: 'primary', route: [branch('web-canary', 0), branch('web-stable', 100)] }]);
    expect(() => applyPatch(swapped, ops)).toThrow('test failed');
  });

  it('refuses weights that are not whole', () => {
    const object = virtualService([route('primary', 0, 100)]);
    expect(only(istioCanary()).plan(object, { canary: 20, stable: 20 }).ok).toBe(false);
    expect(only(istioCanary()).plan(object, { canary: -1, stable: 101 }).ok).toBe(false);
  });
});

describe('the mark of a rejected revision', () => {
  const wanted = { canary: 0, stable: 100 };
  const key = ANNOTATIONS.rejected;
  const at = (annotations?: Record<string, string>): KubeObject =>
    virtualService([route('primary', 0, 100)], annotations);
  const mark = (object: KubeObject, rejected: string | null): KubeObject =>
    applyPatch(object, value(only(istioCanary()).plan(object, { ...wanted, rejected })));

  it('is written in the same patch, also where there are no annotations at all', () => {
    expect(mark(at(), 'abc-1').metadata.annotations).toEqual({ [key]: 'abc-1' });
    expect(mark(at({}), 'abc-1').metadata.annotations).toEqual({ [key]: 'abc-1' });
    expect(mark(at({ mine: 'x' }), 'abc-1').metadata.annotations).toEqual({ mine: 'x', [key]: 'abc-1' });
    expect(mark(at({ [key]: 'old' }), 'abc-1').metadata.annotations).toEqual({ [key]: 'abc-1' });
  });

  it('is taken away by nothing, kept when not spoken of, and written once', () => {
    expect(mark(at({ mine: 'x', [key]: 'abc-1' }), null).metadata.annotations).toEqual({ mine: 'x' });
    expect(mark(at(), '')).toEqual(at());
    expect(value(only(istioCanary()).plan(at({ [key]: 'abc-1' }), wanted))).toEqual([]);
    expect(value(only(istioCanary()).plan(at({ [key]: 'abc-1' }), { ...wanted, rejected: 'abc-1' }))).toEqual([]);
  });
});

describe('a VirtualService', () => {
  it('is matched by short and by full host names of the namespace', () => {
    const http = [{ route: [branch('web-stable.shop.svc.cluster.local', 90), branch('web-canary.shop', 10)] }];
    expect(value(only(istioCanary()).read(virtualService(http)))).toEqual({ canary: 10, stable: 90, even: true });
    const elsewhere = [{ route: [branch('web-stable', 90), branch('web-canary.other.svc.cluster.local', 10)] }];
    expect(messages(only(istioCanary()).read(virtualService(elsewhere)))).toContain(
      'no destination with host web-canary',
    );
  });

  it('needs route names where there are several, and says which there are', () => {
    const object = virtualService([route('a', 0, 100), route('b', 0, 100)]);
    expect(messages(only(istioCanary()).read(object))).toContain('it has a, b');
    expect(messages(only(istioCanary(['c'])).read(object))).toContain('has no route named c: it has a, b');
  });

  it('refuses a route whose weights could not be whole', () => {
    const http = [{ route: [branch('web-stable', 80), branch('web-canary', 10), branch('legacy', 10)] }];
    expect(messages(only(istioCanary()).read(virtualService(http)))).toContain('also sends traffic to legacy');
    const alone = virtualService([{ route: [branch('web-stable')] }]);
    expect(messages(only(istioCanary()).read(alone))).toContain('no destination with host web-canary');
  });

  it('reads as the route with the most canary when routes differ', () => {
    const object = virtualService([route('a', 0, 100), route('b', 30, 70)]);
    expect(value(only(istioCanary(['a', 'b'])).read(object))).toEqual({ canary: 30, stable: 70, even: false });
  });

  it('may live in another namespace, and be one of several', () => {
    const virtualServices = [{ name: 'web.gateways' }, { name: 'inner' }];
    const routers = routersOf({ ...services, trafficRouting: { istio: { virtualServices } } }, 'shop');
    expect(routers.map((router) => `${router.namespace}/${router.name}`)).toEqual(['gateways/web', 'shop/inner']);
  });

  it.each([{}, { spec: null }, { spec: { http: 'x' } }, { spec: { http: [null, { route: [3] }] } }])(
    'that makes no sense is an issue: %j',
    (broken) => {
      const object = { ...virtualService([]), spec: undefined, ...broken };
      expect(only(istioCanary()).plan(object, { canary: 0, stable: 100 }).ok).toBe(false);
    },
  );
});

describe('an HTTPRoute', () => {
  it('counts a missing weight as 1', () => {
    expect(value(only(gatewayCanary).read(httpRoute([rule()])))).toEqual({ canary: 50, stable: 50, even: true });
    expect(value(only(gatewayCanary).read(httpRoute([rule(0)])))).toEqual({ canary: 0, stable: 100, even: true });
  });

  it('never reads as 0 where a little traffic flows', () => {
    expect(value(only(gatewayCanary).read(httpRoute([rule(1, 1000)])))).toEqual({ canary: 1, stable: 99, even: true });
  });

  it('without a rule for both Services says what there is', () => {
    const object = httpRoute([{ backendRefs: [{ name: 'web-stable', port: 80 }] }]);
    expect(messages(only(gatewayCanary).read(object))).toContain(
      'web-canary and web-stable: add them (there are web-stable)',
    );
  });
});

describe('subsets of a DestinationRule', () => {
  const destinationRule = { name: 'web', canarySubsetName: 'canary', stableSubsetName: 'stable' };
  const canary: Canary = { trafficRouting: { istio: { virtualService: { name: 'web' }, destinationRule } } };
  const rule = (...subsets: object[]): KubeObject => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { host: 'web', subsets },
  });
  const [subsets] = subsetRoutersOf(canary, 'shop');

  it('follow the revisions by the pod hash alone', () => {
    const object = rule({ name: 'other' }, { name: 'stable', labels: { app: 'web' } }, { name: 'canary' });
    if (subsets === undefined) throw new Error('no DestinationRule');
    const wanted = { canary: 'new', stable: 'old' };
    const patched = applyPatch(object, value(subsets.plan(object, wanted)));
    expect((patched.spec as { subsets: unknown }).subsets).toEqual([
      { name: 'other' },
      { name: 'stable', labels: { app: 'web', [POD_TEMPLATE_HASH]: 'old' } },
      { name: 'canary', labels: { [POD_TEMPLATE_HASH]: 'new' } },
    ]);
    expect(value(subsets.read(patched))).toEqual(wanted);
    expect(value(subsets.plan(patched, wanted))).toEqual([]);
    expect(messages(subsets.plan(rule(), wanted))).toContain('no subset named canary');
  });

  it('tell the destinations of one host apart', () => {
    const at = (subset: string, weight: number): object => ({ destination: { host: 'web', subset }, weight });
    const object = virtualService([{ route: [at('stable', 100), at('canary', 0)] }]);
    const patched = applyPatch(object, value(only(canary).plan(object, { canary: 40, stable: 60 })));
    expect(value(only(canary).read(patched))).toEqual({ canary: 40, stable: 60, even: true });
  });
});

describe('what is applied from Git', () => {
  const git = virtualService([route('primary', 0, 100), route('new', 0, 100)]);

  it('keeps the live weights on every route that the Rollout drives, also on new ones', () => {
    const kept = keepWeights(
      git,
      virtualService([route('primary', 30, 70)]),
      routersOf(istioCanary(['primary']), 'shop'),
    );
    expect(kept).toEqual(virtualService([route('primary', 30, 70), route('new', 0, 100)]));
  });

  it('is what Git says where nothing is live, or nobody drives it', () => {
    expect(keepWeights(git, undefined, routersOf(istioCanary(['primary']), 'shop'))).toEqual(git);
    expect(keepWeights(git, virtualService([route('primary', 30, 70)]), [])).toEqual(git);
    const other = { ...git, metadata: { name: 'other', namespace: 'shop' } };
    expect(
      keepWeights(other, virtualService([route('primary', 30, 70)]), routersOf(istioCanary(['primary']), 'shop')),
    ).toEqual(other);
  });
});
