// What every router's routes have to do, whatever they look like: a new router passes this by giving its own objects.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANNOTATIONS } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Issue, Result } from '../../src/api/result.ts';
import type { HeaderMatch, Traffic } from '../../src/api/traffic.ts';
import type { DrivenRoute, Split } from '../../src/traffic/driven.ts';
import { isRoute, routedObjects } from '../../src/traffic/modules.ts';
import { written } from './writes.ts';

export interface RouteCase {
  name: string;
  route: DrivenRoute;
  /** An object with two entries that are driven, with these weights (undefined: none is written), and others that are not. */
  object(first: SharedWeights, second: SharedWeights, annotations?: Record<string, string>): KubeObject;
  entries(object: KubeObject): unknown[];
  withEntries(object: KubeObject, entries: unknown[]): KubeObject;
  /** The same with the entries in another order. */
  reordered(object: KubeObject): KubeObject;
  /** The same with a third destination in the first driven entry that takes some of the requests. */
  withThird(object: KubeObject): KubeObject;
  /** What is there for requests that are shown the candidate: each entry that such requests come to, in order. */
  previews(object: KubeObject): unknown[];
}

export interface SharedWeights {
  canary?: number | undefined;
  stable?: number | undefined;
}

export const HEADERS: readonly HeaderMatch[] = [
  { headerName: 'x-preview', headerValue: { exact: 'yes' } },
  { headerName: 'x-team', headerValue: { prefix: 'shop.' } },
];
const OTHERS: readonly HeaderMatch[] = [{ headerName: 'x-other', headerValue: { regex: 'a|b' } }];

export function value<T>(result: Result<T, Issue[]>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
export const messages = (result: Result<unknown, Issue[]>): string =>
  result.ok ? '' : result.error.map((issue) => `${issue.field}: ${issue.message}`).join('\n');

export function routeOf(traffic: Traffic): DrivenRoute {
  const [route] = routedObjects(traffic, 'shop').filter(isRoute);
  if (route === undefined) throw new Error('no route');
  return route;
}

export const split = (canary: number, more: Partial<Split> = {}): Split => ({
  weights: { canary, stable: 100 - canary },
  total: 100,
  ...more,
});

/** The object with all weights taken away: what a patch of weights must not touch. */
const withoutWeights = (object: KubeObject): string =>
  JSON.stringify(object, (key, part: unknown) => (key === 'weight' ? undefined : part));

const anyWeights = fc.record({
  canary: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  stable: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
});
const SEED = { seed: 20260101 };

export function routeContract(given: RouteCase): void {
  const { route } = given;
  const plain = given.object({ canary: 0, stable: 100 }, { canary: 0, stable: 100 });
  const put = (object: KubeObject, wanted: Split): KubeObject => written(object, value(route.plan(object, wanted)));

  describe(`${given.name}: a write of weights`, () => {
    it('brings any object to the wanted weights, changes nothing else, and is none the second time', () => {
      fc.assert(
        fc.property(anyWeights, anyWeights, fc.integer({ min: 0, max: 100 }), (first, second, canary) => {
          const object = given.object(first, second);
          const after = put(object, split(canary));
          expect(value(route.read(after))).toEqual({ weights: { canary, stable: 100 - canary }, even: true });
          expect(withoutWeights(after)).toBe(withoutWeights(object));
          expect(value(route.plan(after, split(canary)))).toBeUndefined();
        }),
        SEED,
      );
    });

    it('does not hit a list that has changed since it was read', () => {
      const write = value(route.plan(plain, split(20)));
      expect(() => written(given.reordered(plain), write)).toThrow('test failed');
    });

    it('refuses weights that are not whole, negative, or of another sum', () => {
      for (const weights of [
        { canary: 20, stable: 20 },
        { canary: -1, stable: 101 },
        { canary: 0.5, stable: 99.5 },
      ])
        expect(route.plan(plain, { weights, total: 100 }).ok).toBe(false);
      expect(route.plan(plain, { weights: { canary: 200, stable: 800 }, total: 1000 }).ok).toBe(true);
    });

    it('refuses an object that sends requests elsewhere, too, and says what to write', () => {
      expect(messages(route.read(given.withThird(plain)))).toMatch(/also sends traffic to .+: remove/);
    });

    it.each([
      {},
      { spec: null },
      { spec: 'x' },
      { spec: { http: 'x', rules: 7 } },
      { spec: { http: [null, 3], rules: [[], null] } },
    ])('refuses an object that makes no sense: %j', (broken) => {
      const object = { ...plain, spec: undefined, ...broken };
      expect(route.plan(object, split(0)).ok).toBe(false);
      expect(route.keep(object, plain)).toBe(object);
      expect(route.shows(object, HEADERS)).toBe(true);
    });
  });

  describe(`${given.name}: reading`, () => {
    it('tells the entry with the most on the canary, and that they differ', () => {
      const object = given.object({ canary: 0, stable: 100 }, { canary: 30, stable: 70 });
      expect(value(route.read(object))).toEqual({ weights: { canary: 30, stable: 70 }, even: false });
    });

    it('is in percent, and never 0 where a little traffic flows', () => {
      const object = given.object({ canary: 1, stable: 1000 }, { canary: 1, stable: 1000 });
      expect(value(route.read(object)).weights).toEqual({ canary: 1, stable: 99 });
    });
  });

  describe(`${given.name}: marks`, () => {
    const key = ANNOTATIONS.rejected;
    const at = (annotations?: Record<string, string>): KubeObject =>
      given.object({ canary: 0, stable: 100 }, { canary: 0, stable: 100 }, annotations);
    const mark = (object: KubeObject, rejected: string | null): unknown =>
      put(object, split(0, { rejected })).metadata.annotations;

    it('are written in the same write, also where there are no annotations at all', () => {
      expect(mark(at(), 'abc-1')).toEqual({ [key]: 'abc-1' });
      expect(mark(at({}), 'abc-1')).toEqual({ [key]: 'abc-1' });
      expect(mark(at({ mine: 'x' }), 'abc-1')).toEqual({ mine: 'x', [key]: 'abc-1' });
      expect(mark(at({ [key]: 'old' }), 'abc-1')).toEqual({ [key]: 'abc-1' });
    });

    it('are taken away by null, kept when not spoken of, and written once', () => {
      expect(mark(at({ mine: 'x', [key]: 'abc-1' }), null)).toEqual({ mine: 'x' });
      expect(mark(at(), '')).toBeUndefined();
      expect(value(route.plan(at({ [key]: 'abc-1' }), split(0)))).toBeUndefined();
      expect(value(route.plan(at({ [key]: 'abc-1' }), split(0, { rejected: 'abc-1' })))).toBeUndefined();
    });

    it('of who drives it come with what is driven, and never alone', () => {
      expect(value(route.plan(plain, split(0, { drivenBy: 'me' })))).toBeUndefined();
      expect(put(plain, split(10, { drivenBy: 'me' })).metadata.annotations).toEqual({ [ANNOTATIONS.drivenBy]: 'me' });
    });
  });

  describe(`${given.name}: requests with headers`, () => {
    const shown = put(plain, split(0, { preview: HEADERS }));

    it('are shown the candidate by an entry in front of each that is driven', () => {
      expect(given.previews(plain)).toEqual([]);
      expect(given.previews(shown)).toMatchSnapshot();
      expect(route.shows(plain, HEADERS)).toBe(false);
      expect(route.shows(shown, HEADERS)).toBe(true);
      expect(route.shows(shown, OTHERS)).toBe(false);
      expect(route.shows(shown, null)).toBe(false);
      expect(value(route.plan(shown, split(0, { preview: HEADERS })))).toBeUndefined();
    });

    it('change nothing of how the others are shared out, which goes on beside them', () => {
      const after = put(shown, split(40, { preview: HEADERS }));
      expect(value(route.read(after))).toEqual({ weights: { canary: 40, stable: 60 }, even: true });
      expect(given.previews(after)).toEqual(given.previews(shown));
    });

    it('can be others later, and none at all: then the object is as it was', () => {
      const others = put(shown, split(0, { preview: OTHERS }));
      expect(given.previews(others)).toHaveLength(given.previews(shown).length);
      expect(route.shows(others, OTHERS)).toBe(true);
      expect(put(others, split(0, { preview: null })).spec).toEqual(plain.spec);
      expect(put(shown, split(0, { preview: null })).metadata.annotations ?? {}).toEqual({});
    });

    it('are not doubled where the marks on the object, or some of them, were taken away', () => {
      const bare = { ...shown, metadata: { name: 'web', namespace: 'shop' } };
      expect(route.shows(bare, HEADERS)).toBe(false);
      expect(put(bare, split(0, { preview: HEADERS }))).toEqual(shown);
      const [first, ...rest] = given.entries(shown);
      const some = given.withEntries(shown, given.previews(shown).includes(first) ? rest : [first, ...rest.slice(1)]);
      expect(route.shows(some, HEADERS)).toBe(false);
      expect(put(some, split(0, { preview: HEADERS })).spec).toEqual(shown.spec);
    });

    it('are renewed when what they are copies of has changed', () => {
      const changed = given.withEntries(
        shown,
        given
          .entries(shown)
          .map((entry) => (given.previews(shown).includes(entry) ? entry : { ...(entry as object), timeout: '9s' })),
      );
      expect(route.shows(changed, HEADERS)).toBe(false);
      const after = put(changed, split(0, { preview: HEADERS }));
      expect(JSON.stringify(given.previews(after)).match(/9s/g)).toHaveLength(given.previews(after).length);
      expect(given.previews(after)).toHaveLength(given.previews(shown).length);
    });

    it('are set at once with the weights', () => {
      const both = put(plain, split(25, { preview: HEADERS }));
      expect(both.spec).toEqual(put(shown, split(25, { preview: HEADERS })).spec);
    });

    it('do not hit a list that has changed since it was read', () => {
      const write = value(route.plan(plain, split(0, { preview: HEADERS })));
      expect(() => written(given.reordered(plain), write)).toThrow('test failed');
    });
  });

  describe(`${given.name}: what is applied from Git`, () => {
    it('keeps the live weights and what is shown to whom, on entries that are new as well', () => {
      const live = put(plain, split(30, { preview: HEADERS }));
      const kept = route.keep(given.object({ canary: 0, stable: 100 }, { canary: 50, stable: 50 }), live);
      expect(kept.spec).toEqual(live.spec);
    });

    it('is what Git says where the live object cannot be read', () => {
      expect(route.keep(plain, { ...plain, spec: undefined })).toBe(plain);
    });
  });
}
