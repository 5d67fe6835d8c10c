// Gathers, from caches alone, everything one decision may look at. Reads nothing over the network.
import type { AnalysisRun, AnalysisRunStatus, TemplateSpec } from '../api/analysis.ts';
import type { KubeObject, ReplicaSet } from '../api/k8s.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH, RUN_LABELS } from '../api/names.ts';
import { parseRollout } from '../api/parse.ts';
import type { Issue } from '../api/result.ts';
import type { Canary, Rollout, RolloutStatus } from '../api/rollout.ts';
import { resolveRun, type TemplateLookup } from '../analysis/run/resolve.ts';
import type { WatchCache } from '../kube/watch-cache.ts';
import { shortHash } from '../rollout/hash.ts';
import type { Observed, SeenReplicaSet, SeenRoute, SeenRun, SeenSelector } from '../rollout/observed.ts';
import { hashOfSteps } from '../rollout/status.ts';
import type { ObjectKey } from '../api/object-key.ts';
import { subsetRoutersOf } from '../traffic/routers.ts';
import { BY_OWNER, runKey, type Caches } from './caches.ts';
import { gatherCommands } from './commands.ts';
import { analysesOf, drivenRouters } from './references.ts';

/** Newer statuses of runs than the cache holds. */
export type RunOverlay = (key: ObjectKey) => AnalysisRunStatus | undefined;

const CANARY = 'spec.strategy.canary';

const count = (value: number | undefined): number => value ?? 0;

function seenReplicaSet(rs: ReplicaSet): SeenReplicaSet {
  const failure = rs.status?.conditions?.find((c) => c.type === 'ReplicaFailure' && c.status === 'True');
  return {
    name: rs.metadata.name,
    hash: rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? '',
    desired: rs.spec.replicas ?? 1,
    current: count(rs.status?.replicas),
    ready: count(rs.status?.readyReplicas),
    available: count(rs.status?.availableReplicas),
    createdAt: rs.metadata.creationTimestamp ?? '',
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
}

function seenRun(run: AnalysisRun, overlay: RunOverlay): SeenRun {
  const labels = run.metadata.labels ?? {};
  const status = overlay(runKey(run.metadata.namespace, run.metadata.name)) ?? run.status;
  const step = labels[RUN_LABELS.step];
  return {
    name: run.metadata.name,
    kind: labels[RUN_LABELS.type] === 'Step' ? 'Step' : 'Background',
    hash: labels[POD_TEMPLATE_HASH] ?? '',
    attempt: Number(labels[RUN_LABELS.attempt] ?? 0),
    step: step === undefined ? undefined : Number(step),
    phase: status?.phase ?? 'Pending',
    message: status?.message,
    createdAt: run.metadata.creationTimestamp ?? '',
  };
}

/** The Services that a strategy names; one that does not exist is an issue. */
function gatherServices(caches: Caches, canary: Canary, namespace: string, issues: Issue[]): SeenSelector[] {
  const selectors: SeenSelector[] = [];
  for (const role of ['canary', 'stable'] as const) {
    const name = canary[`${role}Service`];
    if (name === undefined) continue;
    const service = caches.services.get(namespace, name);
    if (service === undefined) {
      const message = `Service ${name} does not exist in namespace ${namespace}; create it, or name another`;
      issues.push({ field: `${CANARY}.${role}Service`, message });
    } else {
      selectors.push({ kind: 'Service', name, role, hash: service.spec.selector?.[POD_TEMPLATE_HASH] ?? null });
    }
  }
  return selectors;
}

export function routeCache(caches: Caches, kind: string): WatchCache<KubeObject> {
  if (kind === 'HTTPRoute') return caches.httpRoutes;
  return kind === 'DestinationRule' ? caches.destinationRules : caches.virtualServices;
}

function findRoute(
  caches: Caches,
  router: { kind: string; namespace: string; name: string },
  issues: Issue[],
): KubeObject | undefined {
  const cache = routeCache(caches, router.kind);
  const object = cache.get(router.namespace, router.name);
  if (object === undefined) {
    const why = cache.served
      ? `${router.kind} ${router.name} does not exist in namespace ${router.namespace}; create it, or name another`
      : `the cluster does not serve ${router.kind}; install its CRDs`;
    issues.push({ field: `${CANARY}.trafficRouting`, message: why });
  }
  return object;
}

function gatherRoutes(
  { caches, mayCross }: GatherInput,
  canary: Canary,
  namespace: string,
  issues: Issue[],
): SeenRoute[] {
  const { driven, foreign } = drivenRouters(canary, namespace, mayCross);
  issues.push(...foreign);
  return driven.flatMap((router) => {
    const object = findRoute(caches, router, issues);
    if (object === undefined) return [];
    const read = router.read(object);
    const of = `${router.kind} ${router.name}: `;
    if (!read.ok)
      issues.push(
        ...read.error.map((i) => ({ field: `${CANARY}.trafficRouting`, message: of + `${i.field}: ${i.message}` })),
      );
    const rejected = object.metadata.annotations?.[ANNOTATIONS.rejected];
    const { kind, name, namespace: where } = router;
    const weights = read.ok ? { canary: read.value.canary, uneven: !read.value.even } : { canary: undefined };
    return [{ kind, name, namespace: where, rejected, ...weights }];
  });
}

function gatherSubsets(caches: Caches, canary: Canary, namespace: string, issues: Issue[]): SeenSelector[] {
  return subsetRoutersOf(canary, namespace).flatMap((router) => {
    const object = findRoute(caches, router, issues);
    const read = object && router.read(object);
    if (read === undefined) return [];
    if (!read.ok) {
      issues.push(
        ...read.error.map((i) => ({
          field: `${CANARY}.trafficRouting.istio.destinationRule`,
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

function checkAnalyses(caches: Caches, rollout: Rollout, canary: Canary, declared: string): Issue[] {
  const namespace = rollout.metadata.namespace ?? '';
  return analysesOf(canary).flatMap(({ analysis, field, finite }) => {
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

/** Whether a spec that was found wanting is whole enough to go back safely by it. */
function isUsable(rollout: Rollout): boolean {
  const canary = rollout.spec?.strategy?.canary;
  return (
    typeof rollout.spec?.template === 'object' &&
    typeof rollout.spec.selector === 'object' &&
    typeof canary === 'object' &&
    (canary.steps === undefined || Array.isArray(canary.steps))
  );
}

export interface GatherInput {
  caches: Caches;
  overlay: RunOverlay;
  rollout: Rollout;
  /** What counts as recorded: newer than the object's own while a pass is under way. */
  status: RolloutStatus;
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
  const parsed = parseRollout(rollout);
  if (!parsed.ok && !isUsable(rollout)) return { unusable: parsed.error };
  const namespace = rollout.metadata.namespace ?? '';
  const uid = rollout.metadata.uid ?? '';
  const canary = rollout.spec.strategy.canary ?? {};
  const issues: Issue[] = parsed.ok ? [] : [...parsed.error];
  const declared = shortHash(rollout.spec.template);
  const routing = `${CANARY}.trafficRouting`;
  const services = gatherServices(caches, canary, namespace, issues);
  const subsets = attempt(routing, issues, () => gatherSubsets(caches, canary, namespace, issues));
  const routes = attempt(routing, issues, () => gatherRoutes(input, canary, namespace, issues));
  issues.push(...attempt(CANARY, issues, () => checkAnalyses(caches, rollout, canary, declared)));
  const seen: Observed = {
    now: input.now,
    namespace,
    name: rollout.metadata.name,
    generation: rollout.metadata.generation ?? 0,
    spec: rollout.spec,
    status,
    declared,
    stepsHash: hashOfSteps(rollout),
    replicaSets: caches.replicaSets
      .by(BY_OWNER, uid)
      .filter((rs) => rs.metadata.deletionTimestamp === undefined)
      .map(seenReplicaSet),
    selectors: [...services, ...subsets],
    routes,
    runs: caches.analysisRuns.by(BY_OWNER, uid).map((run) => seenRun(run, input.overlay)),
    issues,
    ...gatherCommands(rollout, status),
    told: rollout.status?.recentEvents ?? [],
    restartedBefore: input.restartedBefore,
  };
  return { seen };
}
