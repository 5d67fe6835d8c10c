// Gathers, from caches alone, everything one decision may look at. Reads nothing over the network.
import type { AnalysisRun, AnalysisRunStatus } from '../api/analysis.ts';
import type { KubeObject, ReplicaSet } from '../api/k8s.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH, RUN_LABELS } from '../api/names.ts';
import { closureBy } from '../api/release-policy.ts';
import type { Issue } from '../api/result.ts';
import { readAnnotation } from '../api/annotations.ts';
import { ephemeralMetadataSchema } from '../api/blue-green.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';
import type { Observed, SeenReplicaSet, SeenRoute, SeenRun, SeenSelector } from '../rollout/observed.ts';
import { RUN_KINDS, type Plan } from '../rollout/plan.ts';
import { qualifiedName, type ObjectKey } from '../api/object-key.ts';
import type { DrivenObject, DrivenRoute, DrivenSelector, Hashes } from '../traffic/driven.ts';
import { rejectedOn } from '../traffic/marks.ts';
import { analysisIssues } from './analysis-issues.ts';
import { BY_OWNER, policiesIn, runKey, type Caches } from './caches.ts';
import { claimedBefore } from './claims.ts';
import { gatherCommands } from './commands.ts';
import type { Declarations } from './declaration.ts';
import { contentOf, declaredRevision } from './foreign-template.ts';
import { mayDrive } from './references.ts';
import { asOnRecord, type Meaning } from './same-template.ts';

/** Newer statuses of runs than the cache holds. */
export type RunOverlay = (key: ObjectKey) => AnalysisRunStatus | undefined;

function seenReplicaSet(rs: ReplicaSet): SeenReplicaSet {
  const failure = rs.status?.conditions?.find((c) => c.type === 'ReplicaFailure' && c.status === 'True');
  return {
    name: rs.metadata.name,
    hash: rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? '',
    ...podCountsOf(rs),
    createdAt: rs.metadata.creationTimestamp ?? '',
    ...podMetadataOf(rs),
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
}

function podCountsOf({
  spec: { replicas: desired = 1 },
  status = {},
}: ReplicaSet): Pick<SeenReplicaSet, 'desired' | 'current' | 'ready' | 'available'> {
  const { replicas: current = 0, readyReplicas: ready = 0, availableReplicas = 0 } = status;
  // Pods that it has just been told to let go do not count, though its status may not know of that yet.
  return { desired, current, ready, available: Math.min(availableReplicas, desired) };
}

/** As it was noted; what is no JSON of it counts as none. */
function podMetadataOf({ metadata: { annotations } }: ReplicaSet): Pick<SeenReplicaSet, 'podMetadata'> {
  const read = readAnnotation(annotations, ANNOTATIONS.podMetadata, ephemeralMetadataSchema);
  return read.ok && read.value !== undefined ? { podMetadata: read.value } : {};
}

function seenRun(run: AnalysisRun, overlay: RunOverlay): SeenRun {
  const status = overlay(runKey(run.metadata.namespace, run.metadata.name)) ?? run.status;
  return {
    name: run.metadata.name,
    ...purposeOf(run),
    phase: status?.phase ?? 'Pending',
    message: status?.message,
    createdAt: run.metadata.creationTimestamp ?? '',
  };
}

/** What the run was started for: its labels say so. */
function purposeOf({ metadata: { labels = {} } }: AnalysisRun): Pick<SeenRun, 'kind' | 'hash' | 'attempt' | 'step'> {
  const step = labels[RUN_LABELS.step];
  return {
    kind: RUN_KINDS.find((kind) => kind === labels[RUN_LABELS.type]) ?? 'Background',
    hash: labels[POD_TEMPLATE_HASH] ?? '',
    attempt: Number(labels[RUN_LABELS.attempt] ?? 0),
    step: step === undefined ? undefined : Number(step),
  };
}

/** The object as it is known; where it is not, an issue says why. */
function findDriven(caches: Caches, { resource, namespace, name, field }: DrivenObject, issues: Issue[]) {
  const { kind } = resource;
  const followed = caches.driven.of(resource);
  const object = followed?.cache.get(namespace, name);
  if (object !== undefined) return object;
  const missing = `${kind} ${name} does not exist in namespace ${namespace}; create it, or name another`;
  const absent = followed?.cache.served === false ? `the cluster does not serve ${kind}; install its CRDs` : missing;
  issues.push({ field, message: followed?.state === 'failed' ? followed.message : absent });
  return undefined;
}

interface SeenDriven {
  readonly selectors: SeenSelector[];
  readonly routes: SeenRoute[];
}

/** What is driven, as it is; one that does not exist or cannot be read is an issue. */
function gatherDriven({ caches, mayCross, rollout }: GatherInput, plan: Plan, issues: Issue[]): SeenDriven {
  const { namespace = '' } = rollout.metadata;
  const { driven, foreign } = mayDrive(plan, namespace, mayCross);
  issues.push(...foreign);
  const seen: SeenDriven = { selectors: [], routes: [] };
  for (const each of driven) {
    const object = findDriven(caches, each, issues);
    if (object === undefined) continue;
    const note = ({ field, message }: Issue): Issue => ({ field: each.field, message: `${field}: ${message}` });
    if (each.drives === 'split') {
      const { route, wrong } = seenRoute(each, object, plan, qualifiedName(rollout.metadata));
      seen.routes.push(route);
      issues.push(...wrong.map(note));
      continue;
    }
    const claim = claimedBefore(caches, rollout, each);
    if (claim !== undefined) {
      issues.push(claim);
      continue;
    }
    const read = each.read(object);
    if (read.ok) seen.selectors.push(...seenSelectors(each, object, read.value));
    else issues.push(...read.error.map(note));
  }
  return seen;
}

function seenSelectors(selector: DrivenSelector, object: KubeObject, hashes: Hashes): SeenSelector[] {
  const { resource, name, what, roles } = selector;
  const { kind } = resource;
  const rejected = object.metadata.annotations?.[ANNOTATIONS.rejected];
  return roles.map((role) => ({ kind, name, what, role, hash: hashes[role] ?? null, rejected }));
}

function seenRoute(
  route: DrivenRoute,
  object: KubeObject,
  { traffic: { preview } }: Plan,
  rollout: string,
): { route: SeenRoute; wrong: Issue[] } {
  const read = route.read(object);
  const { name, namespace, resource } = route;
  const at = { kind: resource.kind, name, namespace, rejected: rejectedOn(object, rollout) };
  if (!read.ok) return { route: { ...at, canary: undefined }, wrong: read.error };
  const { weights, even } = read.value;
  const isOff = !even || !route.shows(object, preview ?? null);
  return { route: { ...at, canary: weights.canary, uneven: isOff }, wrong: route.verify(object, preview ?? null) };
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

function ownedBy(
  { metadata: { uid = '' } }: Rollout,
  { caches, overlay }: GatherInput,
): Pick<Observed, 'replicaSets' | 'runs'> {
  return {
    replicaSets: caches.replicaSets
      .by(BY_OWNER, uid)
      .filter((rs) => rs.metadata.deletionTimestamp === undefined)
      .map(seenReplicaSet),
    runs: caches.analysisRuns.by(BY_OWNER, uid).map((run) => seenRun(run, overlay)),
  };
}

/** The observation, or what makes the spec unusable. */
export function gather(input: GatherInput): { seen: Observed } | { unusable: Issue[] } {
  const { caches, rollout, status } = input;
  const declaration = input.declarations.of(rollout);
  if (declaration.plan === undefined) return { unusable: declaration.issues };
  const { plan } = declaration;
  const { declared, spelled, issues: foreign } = declaredRevision(rollout, status, input.meaning);
  const { namespace = '', name, generation = 0 } = rollout.metadata;
  const issues: Issue[] = [...declaration.issues, ...foreign];
  const [driven = { selectors: [], routes: [] }] = attempt(`${plan.field}.trafficRouting`, issues, () => [
    gatherDriven(input, plan, issues),
  ]);
  issues.push(...attempt(plan.field, issues, () => analysisIssues(caches, rollout, plan, declared)));
  const seen: Observed = {
    now: input.now,
    namespace,
    name,
    generation,
    spec: rollout.spec,
    status,
    plan,
    content: contentOf(rollout),
    declared,
    spelled,
    undecided: input.meaning.undecided,
    ...ownedBy(rollout, input),
    ...driven,
    issues,
    ...gatherCommands(rollout, status, input.meaning.undecided),
    ...(input.meaning.undecided && asOnRecord(status)),
    closed: closureBy(policiesIn(caches), { namespace, labels: rollout.metadata.labels }, input.now),
    told: rollout.status?.recentEvents ?? [],
    restartedBefore: input.restartedBefore,
  };
  return { seen };
}
