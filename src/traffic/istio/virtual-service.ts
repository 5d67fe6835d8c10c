// Istio VirtualServices: http routes whose destinations are the two Services, or two subsets of one host. Owns their weights.
import { isRecord } from '../../api/json.ts';
import type { KubeObject, Resource } from '../../api/k8s.ts';
import { fail, ok, type Issue, type Result } from '../../api/result.ts';
import type { HeaderMatch } from '../../api/traffic.ts';
import type { DrivenRoute } from '../driven.ts';
import { entriesIn, textOf, type Branch, type Entry, type SharedEntry } from '../route-form.ts';
import { weightedRoute } from '../weighted-route.ts';

export const VIRTUAL_SERVICES: Resource = {
  group: 'networking.istio.io',
  version: 'v1',
  plural: 'virtualservices',
  kind: 'VirtualService',
  namespaced: true,
};

type Destination = Entry;

export interface VirtualServiceTarget extends Pick<DrivenRoute, 'namespace' | 'name' | 'field'> {
  /** Names of http routes; undefined: the only one there is. */
  routes: readonly string[] | undefined;
  /** What tells the two destinations apart, and what a person has to write for each. */
  canary: DestinationMatch;
  stable: DestinationMatch;
}

export interface DestinationMatch {
  matches(destination: Destination): boolean;
  /** As `host web-canary`. */
  text: string;
  /** No other Rollout has it: a Service is one's own, the name of a subset is not. */
  isOwn: boolean;
}

/** A destination whose host is a Service, by its short or full name. */
export function hostMatch(service: string, namespace: string): DestinationMatch {
  return {
    text: `host ${service}`,
    isOwn: true,
    matches(destination) {
      const [name, hostNamespace] = textOf(destination['host']).split('.');
      return name === service && (hostNamespace === undefined || hostNamespace === namespace);
    },
  };
}

/** A destination that names a subset of a DestinationRule. */
export function subsetMatch(subset: string): DestinationMatch {
  return { text: `subset ${subset}`, isOwn: false, matches: (destination) => destination['subset'] === subset };
}

export const LIST = ['spec', 'http'] as const;

export function virtualService(target: VirtualServiceTarget): DrivenRoute {
  const { namespace, name, field } = target;
  return weightedRoute(
    { resource: VIRTUAL_SERVICES, namespace, name, field },
    {
      list: LIST,
      key: keyOf(target),
      find: (object) => sharedRoutes(object, target),
      preview,
      isPreview: (route) => isPreview(route) && isOf(route, target),
    },
  );
}

/** Names of the routes for requests that are shown the candidate; no route of a person's is called so. */
const PREVIEW = 'sluice-preview';

const keyOf = ({ canary, routes = [] }: VirtualServiceTarget): string =>
  [canary.text, ...(canary.isOwn ? [] : routes)].join(' ');

/** The name of a preview is made of that of its route, and it leads where the canary branch of that does. */
function isOf(preview: Entry, { canary, routes = [] }: VirtualServiceTarget): boolean {
  const [branch] = entriesIn(preview['route']);
  const isCanary = isRecord(branch?.['destination']) && canary.matches(branch['destination']);
  const names = routes.map((name) => `${PREVIEW}-${name}`);
  return isCanary && (names.length === 0 || canary.isOwn || names.includes(textOf(preview['name'])));
}

const isPreview = (route: Entry): boolean => textOf(route['name']).startsWith(PREVIEW);

/** All that the route does but for where it leads to, for requests that it would take and that have the headers as well. */
function preview(route: Entry, canary: Entry, headers: readonly HeaderMatch[]): Entry {
  const wanted = Object.fromEntries(headers.map(({ headerName, headerValue }) => [headerName, headerValue]));
  const matches = entriesIn(route['match']);
  const name = textOf(route['name']);
  const match = (matches.length === 0 ? [{}] : matches).map((each: Entry) => ({
    ...each,
    headers: { ...(isRecord(each['headers']) && each['headers']), ...wanted },
  }));
  return { ...route, name: name === '' ? PREVIEW : `${PREVIEW}-${name}`, match, route: [canary] };
}

function sharedRoutes(object: KubeObject, target: VirtualServiceTarget): Result<SharedEntry[], Issue[]> {
  const http = entriesIn(isRecord(object.spec) ? object.spec['http'] : undefined);
  const chosen = chooseRoutes(http, target);
  if (!chosen.ok) return chosen;
  const issues: Issue[] = [];
  const shared: SharedEntry[] = [];
  for (const place of chosen.value) {
    const route = sharedRoute(http[place] ?? {}, place, target);
    if (route.ok) shared.push(route.value);
    else issues.push(...route.error);
  }
  return issues.length > 0 ? fail(issues) : ok(shared);
}

/** Places in spec.http of the routes to drive. */
function chooseRoutes(all: Entry[], target: VirtualServiceTarget): Result<number[], Issue[]> {
  const http = all.map((route, place) => ({ place, name: textOf(route['name']), route }));
  const own = http.filter(({ route }) => !isPreview(route));
  const names = own.map(({ name }) => name).filter((name) => name !== '');
  const there = names.length > 0 ? `it has ${names.join(', ')}` : 'its routes have no names';
  const at = `VirtualService ${target.name}: spec.http`;
  if (target.routes === undefined || target.routes.length === 0) {
    if (own.length === 1) return ok(own.map(({ place }) => place));
    return fail([{ field: at, message: unnamed(own.length, there) }]);
  }
  const issues: Issue[] = [];
  const places = new Set<number>();
  for (const name of target.routes) {
    const [found, ...more] = own.filter((route) => route.name === name);
    if (found === undefined) issues.push({ field: at, message: `has no route named ${name}: ${there}` });
    else if (more.length === 0) places.add(found.place);
    else issues.push({ field: at, message: `has ${more.length + 1} routes named ${name}: names must be unique` });
  }
  return issues.length > 0 ? fail(issues) : ok([...places].sort((a, b) => a - b));
}

const unnamed = (count: number, there: string): string =>
  count === 0
    ? 'has no http route: add one with a destination for the canary and one for the stable revision'
    : `has ${count} http routes (${there}): name those to drive in trafficRouting.istio.virtualService.routes`;

function sharedRoute(route: Entry, place: number, target: VirtualServiceTarget): Result<SharedEntry, Issue[]> {
  const name = textOf(route['name']);
  const label = `VirtualService ${target.name}: spec.http[${place}]${name === '' ? '' : ` (${name})`}`;
  const branches = entriesIn(route['route']);
  const destinations = branches.map((branch) => (isRecord(branch['destination']) ? branch['destination'] : {}));
  const canary = only(destinations, target.canary, label);
  const stable = only(destinations, target.stable, label);
  if (!canary.ok || !stable.ok) return fail([canary, stable].flatMap((found) => (found.ok ? [] : found.error)));
  const ours = [canary.value, stable.value];
  const issues = branches.flatMap((branch, at): Issue[] => {
    if (ours.includes(at) || weightOf(branch, branches.length) === 0) return [];
    const host = textOf(destinations[at]?.['host']);
    const message = `also sends traffic to ${host}: remove this destination or give it weight 0, so that the weights sum to 100`;
    return [{ field: label, message }];
  });
  if (issues.length > 0) return fail(issues);
  const tests = name === '' ? [] : [{ op: 'test' as const, path: `/spec/http/${place}/name`, value: name }];
  const branchAt = (at: number): Branch => toBranch(branches, place, at);
  return ok({ label, place, tests, branches: { canary: branchAt(canary.value), stable: branchAt(stable.value) } });
}

function only(destinations: Destination[], wanted: DestinationMatch, label: string): Result<number, Issue[]> {
  const places = destinations.flatMap((destination, place) => (wanted.matches(destination) ? [place] : []));
  if (places.length === 1 && places[0] !== undefined) return ok(places[0]);
  if (places.length > 1) {
    return fail([{ field: label, message: `has ${places.length} destinations with ${wanted.text}: keep one` }]);
  }
  const there = destinations.map((destination) =>
    destination['subset'] === undefined
      ? textOf(destination['host'])
      : `${textOf(destination['host'])} subset ${textOf(destination['subset'])}`,
  );
  const has = there.length === 0 ? 'it has no destinations' : `it has ${there.join(', ')}`;
  return fail([{ field: label, message: `has no destination with ${wanted.text}: add one (${has})` }]);
}

/** Istio counts a destination without weight as 100 when it is alone, else as 0. */
function weightOf(branch: Destination, branches: number): number {
  const weight = branch['weight'];
  if (typeof weight === 'number') return weight;
  return branches === 1 ? 100 : 0;
}

function toBranch(branches: Destination[], index: number, place: number): Branch {
  const branch = branches[place] ?? {};
  const destination = isRecord(branch['destination']) ? branch['destination'] : {};
  const path = `/spec/http/${index}/route/${place}/destination`;
  return {
    keys: ['spec', 'http', index, 'route', place],
    tests: ['host', 'subset']
      .filter((field) => destination[field] !== undefined)
      .map((field) => ({ op: 'test', path: `${path}/${field}`, value: destination[field] })),
    weight: weightOf(branch, branches.length),
    written: branch['weight'] !== undefined,
  };
}
