// The watch caches the rollout controller reads, and which Rollouts a change of any object concerns.
import type { AnalysisRun, AnalysisTemplate } from '../api/analysis.ts';
import { present } from '../api/json.ts';
import type { KubeObject, ReplicaSet, Resource } from '../api/k8s.ts';
import { GROUP, POD_TEMPLATE_HASH, RESOURCES } from '../api/names.ts';
import { objectKey, type ObjectKey } from '../api/object-key.ts';
import type { ReleasePolicy } from '../api/release-policy.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Identified, KubeClient } from '../kube/types.ts';
import { WatchCache, type Change, type WatchCacheOptions } from '../kube/watch-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { drivenKind } from '../traffic/modules.ts';
import { createDrivenCaches, type DrivenCaches, type DrivenCacheDeps } from './driven-caches.ts';
import { keepWriter, withWriter } from './driven-writer.ts';
import { isRedirected, ownedFields } from './hand-back.ts';
import { kindsOf, referencesOf, routedBy } from './references.ts';

export interface CacheDeps {
  client: KubeClient;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  log: Log;
  /** Only this namespace; without it all. */
  namespace?: string | undefined;
  onRestart?: (resource: string) => void;
  /** A cache of a driven kind was opened. */
  onOpen?: DrivenCacheDeps['onOpen'];
}

export interface Caches {
  rollouts: WatchCache<Rollout>;
  replicaSets: WatchCache<ReplicaSet>;
  analysisRuns: WatchCache<AnalysisRun>;
  analysisTemplates: WatchCache<AnalysisTemplate>;
  clusterAnalysisTemplates: WatchCache<AnalysisTemplate>;
  releasePolicies: WatchCache<ReleasePolicy>;
  clusterReleasePolicies: WatchCache<ReleasePolicy>;
  /** Of the kinds that Rollouts drive. */
  driven: DrivenCaches;
}

/** All of both kinds. */
export const policiesIn = ({
  releasePolicies,
  clusterReleasePolicies,
}: Pick<Caches, 'releasePolicies' | 'clusterReleasePolicies'>): ReleasePolicy[] => [
  ...releasePolicies.list(),
  ...clusterReleasePolicies.list(),
];

/** Those that are open from the start. */
export function standing(caches: Caches): Record<string, WatchCache<Identified>> {
  const { driven: _, ...others } = caches;
  return others as unknown as Record<string, WatchCache<Identified>>;
}

/** Key of a Rollout of Sluice's own group. */
export const rolloutKey = (namespace: string | undefined, name: string): ObjectKey =>
  objectKey({ group: GROUP, kind: 'Rollout', ...(namespace && { namespace }), name });

export const runKey = (namespace: string | undefined, name: string): ObjectKey =>
  objectKey({ group: GROUP, kind: 'AnalysisRun', ...(namespace && { namespace }), name });

/** Keys of what a Rollout refers to. */
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

/** Who manages the fields that are driven: it tells what has to be handed back, and who else writes them. */
function keptFields(object: KubeObject): { managedFields?: unknown[] } {
  const managedFields = withWriter(object, ownedFields(object));
  return managedFields === undefined ? {} : { managedFields };
}

/** What is kept of the objects of a driven kind. */
function slimmed(resource: Resource): (object: KubeObject) => KubeObject {
  const slim = drivenKind(resource)?.slim ?? ((object: KubeObject): KubeObject => object);
  return (object) => {
    const kept = slim(object);
    const { managedFields: _, ...metadata } = kept.metadata;
    return { ...kept, metadata: { ...metadata, ...keptFields(object) } };
  };
}

/**
 * An unchanged generation has an unchanged spec: the object that is known is kept, and with it all that was worked out from it. The managers
 * of its fields stay, too: the agent asks who wrote a field of what it applied.
 */
function keepSpec(rollout: Rollout, known: Rollout | undefined): Rollout {
  const { generation } = rollout.metadata;
  if (generation !== undefined && known?.metadata.generation === generation) rollout.spec = known.spec;
  return rollout;
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
  const rollouts = open<Rollout>(RESOURCES.rollouts, {
    index: { [BY_REFERENCE]: referencesOf },
    transform: keepSpec,
  });
  const driven = createDrivenCaches({
    clock: deps.clock,
    open: (kind) => open<KubeObject>(kind, { transform: slimmed(kind) }),
    onOpen: deps.onOpen,
  });
  rollouts.onChange(({ type, object }) => type !== 'deleted' && driven.follow(kindsOf(object)));
  return {
    rollouts,
    replicaSets: open<ReplicaSet>(RESOURCES.replicaSets, {
      labelSelector: POD_TEMPLATE_HASH,
      transform: keepWriter,
      index: { [BY_OWNER]: ownersOrRollout },
    }),
    analysisRuns: open<AnalysisRun>(RESOURCES.analysisRuns, { index: { [BY_OWNER]: ownersOf } }),
    analysisTemplates: open<AnalysisTemplate>(RESOURCES.analysisTemplates),
    clusterAnalysisTemplates: open<AnalysisTemplate>(RESOURCES.clusterAnalysisTemplates),
    releasePolicies: open<ReleasePolicy>(RESOURCES.releasePolicies),
    clusterReleasePolicies: open<ReleasePolicy>(RESOURCES.clusterReleasePolicies),
    driven,
  };
}

/** Keys of the Rollouts that the object of a change concerns. */
function concerned(caches: Caches, object: Identified, { group, kind }: Resource): ObjectKey[] {
  const { namespace, name } = object.metadata;
  if (kind === 'Rollout') return [rolloutKey(namespace, name)];
  if (kind === 'ReplicaSet' || kind === 'AnalysisRun') {
    const owner = (object.metadata.ownerReferences ?? []).find((o) => o.controller && o.kind === 'Rollout');
    return owner === undefined ? [] : [rolloutKey(namespace, owner.name)];
  }
  if (kind === 'ReleasePolicy') return caches.rollouts.list(namespace).map(keyOf);
  if (kind === 'ClusterReleasePolicy') return caches.rollouts.list().map(keyOf);
  return caches.rollouts
    .by(BY_REFERENCE, objectKey({ group, kind, name, ...present({ namespace }) }))
    .map((rollout) => rolloutKey(rollout.metadata.namespace, rollout.metadata.name));
}

/** Keys of the other Rollouts that name what a Rollout drives, or drove until now. */
function neighboursOf({ rollouts }: Caches, { object, old }: Change<Rollout>): ObjectKey[] {
  const own = keyOf(object);
  const names = new Set([object, old].flatMap((rollout) => (rollout && routedBy(rollout)) ?? []));
  return [...names].flatMap((name) => rollouts.by(BY_REFERENCE, name).map(keyOf)).filter((key) => key !== own);
}

const keyOf = ({ metadata: { namespace, name } }: Rollout): ObjectKey => rolloutKey(namespace, name);

/** Calls `notify` with the key of every Rollout that a change of another object concerns. Returns what ends it. */
export function followAll(caches: Caches, notify: (key: ObjectKey) => void): () => void {
  const { rollouts: _, ...others } = standing(caches);
  const tell = (object: Identified, kind: Resource): void => concerned(caches, object, kind).forEach(notify);
  const ends = [
    ...Object.values(others).map((cache) => cache.onChange(({ object }) => tell(object, cache.resource))),
    caches.driven.onChange(({ object }, kind) => tell(object, kind)),
    caches.rollouts.onChange((change) => isRedirected(change) && neighboursOf(caches, change).forEach(notify)),
    caches.driven.onKnown((kind) => {
      for (const rollout of caches.rollouts.list())
        if (kindsOf(rollout).includes(kind)) notify(rolloutKey(rollout.metadata.namespace, rollout.metadata.name));
    }),
  ];
  return () => ends.forEach((end) => end());
}
