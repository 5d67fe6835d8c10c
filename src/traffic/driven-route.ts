// What Istio's http routes and the Gateway API's rules have in common: a route with one weighted branch for the canary and one
// for the stable revision. Finding them is each router's; reading, patching and keeping their weights is here.
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { ANNOTATIONS } from '../api/names.ts';
import { fail, ok, type Issue, type Result } from '../api/result.ts';
import type { JsonPatchOp, ReadWeights, Router, WantedWeights, Weights } from './router.ts';

export type Keys = (string | number)[];

export interface Branch {
  /** Where it is in the object. */
  keys: Keys;
  /** Prove that the branch is still the one that was read. */
  tests: JsonPatchOp[];
  /** As it counts, with the default where none is written. */
  weight: number;
  written: boolean;
}

export interface DrivenRoute {
  /** For issues, as `spec.http[0] (primary)`. */
  label: string;
  tests: JsonPatchOp[];
  canary: Branch;
  stable: Branch;
}

/** Finds the routes of an object that a router drives, or says what has to be written for there to be any. */
export type FindRoutes = (object: KubeObject) => Result<DrivenRoute[], Issue[]>;

/** A router for one object whose driven routes `find` tells. */
export function routeRouter(at: Pick<Router, 'kind' | 'resource' | 'namespace' | 'name'>, find: FindRoutes): Router {
  return {
    ...at,
    plan(object, wanted) {
      const routes = find(object);
      return routes.ok ? planRoutes(object, routes.value, wanted) : routes;
    },
    read(object) {
      const routes = find(object);
      return routes.ok ? readRoutes(routes.value) : routes;
    },
    keep(applied, live) {
      const routes = find(applied);
      const weights = this.read(live);
      return routes.ok && weights.ok ? withWeights(applied, routes.value, weights.value) : applied;
    },
  };
}

/** RFC 6901. */
export const pointer = (keys: Keys): string =>
  keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The entries of a list, each in its place: what is no object counts as an empty one. */
export const recordsIn = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.map((entry) => (isRecord(entry) ? entry : {})) : [];

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Sends the wanted weights to every route, and marks the object; empty when all is as wanted. */
function planRoutes(object: KubeObject, routes: DrivenRoute[], wanted: WantedWeights): Result<JsonPatchOp[], Issue[]> {
  const { canary, stable } = wanted;
  if (![canary, stable].every((weight) => Number.isInteger(weight) && weight >= 0) || canary + stable !== 100) {
    return fail([{ field: 'weights', message: `canary ${canary} and stable ${stable} must be whole and sum to 100` }]);
  }
  const tests: JsonPatchOp[] = [];
  const changes: JsonPatchOp[] = [];
  for (const route of routes) {
    const writes = [...weightOp(route.canary, canary), ...weightOp(route.stable, stable)];
    if (writes.length > 0) tests.push(...route.tests, ...route.canary.tests, ...route.stable.tests);
    changes.push(...writes);
  }
  const notes = {
    [ANNOTATIONS.rejected]: wanted.rejected,
    // Who drives it is noted with what it drives, never for its own sake.
    ...((changes.length > 0 || wanted.drivenBy === null) && { [ANNOTATIONS.drivenBy]: wanted.drivenBy }),
  };
  return ok([...tests, ...changes, ...annotationOps(object, notes)]);
}

function weightOp(branch: Branch, value: number): JsonPatchOp[] {
  if (branch.weight === value) return [];
  return [{ op: branch.written ? 'replace' : 'add', path: pointer([...branch.keys, 'weight']), value }];
}

/** Sets and removes annotations; null or empty removes, undefined leaves. */
export function annotationOps(object: KubeObject, wanted: Record<string, string | null | undefined>): JsonPatchOp[] {
  const annotations = object.metadata.annotations;
  const ops: JsonPatchOp[] = [];
  const added: Record<string, string> = {};
  for (const [name, value] of Object.entries(wanted)) {
    const path = pointer(['metadata', 'annotations', name]);
    const present = annotations?.[name];
    if (value === undefined || present === (value || undefined)) continue;
    if (value === null || value === '') ops.push({ op: 'remove', path });
    else if (isRecord(annotations)) ops.push({ op: present === undefined ? 'add' : 'replace', path, value });
    else added[name] = value;
  }
  return Object.keys(added).length === 0 ? ops : [{ op: 'add', path: '/metadata/annotations', value: added }];
}

/** The weights in force, in percent; of the route with the most canary where they differ. */
function readRoutes(routes: DrivenRoute[]): Result<ReadWeights, Issue[]> {
  const issues: Issue[] = [];
  const all: Weights[] = [];
  for (const route of routes) {
    const weights = percentOf(route);
    if (weights === undefined)
      issues.push({ field: route.label, message: 'the weights sum to 0: give them a sum of 100' });
    else all.push(weights);
  }
  if (issues.length > 0) return fail(issues);
  const most = all.reduce((best, weights) => (weights.canary > best.canary ? weights : best), {
    canary: 0,
    stable: 100,
  });
  return ok({ ...most, even: all.every((weights) => weights.canary === most.canary) });
}

/** Whole percents; a branch with any weight never reads as 0. */
function percentOf({ canary, stable }: DrivenRoute): Weights | undefined {
  const total = canary.weight + stable.weight;
  if (!(total > 0)) return undefined;
  const rounded = Math.round((canary.weight / total) * 100);
  const share = Math.min(Math.max(rounded, canary.weight > 0 ? 1 : 0), stable.weight > 0 ? 99 : 100);
  return { canary: share, stable: 100 - share };
}

/** A copy of `object` with these weights on every route. */
function withWeights(object: KubeObject, routes: DrivenRoute[], weights: Weights): KubeObject {
  const copy = structuredClone(object);
  for (const route of routes) {
    setWeight(copy, route.canary.keys, weights.canary);
    setWeight(copy, route.stable.keys, weights.stable);
  }
  return copy;
}

function setWeight(root: unknown, keys: Keys, weight: number): void {
  let at = root;
  for (const key of keys) at = isRecord(at) || Array.isArray(at) ? (at as Record<string, unknown>)[key] : undefined;
  if (isRecord(at)) at['weight'] = weight;
}
