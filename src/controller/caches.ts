// The watch caches the rollout controller reads, and which Rollouts a change of any object concerns.
import type { AnalysisRun, AnalysisTemplate } from '../api/analysis.ts';
import type { KubeObject, ReplicaSet, Resource, Service } from '../api/k8s.ts';
import { ANNOTATIONS, GROUP, POD_TEMPLATE_HASH, RESOURCES } from '../api/names.ts';
import { objectKey, type ObjectKey } from '../api/object-key.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Identified, KubeClient } from '../kube/types.ts';
import { keepManagedFields, WatchCache, type WatchCacheOptions } from '../kube/watch-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { ownedFields } from './hand-back.ts';
import { referencesOf } from './references.ts';

export interface CacheDeps {
  client: KubeClient;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  log: Log;
  /** Only this namespace; without it all. */
  namespace?: string | undefined;
  onRestart?: (resource: string) => void;
}

export interface Caches {
  rollouts: WatchCache<Rollout>;
  replicaSets: WatchCache<ReplicaSet>;
  services: WatchCache<Service>;
  analysisRuns: WatchCache<AnalysisRun>;
  analysisTemplates: WatchCache<AnalysisTemplate>;
  clusterAnalysisTemplates: WatchCache<AnalysisTemplate>;
  virtualServices: WatchCache<KubeObject>;
  destinationRules: WatchCache<KubeObject>;
  httpRoutes: WatchCache<KubeObject>;
}

/** Key of a Rollout of Sluice's own group. */
export const rolloutKey = (namespace: string | undefined, name: string): ObjectKey =>
  objectKey({ group: GROUP, kind: 'Rollout', ...(namespace && { namespace }), name });

export const runKey = (namespace: string | undefined, name: string): ObjectKey =>
  objectKey({ group: GROUP, kind: 'AnalysisRun', ...(namespace && { namespace }), name });

/** Names of what a Rollout refers to, as `kind/namespace/name`. */
export const BY_REFERENCE = 'byReference';
/** Uid of the owner that controls an object. */
export const BY_OWNER = 'byOwner';

/** Key of the index for ReplicaSets of a Rollout that nobody controls. */
export const orphanKey = (namespace: string | undefined, rollout: string): string =>
  `orphan/${namespace ?? ''}/${rollout}`;

/** The owner that controls it; where none does, the Rollout that its name tells of. */
function ownersOrRollout(object: Identified): string[] {
  const owners = ownersOf(object);
  const { name, namespace } = object.metadata;
  return owners.length > 0 ? owners : [orphanKey(namespace, name.slice(0, name.lastIndexOf('-')))];
}

const ownersOf = (object: Identified): string[] =>
  (object.metadata.ownerReferences ?? []).filter((owner) => owner.controller).map((owner) => owner.uid);

/** Who manages the fields that are driven, where that is Sluice: it tells what has to be handed back. */
function keptFields(object: KubeObject): { managedFields?: unknown[] } {
  const managedFields = ownedFields(object);
  return managedFields === undefined ? {} : { managedFields };
}

function slimDriven(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, ...keptFields(object) } };
}

/** Of a Service only what routing needs is kept: there are many, and most are nobody's canary. */
function slimService(service: Service): Service {
  const { name, namespace, uid, resourceVersion, annotations } = service.metadata;
  const rejected = annotations?.[ANNOTATIONS.rejected];
  return {
    apiVersion: service.apiVersion,
    kind: service.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(rejected === undefined ? {} : { annotations: { [ANNOTATIONS.rejected]: rejected } }),
      ...keptFields(service as unknown as KubeObject),
    },
    spec: service.spec.selector === undefined ? {} : { selector: service.spec.selector },
  };
}

/** A watch cache for each kind that a Rollout has to do with. None is open before it is started. */
export function createCaches(deps: CacheDeps): Caches {
  const open = <T extends Identified>(resource: Resource, more: Partial<WatchCacheOptions<T>> = {}): WatchCache<T> =>
    new WatchCache<T>({
      client: deps.client,
      clock: deps.clock,
      random: deps.random,
      log: deps.log,
      resource,
      ...(deps.namespace !== undefined && resource.namespaced ? { namespace: deps.namespace } : {}),
      ...(deps.onRestart ? { onRestart: () => deps.onRestart?.(resource.plural) } : {}),
      ...more,
    });
  return {
    // The agent asks who wrote a field of what it applied.
    rollouts: open<Rollout>(RESOURCES.rollouts, {
      index: { [BY_REFERENCE]: referencesOf },
      transform: keepManagedFields,
    }),
    replicaSets: open<ReplicaSet>(RESOURCES.replicaSets, {
      labelSelector: POD_TEMPLATE_HASH,
      index: { [BY_OWNER]: ownersOrRollout },
    }),
    services: open<Service>(RESOURCES.services, { transform: slimService }),
    analysisRuns: open<AnalysisRun>(RESOURCES.analysisRuns, { index: { [BY_OWNER]: ownersOf } }),
    analysisTemplates: open<AnalysisTemplate>(RESOURCES.analysisTemplates),
    clusterAnalysisTemplates: open<AnalysisTemplate>(RESOURCES.clusterAnalysisTemplates),
    virtualServices: open<KubeObject>(RESOURCES.virtualServices, { transform: slimDriven }),
    destinationRules: open<KubeObject>(RESOURCES.destinationRules, { transform: slimDriven }),
    httpRoutes: open<KubeObject>(RESOURCES.httpRoutes, { transform: slimDriven }),
  };
}

/** Keys of the Rollouts that the object of a change concerns. */
function concerned(caches: Caches, object: Identified & { kind?: string }, kind: string): ObjectKey[] {
  const { namespace, name } = object.metadata;
  if (kind === 'Rollout') return [rolloutKey(namespace, name)];
  if (kind === 'ReplicaSet' || kind === 'AnalysisRun') {
    const owner = (object.metadata.ownerReferences ?? []).find((o) => o.controller && o.kind === 'Rollout');
    return owner === undefined ? [] : [rolloutKey(namespace, owner.name)];
  }
  return caches.rollouts
    .by(BY_REFERENCE, `${kind}/${namespace ?? ''}/${name}`)
    .map((rollout) => rolloutKey(rollout.metadata.namespace, rollout.metadata.name));
}

/** Calls `notify` with the key of every Rollout that a change of another object concerns. Returns what ends it. */
export function followAll(caches: Caches, notify: (key: ObjectKey) => void): () => void {
  const kinds: [WatchCache<Identified>, string][] = [
    [caches.replicaSets as unknown as WatchCache<Identified>, 'ReplicaSet'],
    [caches.services as unknown as WatchCache<Identified>, 'Service'],
    [caches.analysisRuns as unknown as WatchCache<Identified>, 'AnalysisRun'],
    [caches.analysisTemplates as unknown as WatchCache<Identified>, 'AnalysisTemplate'],
    [caches.clusterAnalysisTemplates as unknown as WatchCache<Identified>, 'ClusterAnalysisTemplate'],
    [caches.virtualServices as unknown as WatchCache<Identified>, 'VirtualService'],
    [caches.destinationRules as unknown as WatchCache<Identified>, 'DestinationRule'],
    [caches.httpRoutes as unknown as WatchCache<Identified>, 'HTTPRoute'],
  ];
  const ends = kinds.map(([cache, kind]) =>
    cache.onChange((change) => concerned(caches, change.object, kind).forEach(notify)),
  );
  return () => ends.forEach((end) => end());
}
