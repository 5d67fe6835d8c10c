// What a new router has to give: its form and its module, in the tables that there are. Two made-up ones are added to copies of these: a list
// of entries, which passes the contract of all routes, and an object that shares all of its requests out alike.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { name } from '../../src/api/fields.ts';
import type { KubeObject, Resource } from '../../src/api/k8s.ts';
import { all, fail } from '../../src/api/result.ts';
import type { RouterForm } from '../../src/api/router-form.ts';
import { rulesOn, ruled } from '../../src/api/rules.ts';
import { routingBy } from '../../src/api/traffic-routing.ts';
import { DRIVEN_VERBS, type DrivenRoute, type RouterModule, type Sides } from '../../src/traffic/driven.ts';
import { ROUTER_FORMS } from '../../src/traffic/forms.ts';
import { isRoute, kindsBy, objectsBy, ROUTERS, type RouterModules } from '../../src/traffic/modules.ts';
import { entriesIn, textOf, valueAt, type Entry } from '../../src/traffic/route-form.ts';
import { sharedEntry, type BranchForm, type SideMatch } from '../../src/traffic/shared-entry.ts';
import { weightedRoute } from '../../src/traffic/weighted-route.ts';
import { HEADERS, messages, routeContract, split, value, type RouteCase } from './route-contract.ts';
import { written } from './writes.ts';

const resource = (kind: string): Resource => ({
  group: 'routers.example.com',
  version: 'v1',
  plural: `${kind.toLowerCase()}s`,
  kind,
  namespaced: true,
});
const object = (kind: string, spec: object, annotations?: Record<string, string>): KubeObject => ({
  apiVersion: 'routers.example.com/v1',
  kind,
  metadata: { name: 'web', namespace: 'shop', ...(annotations && { annotations }) },
  spec,
});

const TARGETS: BranchForm = {
  list: 'targets',
  noun: 'target',
  leadsBy: [['service']],
  textOf: ({ service }) => textOf(service),
  weightOf: ({ weight }) => (typeof weight === 'number' ? weight : 1),
};
const serviceMatch = (service = ''): SideMatch => ({
  text: `service ${service}`,
  matches: (target) => target['service'] === service,
});
const sidesOf = ({ canaryService, stableService }: Sides): Record<'canary' | 'stable', SideMatch> => ({
  canary: serviceMatch(canaryService),
  stable: serviceMatch(stableService),
});

// A list of paths, each of which shares its requests out.
const proxyFields = z.object({ proxy: name.optional(), proxies: z.array(name).optional() });
const proxyForm = {
  fields: proxyFields,
  schema: ruled(proxyFields, {
    cel: 'has(self.proxy) != has(self.proxies)',
    message: 'give proxy or proxies, one of them',
    holds: ({ proxy, proxies }) => (proxy === undefined) !== (proxies === undefined),
  }),
} satisfies RouterForm<z.infer<typeof proxyFields>>;

const PATHS = ['spec', 'paths'];

function proxyRoute(namespace: string, of: string, sides: Sides): DrivenRoute {
  const form = { of: `Proxy ${of}`, branches: TARGETS, sides: sidesOf(sides) };
  return weightedRoute(
    { resource: resource('Proxy'), namespace, name: of, field: 'trafficRouting.proxy' },
    {
      find(proxy) {
        const paths = entriesIn(valueAt(proxy, PATHS));
        const found = paths.flatMap((path, place) =>
          hasBoth(form.sides, path) ? [sharedEntry(path, [...PATHS, place], form)] : [],
        );
        return found.length === 0 ? fail([{ field: form.of, message: 'no path has both Services' }]) : all(found);
      },
      previews: {
        list: PATHS,
        key: sides.canaryService ?? '',
        preview: (path, canary, headers) => ({
          ...path,
          name: `preview-${textOf(path['name'])}`,
          headers,
          targets: [canary],
        }),
        asked: ({ headers }) => entriesIn(headers).map(({ headerName }) => textOf(headerName).toLowerCase()),
        isPreview: (path, { names }) => names.includes(textOf(path['name'])),
      },
    },
  );
}

const hasBoth = (sides: Record<string, SideMatch>, { targets }: Entry): boolean =>
  Object.values(sides).every((side) => entriesIn(targets).some((target) => side.matches(target)));

const proxy: RouterModule<z.infer<typeof proxyFields>> = {
  title: 'Proxy',
  kinds: [
    {
      resource: resource('Proxy'),
      drives: 'split',
      verbs: DRIVEN_VERBS,
      owned: 'weights of the targets',
      field: PATHS,
    },
  ],
  objects: ({ proxy: one = '', proxies = [one] }, sides, namespace) =>
    proxies.map((each) => proxyRoute(namespace, each, sides)),
};

// An object that shares out all that comes to a Service, as a TrafficSplit does.
const sharingFields = z.object({ name });
const sharingForm = {
  fields: sharingFields,
  schema: sharingFields,
  sharesAllAlike: true,
} satisfies RouterForm<z.infer<typeof sharingFields>>;

const sharing: RouterModule<z.infer<typeof sharingFields>> = {
  title: 'Sharing',
  kinds: [
    {
      resource: resource('Sharing'),
      drives: 'split',
      verbs: DRIVEN_VERBS,
      owned: 'weights of the two targets',
      field: ['spec', 'targets'],
    },
  ],
  objects: (config, sides, namespace) => [
    weightedRoute(
      { resource: resource('Sharing'), namespace, name: config.name, field: 'trafficRouting.sharing' },
      {
        find: ({ spec }) => {
          const [entry = {}] = entriesIn([spec]);
          const form = { of: `Sharing ${config.name}`, branches: TARGETS, sides: sidesOf(sides) };
          return all([sharedEntry(entry, ['spec'], form)]);
        },
      },
    ),
  ],
};

const forms = { ...ROUTER_FORMS, proxy: proxyForm, sharing: sharingForm };
const routers: RouterModules<typeof forms> = { ...ROUTERS, proxy, sharing };
const services = { canaryService: 'web-canary', stableService: 'web-stable' };

function routeOf(trafficRouting: Record<string, object>): DrivenRoute {
  const [route] = objectsBy(routers, { ...services, trafficRouting }, 'shop').filter(isRoute);
  if (route === undefined) throw new Error('no route');
  return route;
}

const targets = (canary?: number, stable?: number): Entry[] => [
  { service: 'web-stable', ...(stable !== undefined && { weight: stable }) },
  { service: 'web-canary', ...(canary !== undefined && { weight: canary }) },
];
const pathsOf = ({ spec }: KubeObject): Entry[] => (spec as { paths: Entry[] }).paths;
const withPaths = (of: KubeObject, paths: unknown[]): KubeObject => ({
  ...of,
  spec: { ...(of.spec as object), paths },
});

const proxyCase: RouteCase = {
  name: 'a made-up router',
  route: routeOf({ proxy: { proxy: 'web' } }),
  object: (first, second, annotations) =>
    object(
      'Proxy',
      {
        paths: [
          { name: 'static', targets: [{ service: 'files', weight: 1 }] },
          { name: 'first', targets: targets(first.canary, first.stable) },
          { name: 'second', targets: targets(second.canary, second.stable) },
        ],
      },
      annotations,
    ),
  entries: pathsOf,
  withEntries: withPaths,
  reordered: (of) => withPaths(of, pathsOf(of).toReversed()),
  withThird: (of) =>
    withPaths(
      of,
      pathsOf(of).map((path) => ({ ...path, targets: [...entriesIn(path['targets']), { service: 'old', weight: 1 }] })),
    ),
  previews: (of) => pathsOf(of).filter((path) => textOf(path['name']).startsWith('preview-')),
};
routeContract(proxyCase);

describe('a new router', () => {
  const { declared, driven } = routingBy(forms);

  it('is declared by its form, with its rules, beside those that there are', () => {
    expect(declared.safeParse({ proxy: { proxy: 'web' } }).success).toBe(true);
    expect(declared.safeParse({ istio: { virtualService: { name: 'web' } } }).success).toBe(true);
    expect(declared.safeParse({ proxy: {} }).error?.issues.map(({ message }) => message)).toEqual([
      'give proxy or proxies, one of them',
    ]);
    expect(declared.safeParse({}).error?.issues.map(({ message }) => message)).toEqual([
      'name a router: istio or gatewayAPI or proxy or sharing',
    ]);
    expect(rulesOn(declared)).toMatchObject([
      { cel: 'has(self.istio) || has(self.gatewayAPI) || has(self.proxy) || has(self.sharing)' },
    ]);
    expect(driven.safeParse({ proxy: {} }).success).toBe(true);
  });

  it('that has a form and no module does not compile', () => {
    // @ts-expect-error: sharing has a form.
    const forgotten: RouterModules<typeof forms> = { ...ROUTERS, proxy };
    expect(Object.keys(forgotten)).not.toContain('sharing');
  });

  it('has its kinds among the others, routes before selectors', () => {
    const kinds = kindsBy(routers).map(({ resource: { kind } }) => kind);
    expect(kinds).toEqual(['VirtualService', 'HTTPRoute', 'Proxy', 'Sharing', 'DestinationRule']);
  });

  it('drives what is declared of it, and nothing where it is not named', () => {
    const at = objectsBy(routers, { ...services, trafficRouting: { proxy: { proxies: ['a', 'b'] } } }, 'shop');
    expect(at.map(({ resource: { kind }, name: of }) => `${kind} ${of}`)).toEqual(['Proxy a', 'Proxy b']);
    expect(objectsBy(routers, services, 'shop')).toEqual([]);
  });
});

describe('a router that shares all requests out alike', () => {
  const route = routeOf({ sharing: { name: 'web' } });
  const at = (canary: number): KubeObject =>
    object('Sharing', { service: 'web', targets: targets(canary, 100 - canary) });

  it('is read, written and kept by what all routes with weights have in common', () => {
    const after = written(at(0), value(route.plan(at(0), split(20))));
    expect(after.spec).toEqual(at(20).spec);
    expect(value(route.read(after))).toEqual({ weights: { canary: 20, stable: 80 }, even: true });
    expect(route.keep(at(0), at(30)).spec).toEqual(at(30).spec);
    expect(messages(route.read(object('Sharing', { targets: [] })))).toContain(
      'Sharing web: spec: has no target with service web-canary: add one (it has no targets)',
    );
  });

  it('cannot have a previewRoute: the rule of the strategy comes from its form', () => {
    const blueGreen = ruled(
      z.object({ previewRoute: z.object({}).optional(), trafficRouting: routingBy(forms).declared }),
      ...routingBy(forms).previewRules,
    );
    const told = (trafficRouting: object): unknown[] =>
      (blueGreen.safeParse({ previewRoute: {}, trafficRouting }).error?.issues ?? []).map(({ path, message }) => [
        path.join('.'),
        message,
      ]);
    expect(told({ proxy: { proxy: 'web' } })).toEqual([]);
    expect(told({ sharing: { name: 'web' } })).toEqual([
      [
        'previewRoute',
        'cannot be had with sharing, which shares all requests out alike: leave it out, or name another router',
      ],
    ]);
    expect(rulesOn(blueGreen)).toMatchObject([
      { cel: '!has(self.previewRoute) || !has(self.trafficRouting) || !has(self.trafficRouting.sharing)' },
    ]);
  });

  it('moves its weights whatever is to be shown, and says that it is not', () => {
    expect(written(at(0), value(route.plan(at(0), split(20, { preview: HEADERS })))).spec).toEqual(at(20).spec);
    expect(written(at(20), value(route.plan(at(20), split(0, { preview: null })))).spec).toEqual(at(0).spec);
    expect([route.shows(at(0), HEADERS), route.shows(at(0), null)]).toEqual([true, true]);
    expect(route.verify(at(0), null)).toEqual([]);
    expect(route.verify(at(0), HEADERS)).toEqual([
      {
        field: 'Sharing web',
        message: 'shares all requests out alike: leave previewRoute out, or name another router',
      },
    ]);
  });
});
