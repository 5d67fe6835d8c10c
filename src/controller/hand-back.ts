// Handing back what is no longer driven: the pod hash goes from Services and subsets, the weights go whole to the stable destination,
// and the marks go. Pure: (objects, Rollouts) → patches. Whatever way the driving ended, what it left behind says so itself: our field
// manager owns it, and the Rollout that it names does not refer to it. A hash that another manager wrote (Argo Rollouts') is never touched.
import type { KubeObject, ObjectMeta, Resource } from '../api/k8s.ts';
import { entriesOf, holds } from '../api/managed-fields.ts';
import { AGENT_MANAGER, ANNOTATIONS, CONTROLLER_MANAGER } from '../api/names.ts';
import { objectKey, objectKeyOf, qualifiedName, refOf, type ObjectKey } from '../api/object-key.ts';
import type { Issue } from '../api/result.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Change } from '../kube/watch-cache.ts';
import type { DrivenKind, DrivenObject, DrivenRoute, DrivenSelector, Split } from '../traffic/driven.ts';
import { planOf } from '../rollout/compile.ts';
import { drivenOf, idOf } from '../traffic/driven-objects.ts';
import { driverOn, marksWrite, notedOn, type Marking } from '../traffic/marks.ts';
import { DRIVEN_KINDS, drivenKind, isRoute } from '../traffic/modules.ts';
import { annotationOps, jsonWrite, type Write } from '../traffic/write.ts';
import { driverOf, droppedOf, placesOf, routeOf, type Going } from './driver-note.ts';

/** An object as far as handing it back needs it. */
export type Handed = Pick<KubeObject, 'apiVersion' | 'kind'> & { metadata: ObjectMeta; spec?: unknown };

/** What is to be done to an object, or why nothing can be. */
export interface HandBack {
  readonly resource: Resource;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name` of the Rollout whose part it is; undefined: of whoever drove it. */
  readonly rollout: string | undefined;
  /** Others go on driving parts of the object. */
  readonly isShared: boolean;
  /** It goes on driving the rest. */
  readonly isPart?: boolean;
  /** Undefined: it cannot be handed back as it is now. */
  readonly write: Write | undefined;
  /** For a person: what is done, or what hinders it. */
  readonly what: string;
}

/** What goes on being driven of one object. */
export interface Kept {
  /** Whether a Rollout that has noted something on it goes on driving it, or may. */
  goesOn(rollout: string): boolean;
  /** How one does that goes on; undefined where it does not, or that cannot be told. */
  by(rollout: string): Going | undefined;
  /** All that is driven of it. */
  readonly driven: readonly DrivenObject[];
}

export const NOTHING_KEPT: Kept = { goesOn: () => false, by: () => undefined, driven: [] };

/**
 * What has to be handed back of `objects`, when `rollouts` are all the Rollouts that will drive anything. In the order in which it is
 * to be done. Objects need `metadata.managedFields` (or what `ownedFields` keeps of it). Of an object with several the first write comes
 * first: after it the next one is another.
 */
export function handBacks(objects: readonly Handed[], rollouts: readonly Rollout[]): HandBack[] {
  const { of, unclear } = keptBy(rollouts.filter((rollout) => !isLeaving(rollout)));
  return objects
    .filter(({ metadata: { namespace = '' } }) => !unclear.has(namespace))
    .flatMap((object) => handBack(object, of(objectKeyOf(object))))
    .sort((a, b) => orderOf(a.resource) - orderOf(b.resource));
}

interface KeptBy {
  readonly of: (object: ObjectKey) => Kept;
  /** Namespaces in which a spec that cannot be read may refer to anything: nothing near it is touched. */
  readonly unclear: ReadonlySet<string>;
}

function keptBy(rollouts: readonly Rollout[]): KeptBy {
  const kept = new Map<ObjectKey, { by: Map<string, Rollout>; driven: DrivenObject[] }>();
  const unread = new Set<string>();
  const unclear = new Set<string>();
  for (const rollout of rollouts) {
    const driven = drivenOf(rollout);
    if (driven === undefined) {
      unread.add(qualifiedName(rollout.metadata));
      unclear.add(rollout.metadata.namespace ?? '');
    }
    for (const each of driven ?? []) {
      const key = objectKey(idOf(each));
      const { by, driven: all } = kept.get(key) ?? { by: new Map<string, Rollout>(), driven: [] as DrivenObject[] };
      all.push(each);
      kept.set(key, { by: by.set(qualifiedName(rollout.metadata), rollout), driven: all });
    }
  }
  const of = (object: ObjectKey): Kept => {
    const { by, driven = [] } = kept.get(object) ?? {};
    return {
      goesOn: (rollout) => unread.has(rollout) || by?.has(rollout) === true,
      by: (rollout) => goingOn(by?.get(rollout), object),
      driven,
    };
  };
  return { of, unclear };
}

function goingOn(rollout: Rollout | undefined, object: ObjectKey): Going | undefined {
  const traffic = rollout && planOf(rollout)?.traffic;
  const driven = (rollout && drivenOf(rollout)) ?? [];
  return traffic && { driver: driverOf(traffic), driven: driven.filter((each) => objectKey(idOf(each)) === object) };
}

/** It is being deleted, or about to be: what it drives is handed back first. */
export const isLeaving = ({ metadata }: Rollout): boolean =>
  metadata.deletionTimestamp !== undefined || metadata.annotations?.[ANNOTATIONS.retire] !== undefined;

/** What it drives, and whether it does, may be other than before: it is gone, its spec was changed, or it leaves, or does not any more. */
export const isRedirected = ({ type, object, old }: Change<Rollout>): boolean =>
  type === 'deleted' ||
  old?.metadata.generation !== object.metadata.generation ||
  isLeaving(object) !== (old !== undefined && isLeaving(old));

/** Routes first, so that no weight is on a canary when the selectors let go of it. */
const orderOf = (resource: Resource): number => DRIVEN_KINDS.findIndex((kind) => kind.resource === resource);

/** What hands one object back but for what is kept of it; empty where nothing of it is Sluice's to hand back. */
export function handBack(object: Handed, kept: Kept = NOTHING_KEPT): HandBack[] {
  const kind = drivenKind(refOf(object));
  if (kind === undefined || object.metadata.deletionTimestamp !== undefined) return [];
  const { namespace = '', name } = object.metadata;
  const at = { resource: kind.resource, kind: object.kind, namespace, name, isShared: kept.driven.length > 0 };
  return unboundOf(kind, object as KubeObject, kept).map((each) => ({ ...at, ...each }));
}

type Part = Pick<HandBack, 'rollout' | 'isPart' | 'write' | 'what'>;

function unboundOf(kind: DrivenKind, object: KubeObject, kept: Kept): Part[] {
  if (kind.drives === 'split') return isMarked(object) ? unboundRoute(object, kept) : [];
  const parts = ownsAny(object, kind.field) ? partsOf(object, kept) : undefined;
  const unbound = parts && kind.unbind(object, parts);
  return unbound === undefined ? [] : [{ rollout: undefined, ...unbound }];
}

/** Parts that go on being driven; undefined where that cannot be told: what is named now may be what was named before. */
function partsOf(object: KubeObject, { driven }: Kept): ReadonlySet<string> | undefined {
  const selectors = driven.filter((each): each is DrivenSelector => !isRoute(each));
  return selectors.every((each) => each.read(object).ok) ? new Set(selectors.flatMap(({ parts }) => parts)) : undefined;
}

function unboundRoute(object: KubeObject, kept: Kept): Part[] {
  const noted = notedOn(object);
  const gone = noted.filter((rollout) => !kept.goesOn(rollout));
  if (noted.length > 0)
    return [
      ...gone.map((rollout) => ({ rollout, ...unboundEntries(object, rollout, kept) })),
      ...noted.flatMap((rollout) => unboundDropped(object, rollout, kept)),
    ];
  // Nobody is named: they were spoilt.
  const write = kept.driven.length === 0 ? jsonWrite(annotationOps(object, NO_MARKS)) : undefined;
  return write === undefined ? [] : [{ rollout: undefined, write, what: 'its marks are removed' }];
}

function unboundEntries(object: KubeObject, rollout: string, kept: Kept): Pick<Part, 'write' | 'what'> {
  const marking: Marking = { rollout, rejected: null, driver: null };
  const driver = driverOn(object, rollout);
  const marks = marksWrite(object, marking);
  if (driver === undefined) return { write: marks, what: 'its marks are removed' };
  const route = routeOf(object, rollout, driver);
  if (route === undefined)
    return { write: marks, what: 'its marks are removed; its weights stay as they are (it names another route)' };
  if (isTakenOver(object, route, kept)) return { write: marks, what: 'its marks are removed' };
  return unboundWeights(object, route, marking, marks);
}

/** What a Rollout that goes on driving others of its entries names no more. */
function unboundDropped(object: KubeObject, rollout: string, kept: Kept): Part[] {
  const going = kept.by(rollout);
  const dropped = going && droppedOf(object, rollout, going);
  if (dropped === undefined) return [];
  const { route, places, previews: preview } = dropped;
  const others = placesOf(object, kept.driven);
  const left = new Set(places.filter((place) => !others.has(place)));
  const marking: Marking = { rollout, driver: going?.driver };
  const planned = route.plan(object, { ...ALL_STABLE, places: left, preview, marking });
  const write = (planned.ok ? planned.value : undefined) ?? marksWrite(object, marking);
  return [{ rollout, isPart: true, write, what: 'the routes that it names no more go to the stable destination' }];
}

/** Another Rollout, as the same one under another name, drives the same entries: they are its to bring where it wants them. */
function isTakenOver(object: KubeObject, route: DrivenRoute, { driven }: Kept): boolean {
  const others = placesOf(object, driven);
  return route.places(object).some((place) => others.has(place));
}

/** The weights go to stable where the route can still be read as its driver had it; else nothing but the marks goes. */
function unboundWeights(
  object: KubeObject,
  route: DrivenRoute,
  marking: Marking,
  marks: Write | undefined,
): Pick<Part, 'write' | 'what'> {
  const planned = route.plan(object, { ...ALL_STABLE, marking });
  if (planned.ok) return { write: planned.value, what: 'all its traffic goes to the stable destination' };
  const why = textOf(planned.error);
  // The copies in it would be nobody's without the marks: it is come back to when the route has changed.
  if (route.hasCopies(object))
    return { write: undefined, what: `its weights and the previews in it stay until it can be read (${why})` };
  return { write: marks, what: `its marks are removed; its weights stay as they are (${why})` };
}

const textOf = (issues: readonly Issue[]): string =>
  issues.map(({ field, message }) => `${field}: ${message}`).join('; ');

/** It has marks, and they are ours. */
const isMarked = (object: KubeObject): boolean =>
  MARKS.some(
    ([, , name = '']) =>
      object.metadata.annotations?.[name] !== undefined && owns(object, CONTROLLER_MANAGER, markPath(name)),
  );

const ALL_STABLE: Split = { weights: { canary: 0, stable: 100 }, total: 100, preview: null };

const ownsAny = (object: KubeObject, path: readonly string[]): boolean =>
  owns(object, CONTROLLER_MANAGER, path) || owns(object, AGENT_MANAGER, path);

const owns = (object: KubeObject, manager: string, path: readonly string[]): boolean =>
  entriesOf(object).some((entry) => entry.manager === manager && entry.subresource !== 'status' && holds(entry, path));

const markPath = (name: string): string[] => ['metadata', 'annotations', name];
const MARK_NAMES = [ANNOTATIONS.drivenBy, ANNOTATIONS.rejected, ANNOTATIONS.preview];
const NO_MARKS = Object.fromEntries(MARK_NAMES.map((name) => [name, null]));
const MARKS = MARK_NAMES.map(markPath);

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
