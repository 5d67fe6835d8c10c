// Handing back what is no longer driven: the pod hash goes from Services and subsets, the weights go whole to the stable destination,
// and the marks go. Pure: (objects, Rollouts) → patches. Whatever way the driving ended, what it left behind says so itself: our field
// manager owns it, and no Rollout refers to it. A hash that another manager wrote (Argo Rollouts') is never touched.
import { driverSchema, readAnnotation } from '../api/annotations.ts';
import { isRecord } from '../api/json.ts';
import type { KubeObject, ObjectMeta, Resource } from '../api/k8s.ts';
import { entriesOf, holds } from '../api/managed-fields.ts';
import { AGENT_MANAGER, ANNOTATIONS, CONTROLLER_MANAGER, POD_TEMPLATE_HASH, RESOURCES } from '../api/names.ts';
import { refOf } from '../api/object-key.ts';
import type { Rollout, Traffic } from '../api/rollout.ts';
import { annotationOps, pointer, recordsIn } from '../traffic/driven-route.ts';
import type { JsonPatchOp } from '../traffic/router.ts';
import { routersOf } from '../traffic/routers.ts';
import { routedBy } from './references.ts';

/** An object as far as handing it back needs it. */
export type Handed = Pick<KubeObject, 'apiVersion' | 'kind'> & { metadata: ObjectMeta; spec?: unknown };

export interface HandBack {
  resource: Resource;
  kind: string;
  namespace: string;
  name: string;
  /** RFC 6902, `test` operations in front. */
  patch: JsonPatchOp[];
  /** For a person: what is done to the object. */
  what: string;
}

/** Written on a route with its weights. */
export function driverText({ metadata }: Rollout, { canaryService, stableService, trafficRouting }: Traffic): string {
  const rollout = `${metadata.namespace ?? ''}/${metadata.name}`;
  return JSON.stringify({ rollout, canaryService, stableService, trafficRouting });
}

/** Routes first, so that no weight is on a canary when the selectors let go of it. */
const KINDS: Record<string, { resource: Resource; order: number; plan: (object: KubeObject) => Planned | undefined }> =
  {
    VirtualService: { resource: RESOURCES.virtualServices, order: 0, plan: planRoute },
    HTTPRoute: { resource: RESOURCES.httpRoutes, order: 0, plan: planRoute },
    DestinationRule: { resource: RESOURCES.destinationRules, order: 1, plan: planSubsets },
    Service: { resource: RESOURCES.services, order: 2, plan: planService },
  };

interface Planned {
  patch: JsonPatchOp[];
  what: string;
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
    .filter(({ kind, metadata: { namespace = '', name } }) => {
      return !unclear.has(namespace) && !referred.has(`${kind}/${namespace}/${name}`);
    })
    .flatMap((object) => handBack(object) ?? [])
    .sort((a, b) => (KINDS[a.kind]?.order ?? 0) - (KINDS[b.kind]?.order ?? 0));
}

/** It is being deleted, or about to be: what it drives is handed back first. */
export const isLeaving = ({ metadata }: Rollout): boolean =>
  metadata.deletionTimestamp !== undefined || metadata.annotations?.[ANNOTATIONS.retire] !== undefined;

/** What hands one object back, whoever refers to it; undefined where it is not driven by Sluice. */
export function handBack(object: Handed): HandBack | undefined {
  const kind = KINDS[object.kind];
  if (kind === undefined || refOf(object).group !== kind.resource.group) return undefined;
  if (object.metadata.deletionTimestamp !== undefined) return undefined;
  const planned = kind.plan(object as KubeObject);
  if (planned === undefined) return undefined;
  const { namespace = '', name } = object.metadata;
  return { resource: kind.resource, kind: object.kind, namespace, name, ...planned };
}

function planService(object: KubeObject): Planned | undefined {
  const selector = isRecord(object.spec) ? object.spec['selector'] : undefined;
  const hash = isRecord(selector) ? selector[POD_TEMPLATE_HASH] : undefined;
  if (typeof hash !== 'string' || !ownsAny(object, ['spec', 'selector', POD_TEMPLATE_HASH])) return undefined;
  const path = pointer(['spec', 'selector', POD_TEMPLATE_HASH]);
  return {
    patch: [
      { op: 'test', path, value: hash },
      { op: 'remove', path },
      ...annotationOps(object, { [ANNOTATIONS.rejected]: null }),
    ],
    what: `its selector is no longer bound to revision ${hash}`,
  };
}

function planSubsets(object: KubeObject): Planned | undefined {
  if (!ownsAny(object, ['spec', 'subsets'])) return undefined;
  const ops = recordsIn(isRecord(object.spec) ? object.spec['subsets'] : undefined).flatMap((subset, at) => {
    const hash = isRecord(subset['labels']) ? subset['labels'][POD_TEMPLATE_HASH] : undefined;
    if (hash === undefined) return [];
    const path = pointer(['spec', 'subsets', at, 'labels', POD_TEMPLATE_HASH]);
    const test: JsonPatchOp = { op: 'test', path, value: hash };
    return [test, { op: 'remove', path } as const];
  });
  const patch = [...ops.filter((op) => op.op === 'test'), ...ops.filter((op) => op.op !== 'test')];
  return patch.length === 0 ? undefined : { patch, what: 'its subsets are no longer bound to a revision' };
}

function planRoute(object: KubeObject): Planned | undefined {
  const { annotations } = object.metadata;
  const isOurs = [ANNOTATIONS.drivenBy, ANNOTATIONS.rejected].some(
    (name) => annotations?.[name] !== undefined && owns(object, CONTROLLER_MANAGER, ['metadata', 'annotations', name]),
  );
  if (!isOurs) return undefined;
  const driver = readAnnotation(annotations, ANNOTATIONS.drivenBy, driverSchema);
  const marks = annotationOps(object, { [ANNOTATIONS.drivenBy]: null, [ANNOTATIONS.rejected]: null });
  if (!driver.ok || driver.value === undefined) return { patch: marks, what: 'its marks are removed' };
  const [namespace = ''] = driver.value.rollout.split('/');
  const { name, namespace: own = '' } = object.metadata;
  const router = routersOf(driver.value, namespace).find(
    (r) => r.kind === object.kind && r.name === name && r.namespace === own,
  );
  const plan = router?.plan(object, { canary: 0, stable: 100, rejected: null, drivenBy: null });
  if (!plan?.ok) {
    const why = plan?.error.map((issue) => `${issue.field}: ${issue.message}`).join('; ') ?? 'it names another route';
    return { patch: marks, what: `its marks are removed; its weights stay as they are (${why})` };
  }
  return { patch: plan.value, what: 'all its traffic goes to the stable destination' };
}

const ownsAny = (object: KubeObject, path: readonly string[]): boolean =>
  owns(object, CONTROLLER_MANAGER, path) || owns(object, AGENT_MANAGER, path);

const owns = (object: KubeObject, manager: string, path: readonly string[]): boolean =>
  entriesOf(object).some((entry) => entry.manager === manager && entry.subresource !== 'status' && holds(entry, path));

const FIELDS: Record<string, readonly (readonly string[])[]> = {
  Service: [['spec', 'selector', POD_TEMPLATE_HASH]],
  DestinationRule: [['spec', 'subsets']],
};
const MARKS = [ANNOTATIONS.drivenBy, ANNOTATIONS.rejected].map((name) => ['metadata', 'annotations', name]);

/** Of `managedFields` as much as handing back needs, shared between objects: a cache keeps it. Undefined where nothing is ours. */
export function ownedFields(object: KubeObject): unknown[] | undefined {
  const paths = FIELDS[object.kind] ?? MARKS;
  if (object.metadata.managedFields === OURS) return OURS;
  return paths.some((path) => ownsAny(object, path)) ? OURS : undefined;
}

/** Everything below `spec` and `metadata`: what is asked of it are the fields above alone. */
const OURS: unknown[] = [
  { manager: CONTROLLER_MANAGER, operation: 'Update', fieldsV1: { 'f:spec': {}, 'f:metadata': {} } },
];
