// Istio VirtualServices: http routes whose destinations are the two Services, or two subsets of one host. Owns their weights.
import { isRecord } from '../../api/json.ts';
import type { KubeObject, Resource } from '../../api/k8s.ts';
import { all, fail, ok, type Issue, type Result } from '../../api/result.ts';
import type { HeaderMatch } from '../../api/traffic.ts';
import type { DrivenRoute } from '../driven.ts';
import { entriesIn, textOf, type Entry, type SharedEntry } from '../route-form.ts';
import { sharedEntry, type BranchForm, type SideMatch } from '../shared-entry.ts';
import { weightedRoute } from '../weighted-route.ts';

export const VIRTUAL_SERVICES: Resource = {
  group: 'networking.istio.io',
  version: 'v1',
  plural: 'virtualservices',
  kind: 'VirtualService',
  namespaced: true,
};

export interface VirtualServiceTarget extends Pick<DrivenRoute, 'namespace' | 'name' | 'field'> {
  /** Names of http routes; undefined: the only one there is. */
  routes: readonly string[] | undefined;
  /** What tells the two destinations apart, and what a person has to write for each. */
  canary: DestinationMatch;
  stable: DestinationMatch;
}

export interface DestinationMatch extends SideMatch {
  /** No other Rollout has it: a Service is one's own, the name of a subset is not. */
  readonly isOwn: boolean;
}

const destinationOf = ({ destination }: Entry): Entry => (isRecord(destination) ? destination : {});

/** A destination whose host is a Service, by its short or full name. */
export function hostMatch(service: string, namespace: string): DestinationMatch {
  return {
    text: `host ${service}`,
    isOwn: true,
    matches(branch) {
      const [name = '', hostNamespace] = textOf(destinationOf(branch)['host']).split('.');
      return name !== '' && name === service && (hostNamespace === undefined || hostNamespace === namespace);
    },
  };
}

/** A destination that names a subset of a DestinationRule. */
export const subsetMatch = (subset: string): DestinationMatch => ({
  text: `subset ${subset}`,
  isOwn: false,
  matches: (branch) => destinationOf(branch)['subset'] === subset,
});

export const LIST = ['spec', 'http'] as const;

const DESTINATIONS: BranchForm = {
  list: 'route',
  noun: 'destination',
  leadsBy: [
    ['destination', 'host'],
    ['destination', 'subset'],
  ],
  textOf(branch) {
    const { host, subset } = destinationOf(branch);
    return `${textOf(host)}${subset === undefined ? '' : ` subset ${textOf(subset)}`}`;
  },
  /** Istio counts a destination without weight as 100 when it is alone, else as 0. */
  weightOf({ weight }, count) {
    if (typeof weight === 'number') return weight;
    return count === 1 ? 100 : 0;
  },
};

export function virtualService(target: VirtualServiceTarget): DrivenRoute {
  const { namespace, name, field } = target;
  return weightedRoute(
    { resource: VIRTUAL_SERVICES, namespace, name, field },
    {
      find: (object) => sharedRoutes(object, target),
      previews: {
        list: LIST,
        key: keyOf(target),
        preview,
        asked: (route) =>
          entriesIn(route['match'])
            .flatMap(({ headers }) => (isRecord(headers) ? Object.keys(headers) : []))
            .map((name) => name.toLowerCase()),
        isPreview: (route, { names }) => names.includes(textOf(route['name'])) && leadsTo(route, target.canary),
      },
    },
  );
}

/** Names of the routes for requests that are shown the candidate; no route of a person's is called so. */
const PREVIEW = 'sluice-preview';

const keyOf = ({ canary, routes = [] }: VirtualServiceTarget): string =>
  [canary.text, ...(canary.isOwn ? [] : routes)].join(' ');

function leadsTo(route: Entry, destination: DestinationMatch): boolean {
  const [branch] = entriesIn(route['route']);
  return branch !== undefined && destination.matches(branch);
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
  const form = { of: `VirtualService ${target.name}`, branches: DESTINATIONS, sides: target };
  return all(chosen.value.map((place) => sharedEntry(http[place] ?? {}, [...LIST, place], form)));
}

/** Places in spec.http of the routes to drive. */
function chooseRoutes(routes: Entry[], target: VirtualServiceTarget): Result<number[], Issue[]> {
  const http = routes.map((route, place) => ({ place, name: textOf(route['name']), route }));
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
