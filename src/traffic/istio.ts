// Istio VirtualServices: http routes whose destinations are the two Services, or two subsets of one host. Owns their weights.
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import { fail, ok, type Issue, type Result } from '../api/result.ts';
import { recordsIn, routeRouter, textOf, type Branch, type DrivenRoute } from './driven-route.ts';
import type { Router } from './router.ts';

type Destination = Record<string, unknown>;

export interface VirtualServiceTarget {
  namespace: string;
  name: string;
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
}

/** A destination whose host is a Service, by its short or full name. */
export function hostMatch(service: string, namespace: string): DestinationMatch {
  return {
    text: `host ${service}`,
    matches(destination) {
      const [name, hostNamespace] = textOf(destination['host']).split('.');
      return name === service && (hostNamespace === undefined || hostNamespace === namespace);
    },
  };
}

/** A destination that names a subset of a DestinationRule. */
export function subsetMatch(subset: string): DestinationMatch {
  return { text: `subset ${subset}`, matches: (destination) => destination['subset'] === subset };
}

export function virtualServiceRouter(target: VirtualServiceTarget): Router {
  const { namespace, name } = target;
  const at = { kind: 'VirtualService', resource: RESOURCES.virtualServices, namespace, name } as const;
  return routeRouter(at, (object) => drivenRoutes(object, target));
}

function drivenRoutes(object: KubeObject, target: VirtualServiceTarget): Result<DrivenRoute[], Issue[]> {
  const http = recordsIn(isRecord(object.spec) ? object.spec['http'] : undefined);
  const chosen = chooseRoutes(http, target);
  if (!chosen.ok) return chosen;
  const issues: Issue[] = [];
  const driven: DrivenRoute[] = [];
  for (const index of chosen.value) {
    const route = drivenRoute(http[index] ?? {}, index, target);
    if (route.ok) driven.push(route.value);
    else issues.push(...route.error);
  }
  return issues.length > 0 ? fail(issues) : ok(driven);
}

/** Places in spec.http of the routes to drive. */
function chooseRoutes(http: Destination[], target: VirtualServiceTarget): Result<number[], Issue[]> {
  const names = http.map((route) => textOf(route['name'])).filter((name) => name !== '');
  const there = names.length > 0 ? `it has ${names.join(', ')}` : 'its routes have no names';
  const at = `VirtualService ${target.name}: spec.http`;
  if (target.routes === undefined || target.routes.length === 0) {
    if (http.length === 1) return ok([0]);
    const message =
      http.length === 0
        ? 'has no http route: add one with a destination for the canary and one for the stable revision'
        : `has ${http.length} http routes (${there}): name those to drive in trafficRouting.istio.virtualService.routes`;
    return fail([{ field: at, message }]);
  }
  const issues: Issue[] = [];
  const places = new Set<number>();
  for (const name of target.routes) {
    const found = http.flatMap((route, index) => (route['name'] === name ? [index] : []));
    if (found.length === 1 && found[0] !== undefined) places.add(found[0]);
    else if (found.length === 0) issues.push({ field: at, message: `has no route named ${name}: ${there}` });
    else issues.push({ field: at, message: `has ${found.length} routes named ${name}: names must be unique` });
  }
  return issues.length > 0 ? fail(issues) : ok([...places]);
}

function drivenRoute(route: Destination, index: number, target: VirtualServiceTarget): Result<DrivenRoute, Issue[]> {
  const name = textOf(route['name']);
  const label = `VirtualService ${target.name}: spec.http[${index}]${name === '' ? '' : ` (${name})`}`;
  const branches = recordsIn(route['route']);
  const destinations = branches.map((branch) => (isRecord(branch['destination']) ? branch['destination'] : {}));
  const canary = only(destinations, target.canary, label);
  const stable = only(destinations, target.stable, label);
  const issues = [canary, stable].flatMap((found) => (found.ok ? [] : found.error));
  branches.forEach((branch, place) => {
    const ours = [canary, stable].some((found) => found.ok && found.value === place);
    if (ours || weightOf(branch, branches.length) === 0 || issues.length > 0) return;
    const host = textOf(destinations[place]?.['host']);
    const message = `also sends traffic to ${host}: remove this destination or give it weight 0, so that the weights sum to 100`;
    issues.push({ field: label, message });
  });
  if (!canary.ok || !stable.ok || issues.length > 0) return fail(issues);
  const branchAt = (place: number): Branch => toBranch(branches, index, place);
  const tests = name === '' ? [] : [{ op: 'test' as const, path: `/spec/http/${index}/name`, value: name }];
  return ok({ label, tests, canary: branchAt(canary.value), stable: branchAt(stable.value) });
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
