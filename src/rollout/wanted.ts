// What a state wants of the world. Level, not edge: the same state wants the same thing in every pass.
import {
  isFrozen,
  isStranded,
  mostRouted,
  olderPods,
  routedWeight,
  selects,
  backgroundRun,
  releaseKey,
  surgeOf,
  stepRun,
} from './facts.ts';
import type { Memory, StateName } from './memory.ts';
import { availableOf, hasRouter, replicaSet, replicasOf, type Observed } from './observed.ts';
import { backgroundAt, canaryPodsAt, stepsOf, weightAt } from './steps.ts';
import { nextCounts, resolveCount } from './surge.ts';

export interface WantedRun {
  readonly kind: 'Step' | 'Background';
  readonly step: number | undefined;
  readonly name: string;
}

export interface Wanted {
  /** Percent on the canary; undefined without a router. */
  readonly weight: number | undefined;
  /** The verdict for the routes to remember: a release, null for none. */
  readonly rejected: string | null;
  /** Pod hash per role; undefined: leave the selectors as they are. */
  readonly canary: string | undefined;
  readonly stable: string | undefined;
  /** Pods by hash; what is not named retires. */
  readonly pods: ReadonlyMap<string, number>;
  readonly runs: readonly WantedRun[];
}

const isUpdating = (state: StateName): boolean => state.startsWith('updating') || state === 'promoting';

export function runName(seen: Observed, memory: Memory, step: number | undefined): string {
  const base = `${seen.name}-${releaseKey(memory)}`;
  return step === undefined ? base : `${base}-${step}`;
}

/**
 * The weight of an update. It only rises onto pods that are ready and that the canary selectors point at; it is 0 while the canary
 * side still points at another revision, or has no pod left.
 */
function updateWeight(seen: Observed, memory: Memory, state: StateName): number {
  const now = routedWeight(seen) ?? mostRouted(seen);
  const onCandidate = selects(seen, 'canary', memory.candidate);
  if (isStranded(seen)) return now;
  if (!onCandidate || availableOf(seen, memory.candidate) === 0) return 0;
  // Promoted in full before the steps were done: the weight stays, the selectors move the rest.
  if (state === 'promoting' && memory.full) return now;
  const target = weightAt(stepsOf(seen), presentStep(seen, memory));
  if (target <= now) return target;
  if (isFrozen(seen, memory)) return now;
  return availableOf(seen, memory.candidate) >= canaryPodsAt(seen, presentStep(seen, memory)) ? target : now;
}

/** The step whose weight and pods hold; behind the last step, still the last. */
function presentStep(seen: Observed, memory: Memory): number {
  return Math.min(memory.step, stepsOf(seen).length - 1);
}

function routedPods(seen: Observed, memory: Memory, state: StateName): Map<string, number> {
  const pods = new Map<string, number>();
  const replicas = replicasOf(seen);
  if (memory.stable !== undefined) pods.set(memory.stable, replicas);
  if (state === 'settled') return pods;
  const current = replicaSet(seen, memory.candidate)?.desired ?? 0;
  if (state === 'aborted') {
    if (keepsCanary(seen) && current > 0) pods.set(memory.candidate, Math.min(current, replicas));
    return pods;
  }
  const full = state === 'promoting' || state === 'releasing';
  const wanted = full ? replicas : canaryPodsAt(seen, presentStep(seen, memory));
  // A falling weight leaves first, the pods follow.
  const leaving =
    state === 'updating.weighing' && mostRouted(seen) > weightAt(stepsOf(seen), presentStep(seen, memory));
  pods.set(memory.candidate, leaving ? Math.max(wanted, current) : wanted);
  return pods;
}

function countsOf(seen: Observed, hash: string): { desired: number; available: number } {
  const { desired, available } = replicaSet(seen, hash) ?? { desired: 0, available: 0 };
  return { desired, available };
}

/** `abortScaleDownDelaySeconds: 0` keeps the pods of a rejected revision, to look at them. */
const keepsCanary = (seen: Observed): boolean => seen.spec.strategy.canary?.abortScaleDownDelaySeconds === 0;

function surgingPods(seen: Observed, memory: Memory, state: StateName): Map<string, number> {
  const replicas = replicasOf(seen);
  if (state === 'settled') return new Map(memory.stable === undefined ? [] : [[memory.stable, replicas]]);
  if (state === 'releasing' || memory.stable === undefined) return new Map([[memory.candidate, replicas]]);
  const strategy = seen.spec.strategy.canary;
  const weight =
    state === 'promoting' ? 100 : state === 'aborted' ? 0 : weightAt(stepsOf(seen), presentStep(seen, memory));
  const counts = nextCounts({
    replicas,
    weight,
    maxSurge: surgeOf(seen),
    maxUnavailable: resolveCount(strategy?.maxUnavailable, replicas, 'down'),
    canary: countsOf(seen, memory.candidate),
    stable: countsOf(seen, memory.stable),
    older: olderPods(seen, memory),
    aborting: state === 'aborted',
  });
  return new Map([
    [memory.stable, counts.stable],
    [memory.candidate, counts.canary],
  ]);
}

function wantedRuns(seen: Observed, memory: Memory, state: StateName): WantedRun[] {
  const runs: WantedRun[] = [];
  if (!isUpdating(state)) return runs;
  if (state === 'updating.analysing' || (state === 'updating.inconclusive' && stepRun(seen, memory))) {
    runs.push({ kind: 'Step', step: memory.step, name: runName(seen, memory, memory.step) });
  }
  // Before the first request reaches the canary there is nothing to measure.
  const hasTraffic = hasRouter(seen) ? mostRouted(seen) > 0 : availableOf(seen, memory.candidate) > 0;
  const started = backgroundRun(seen, memory) !== undefined;
  if (backgroundAt(seen, memory.step) && !memory.waived && (hasTraffic || started)) {
    runs.push({ kind: 'Background', step: undefined, name: runName(seen, memory, undefined) });
  }
  return runs;
}

function wantedSelectors(seen: Observed, memory: Memory, state: StateName): Pick<Wanted, 'canary' | 'stable'> {
  const { candidate, stable } = memory;
  // The canary side changes hands only while no traffic goes there.
  const free = mostRouted(seen) === 0;
  if (state === 'releasing') {
    const ready = canServe(seen, candidate);
    return { canary: ready && free ? candidate : undefined, stable: ready ? candidate : undefined };
  }
  if (!isUpdating(state)) return { canary: free ? stable : undefined, stable };
  return { canary: free && availableOf(seen, candidate) > 0 ? candidate : undefined, stable };
}

/** A first revision takes over from an earlier first one only when it has as many pods. */
function canServe(seen: Observed, candidate: string): boolean {
  const serving = seen.selectors.map((s) => (s.hash === candidate ? 0 : availableOf(seen, s.hash ?? undefined)));
  return availableOf(seen, candidate) >= Math.max(1, Math.min(replicasOf(seen), Math.max(0, ...serving)));
}

function wantedWeight(seen: Observed, memory: Memory, state: StateName): number | undefined {
  if (!hasRouter(seen)) return undefined;
  if (isUpdating(state)) return updateWeight(seen, memory, state);
  const now = mostRouted(seen);
  if (state === 'settled' && memory.stable !== undefined && !selects(seen, 'stable', memory.stable)) return now;
  return isStranded(seen) ? now : 0;
}

export function wantedOf(state: StateName, memory: Memory, seen: Observed): Wanted {
  return {
    weight: wantedWeight(seen, memory, state),
    rejected: state === 'aborted' ? releaseKey(memory) : null,
    ...wantedSelectors(seen, memory, state),
    pods: hasRouter(seen) ? routedPods(seen, memory, state) : surgingPods(seen, memory, state),
    runs: wantedRuns(seen, memory, state),
  };
}
