// Handing back what is no longer driven: the pod hash goes from Services and subsets, the weights go whole to the stable destination,
// and the marks go. Pure: (objects, Rollouts) → patches. Whatever way the driving ended, what it left behind says so itself: our field
// manager owns it, and no Rollout refers to it. A hash that another manager wrote (Argo Rollouts') is never touched.
import { driverSchema, readAnnotation, type Driver } from '../api/annotations.ts';
import type { KubeObject, ObjectMeta, Resource } from '../api/k8s.ts';
import { entriesOf, holds } from '../api/managed-fields.ts';
import { AGENT_MANAGER, ANNOTATIONS, CONTROLLER_MANAGER } from '../api/names.ts';
import { refOf } from '../api/object-key.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Traffic } from '../api/traffic.ts';
import type { DrivenKind, DrivenRoute, Split, Unbound } from '../traffic/driven.ts';
import { DRIVEN_KINDS, drivenKind, isRoute, routedObjects } from '../traffic/modules.ts';
import { annotationOps, jsonWrite, type Write } from '../traffic/write.ts';
import { referenceTo, routedBy } from './references.ts';

/** An object as far as handing it back needs it. */
export type Handed = Pick<KubeObject, 'apiVersion' | 'kind'> & { metadata: ObjectMeta; spec?: unknown };

export interface HandBack extends Unbound {
  resource: Resource;
  kind: string;
  namespace: string;
  name: string;
}

/** Written on a route with its weights. */
export function driverText({ metadata }: Rollout, { canaryService, stableService, trafficRouting }: Traffic): string {
  const rollout = `${metadata.namespace ?? ''}/${metadata.name}`;
  return JSON.stringify({ rollout, canaryService, stableService, trafficRouting });
}

/**
 * What has to be handed back of `objects`, when `rollouts` are all the Rollouts that will drive anything. In the order in which it is
 * to be done. Objects need `metadata.managedFields` (or what `ownedFields` keeps of it).
 */
export function handBacks(objects: readonly Handed[], rollouts: readonly Rollout[]): HandBack[] {
  const live = rollouts.filter((rollout) => !isLeaving(rollout));
  const referred = new Set<string>();
  const unclear = new Set<string>();
  for (const rollout of live) {
    const names = routedBy(rollout);
    // What a spec that cannot be read refers to is not known: nothing near it is touched.
    if (names === undefined) unclear.add(rollout.metadata.namespace ?? '');
    else names.forEach((name) => referred.add(name));
  }
  return objects
    .filter((object) => {
      const { namespace = '' } = object.metadata;
      return !unclear.has(namespace) && !referred.has(referenceTo(refOf(object)));
    })
    .flatMap((object) => handBack(object) ?? [])
    .sort((a, b) => orderOf(a.resource) - orderOf(b.resource));
}

/** It is being deleted, or about to be: what it drives is handed back first. */
export const isLeaving = ({ metadata }: Rollout): boolean =>
  metadata.deletionTimestamp !== undefined || metadata.annotations?.[ANNOTATIONS.retire] !== undefined;

/** Routes first, so that no weight is on a canary when the selectors let go of it. */
const orderOf = (resource: Resource): number => DRIVEN_KINDS.findIndex((kind) => kind.resource === resource);

/** What hands one object back, whoever refers to it; undefined where it is not driven by Sluice. */
export function handBack(object: Handed): HandBack | undefined {
  const kind = drivenKind(refOf(object));
  if (kind === undefined || object.metadata.deletionTimestamp !== undefined) return undefined;
  const unbound = unboundOf(kind, object as KubeObject);
  if (unbound === undefined) return undefined;
  const { namespace = '', name } = object.metadata;
  return { resource: kind.resource, kind: object.kind, namespace, name, ...unbound };
}

function unboundOf(kind: DrivenKind, object: KubeObject): Unbound | undefined {
  if (kind.drives === 'split') return unboundRoute(object);
  return ownsAny(object, kind.field) ? kind.unbind(object) : undefined;
}

function unboundRoute(object: KubeObject): Unbound | undefined {
  if (!isMarked(object)) return undefined;
  const driver = readAnnotation(object.metadata.annotations, ANNOTATIONS.drivenBy, driverSchema);
  const none = { [ANNOTATIONS.drivenBy]: null, [ANNOTATIONS.rejected]: null };
  const marks = jsonWrite(annotationOps(object, none));
  if (marks === undefined) return undefined;
  if (!driver.ok || driver.value === undefined) return { write: marks, what: 'its marks are removed' };
  return unboundWeights(object, driver.value, marks);
}

/** The weights go to stable where the route can still be read as its driver had it; else nothing but the marks goes. */
function unboundWeights(object: KubeObject, driver: Driver, marks: Write): Unbound {
  const planned = routeOf(object, driver)?.plan(object, ALL_STABLE);
  if (planned?.ok && planned.value !== undefined)
    return { write: planned.value, what: 'all its traffic goes to the stable destination' };
  const why =
    planned?.ok === false
      ? planned.error.map(({ field, message }) => `${field}: ${message}`).join('; ')
      : 'it names another route';
  return { write: marks, what: `its marks are removed; its weights stay as they are (${why})` };
}

/** It has marks, and they are ours. */
const isMarked = (object: KubeObject): boolean =>
  MARKS.some(
    ([, , name = '']) =>
      object.metadata.annotations?.[name] !== undefined && owns(object, CONTROLLER_MANAGER, markPath(name)),
  );

const ALL_STABLE: Split = {
  weights: { canary: 0, stable: 100 },
  total: 100,
  preview: null,
  rejected: null,
  drivenBy: null,
};

/** The route as its driver had it. */
function routeOf({ kind, metadata: { name, namespace = '' } }: KubeObject, driver: Driver): DrivenRoute | undefined {
  const [home = ''] = driver.rollout.split('/');
  return routedObjects(driver, home)
    .filter(isRoute)
    .find((route) => route.resource.kind === kind && route.name === name && route.namespace === namespace);
}

const ownsAny = (object: KubeObject, path: readonly string[]): boolean =>
  owns(object, CONTROLLER_MANAGER, path) || owns(object, AGENT_MANAGER, path);

const owns = (object: KubeObject, manager: string, path: readonly string[]): boolean =>
  entriesOf(object).some((entry) => entry.manager === manager && entry.subresource !== 'status' && holds(entry, path));

const markPath = (name: string): string[] => ['metadata', 'annotations', name];
const MARKS = [ANNOTATIONS.drivenBy, ANNOTATIONS.rejected].map((name) => markPath(name));

/** Of `managedFields` as much as handing back needs, shared between objects: a cache keeps it. Undefined where nothing is ours. */
export function ownedFields(object: KubeObject): unknown[] | undefined {
  if (object.metadata.managedFields === OURS) return OURS;
  const kind = drivenKind(refOf(object));
  const paths = kind?.drives === 'selectors' ? [kind.field] : MARKS;
  return paths.some((path) => ownsAny(object, path)) ? OURS : undefined;
}

/** Everything below `spec` and `metadata`: what is asked of it are the fields above alone. */
const OURS: unknown[] = [
  { manager: CONTROLLER_MANAGER, operation: 'Update', fieldsV1: { 'f:spec': {}, 'f:metadata': {} } },
];
