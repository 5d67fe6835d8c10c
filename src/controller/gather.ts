// Gathers, from caches alone, everything one decision may look at. Reads nothing over the network.
import type { AnalysisRun, AnalysisRunStatus, TemplateSpec } from '../api/analysis.ts';
import type { KubeObject, ReplicaSet } from '../api/k8s.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH, RUN_LABELS } from '../api/names.ts';
import type { Issue } from '../api/result.ts';
import { readAnnotation } from '../api/annotations.ts';
import { ephemeralMetadataSchema } from '../api/blue-green.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';
import { resolveRun, type TemplateLookup } from '../analysis/run/resolve.ts';
import type { WatchCache } from '../kube/watch-cache.ts';
import type { Observed, SeenReplicaSet, SeenRoute, SeenRun, SeenSelector } from '../rollout/observed.ts';
import type { Plan, RunKind } from '../rollout/plan.ts';
import type { ObjectKey } from '../api/object-key.ts';
import { subsetRoutersOf } from '../traffic/routers.ts';
import { BY_OWNER, runKey, type Caches } from './caches.ts';
import { gatherCommands } from './commands.ts';
import type { Declarations } from './declaration.ts';
import { contentOf, declaredRevision } from './foreign-template.ts';
import { drivenRouters } from './references.ts';
import { asOnRecord, type Meaning } from './same-template.ts';

/** Newer statuses of runs than the cache holds. */
export type RunOverlay = (key: ObjectKey) => AnalysisRunStatus | undefined;

const RUN_KINDS: readonly RunKind[] = ['Step', 'Background', 'PrePromotion', 'PostPromotion'];

const count = (value: number | undefined): number => value ?? 0;

function seenReplicaSet(rs: ReplicaSet): SeenReplicaSet {
  const failure = rs.status?.conditions?.find((c) => c.type === 'ReplicaFailure' && c.status === 'True');
  return {
    name: rs.metadata.name,
    hash: rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? '',
    desired: rs.spec.replicas ?? 1,
    current: count(rs.status?.replicas),
    ready: count(rs.status?.readyReplicas),
    // Pods that it has just been told to let go do not count, though its status may not know of that yet.
    available: Math.min(count(rs.status?.availableReplicas), rs.spec.replicas ?? 1),
    createdAt: rs.metadata.creationTimestamp ?? '',
    ...podMetadataOf(rs),
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
}

/** As it was noted; what is no JSON of it counts as none. */
function podMetadataOf({ metadata: { annotations } }: ReplicaSet): Pick<SeenReplicaSet, 'podMetadata'> {
  const read = readAnnotation(annotations, ANNOTATIONS.podMetadata, ephemeralMetadataSchema);
  return read.ok && read.value !== undefined ? { podMetadata: read.value } : {};
}

function seenRun(run: AnalysisRun, overlay: RunOverlay): SeenRun {
  const labels = run.metadata.labels ?? {};
  const status = overlay(runKey(run.metadata.namespace, run.metadata.name)) ?? run.status;
  const step = labels[RUN_LABELS.step];
  return {
    name: run.metadata.name,
    kind: RUN_KINDS.find((kind) => kind === labels[RUN_LABELS.type]) ?? 'Background',
    hash: labels[POD_TEMPLATE_HASH] ?? '',
    attempt: Number(labels[RUN_LABELS.attempt] ?? 0),
    step: step === undefined ? undefined : Number(step),
    phase: status?.phase ?? 'Pending',
    message: status?.message,
    createdAt: run.metadata.creationTimestamp ?? '',
  };
}

/** The Services that a strategy names; one that does not exist is an issue. */
function gatherServices(caches: Caches, { services }: Plan, namespace: string, issues: Issue[]): SeenSelector[] {
  return services.flatMap(({ role, name, field }): SeenSelector[] => {
    const service = caches.services.get(namespace, name);
    if (service !== undefined) {
      const hash = service.spec.selector?.[POD_TEMPLATE_HASH] ?? null;
      return [{ kind: 'Service', name, role, hash, rejected: service.metadata.annotations?.[ANNOTATIONS.rejected] }];
    }
    const message = `Service ${name} does not exist in namespace ${namespace}; create it, or name another`;
    issues.push({ field, message });
    return [];
  });
}

export function routeCache(caches: Caches, kind: string): WatchCache<KubeObject> {
  if (kind === 'HTTPRoute') return caches.httpRoutes;
  return kind === 'DestinationRule' ? caches.destinationRules : caches.virtualServices;
}

function findRoute(
  caches: Caches,
  router: { kind: string; namespace: string; name: string },
  field: string,
  issues: Issue[],
): KubeObject | undefined {
  const cache = routeCache(caches, router.kind);
  const object = cache.get(router.namespace, router.name);
  if (object === undefined) {
    const why = cache.served
      ? `${router.kind} ${router.name} does not exist in namespace ${router.namespace}; create it, or name another`
      : `the cluster does not serve ${router.kind}; install its CRDs`;
    issues.push({ field, message: why });
  }
  return object;
}

function gatherRoutes({ caches, mayCross }: GatherInput, plan: Plan, namespace: string, issues: Issue[]): SeenRoute[] {
  const { driven, foreign } = drivenRouters(plan, namespace, mayCross);
  const field = `${plan.field}.trafficRouting`;
  issues.push(...foreign);
  return driven.flatMap((router) => {
    const object = findRoute(caches, router, field, issues);
    if (object === undefined) return [];
    const read = router.read(object);
    const of = `${router.kind} ${router.name}: `;
    if (!read.ok) issues.push(...read.error.map((i) => ({ field, message: of + `${i.field}: ${i.message}` })));
    const rejected = object.metadata.annotations?.[ANNOTATIONS.rejected];
    const { kind, name, namespace: where } = router;
    const weights = read.ok ? { canary: read.value.canary, uneven: !read.value.even } : { canary: undefined };
    return [{ kind, name, namespace: where, rejected, ...weights }];
  });
}

function gatherSubsets(caches: Caches, plan: Plan, namespace: string, issues: Issue[]): SeenSelector[] {
  const field = `${plan.field}.trafficRouting.istio.destinationRule`;
  return subsetRoutersOf(plan.traffic, namespace).flatMap((router) => {
    const object = findRoute(caches, router, field, issues);
    const read = object && router.read(object);
    if (read === undefined) return [];
    if (!read.ok) {
      issues.push(
        ...read.error.map((i) => ({
          field,
          message: `${i.field}: ${i.message}`,
        })),
      );
      return [];
    }
    const { canary: canaryHash, stable } = read.value;
    const of = (role: 'canary' | 'stable', hash: string | undefined): SeenSelector => ({
      kind: 'DestinationRule',
      name: router.name,
      role,
      hash: hash ?? null,
    });
    return [of('canary', canaryHash), of('stable', stable)];
  });
}

export function templateLookup(caches: Caches, namespace: string): TemplateLookup {
  return ({ templateName, clusterScope }): TemplateSpec | undefined =>
    clusterScope
      ? caches.clusterAnalysisTemplates.get(undefined, templateName)?.spec
      : caches.analysisTemplates.get(namespace, templateName)?.spec;
}

function checkAnalyses(caches: Caches, rollout: Rollout, { analyses }: Plan, declared: string): Issue[] {
  const namespace = rollout.metadata.namespace ?? '';
  return analyses.flatMap(({ analysis, field, finite }) => {
    const result = resolveRun(analysis, templateLookup(caches, namespace), {
      field,
      stableHash: rollout.status?.stableRS ?? declared,
      latestHash: declared,
      rollout,
      requireFinite: finite,
    });
    return result.ok ? [] : result.error;
  });
}

export interface GatherInput {
  caches: Caches;
  declarations: Declarations;
  overlay: RunOverlay;
  rollout: Rollout;
  /** What counts as recorded: newer than the object's own while a pass is under way. */
  status: RolloutStatus;
  /** Which revision the declared template is. */
  meaning: Meaning & { hash: string };
  now: number;
  /** Pods older than this have all been replaced; milliseconds since the epoch. */
  restartedBefore?: number | undefined;
  /** Whether a Rollout of this namespace may drive routes of other ones. */
  mayCross: (namespace: string) => boolean;
}

/** Going back must work whatever cannot be read: what throws is an issue. */
function attempt<T>(field: string, issues: Issue[], read: () => T[]): T[] {
  try {
    return read();
  } catch (error) {
    issues.push({
      field,
      message: `cannot be read (${error instanceof Error ? error.message : String(error)}); mend it`,
    });
    return [];
  }
}

/** The observation, or what makes the spec unusable. */
export function gather(input: GatherInput): { seen: Observed } | { unusable: Issue[] } {
  const { caches, rollout, status } = input;
  const declaration = input.declarations.of(rollout);
  if (declaration.plan === undefined) return { unusable: declaration.issues };
  const { plan } = declaration;
  const { declared, spelled, issues: foreign } = declaredRevision(rollout, status, input.meaning);
  const namespace = rollout.metadata.namespace ?? '';
  const uid = rollout.metadata.uid ?? '';
  const issues: Issue[] = [...declaration.issues, ...foreign];
  const routing = `${plan.field}.trafficRouting`;
  const services = gatherServices(caches, plan, namespace, issues);
  const subsets = attempt(routing, issues, () => gatherSubsets(caches, plan, namespace, issues));
  const routes = attempt(routing, issues, () => gatherRoutes(input, plan, namespace, issues));
  issues.push(...attempt(plan.field, issues, () => checkAnalyses(caches, rollout, plan, declared)));
  const seen: Observed = {
    now: input.now,
    namespace,
    name: rollout.metadata.name,
    generation: rollout.metadata.generation ?? 0,
    spec: rollout.spec,
    status,
    plan,
    content: contentOf(rollout),
    declared,
    spelled,
    undecided: input.meaning.undecided,
    replicaSets: caches.replicaSets
      .by(BY_OWNER, uid)
      .filter((rs) => rs.metadata.deletionTimestamp === undefined)
      .map(seenReplicaSet),
    selectors: [...services, ...subsets],
    routes,
    runs: caches.analysisRuns.by(BY_OWNER, uid).map((run) => seenRun(run, input.overlay)),
    issues,
    ...gatherCommands(rollout, status, input.meaning.undecided),
    ...(input.meaning.undecided && asOnRecord(status)),
    told: rollout.status?.recentEvents ?? [],
    restartedBefore: input.restartedBefore,
  };
  return { seen };
}
