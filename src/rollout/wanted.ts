// What a state wants of the world. Level, not edge: the same state wants the same thing in every pass.
import {
  isFrozen,
  isStranded,
  mostRouted,
  routedWeight,
  selects,
  backgroundRun,
  releaseKey,
  stepRun,
} from './facts.ts';
import type { Memory, StateName } from './memory.ts';
import { availableOf, hasRouter, replicaSet, replicasOf, type Observed, type Role } from './observed.ts';
import { wantedPods } from './pods.ts';
import { backgroundAt, canaryPodsAt, presentStep, stepsOf, weightAt } from './steps.ts';

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
  const target = weightAt(stepsOf(seen), presentStep(seen, memory.step));
  if (target <= now) return target;
  if (isFrozen(seen, memory)) return now;
  return availableOf(seen, memory.candidate) >= canaryPodsAt(seen, presentStep(seen, memory.step)) ? target : now;
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

type Selectors = Pick<Wanted, 'canary' | 'stable'>;

function wantedSelectors(seen: Observed, memory: Memory, state: StateName, pods: Wanted['pods']): Selectors {
  const { candidate, stable } = memory;
  // The canary side changes hands only while no traffic goes there.
  const free = mostRouted(seen) === 0;
  if (state === 'releasing') {
    const ready = canServe(seen, candidate);
    return { canary: ready && free ? candidate : undefined, stable: ready ? candidate : undefined };
  }
  if (!hasRouter(seen)) return followingSelectors(seen, memory, state, pods);
  const settled = servesAnyway(seen, stable) ? undefined : stable;
  if (!isUpdating(state)) return { canary: free ? stable : undefined, stable: settled };
  // It does so while the pods are still on their way, so that the first weight waits for nothing but them.
  const made = replicaSet(seen, candidate) !== undefined;
  return { canary: free && made ? candidate : undefined, stable: settled };
}

/** Somebody pointed the stable side at pods that are ready, and those of the stable revision are not: it stays until they are. */
const servesAnyway = (seen: Observed, stable: string | undefined): boolean =>
  replicasOf(seen) > 0 &&
  availableOf(seen, stable) === 0 &&
  seen.selectors.some((s) => s.role === 'stable' && s.hash !== stable && availableOf(seen, s.hash ?? undefined) > 0);

/**
 * Without a router nothing but the selector stands between a Service and its pods, so it follows them: the stable Service selects the
 * stable revision while that has ready pods and keeps some, else a candidate that nobody rejected; the canary Service the other way
 * round. Where neither has any, a Service stays with the revision it selects if that has; else it selects the stable one.
 */
function followingSelectors(seen: Observed, memory: Memory, state: StateName, pods: Wanted['pods']): Selectors {
  const { candidate, stable } = memory;
  const choose = (role: Role, preferred: readonly (string | undefined)[]): string | undefined => {
    const ready = preferred.find((hash) => availableOf(seen, hash) > 0 && pods.get(hash ?? '') !== 0);
    const serves = seen.selectors.some((s) => s.role === role && availableOf(seen, s.hash ?? undefined) > 0);
    return ready ?? (serves ? undefined : stable);
  };
  if (!isUpdating(state)) return { canary: choose('canary', [stable]), stable: choose('stable', [stable]) };
  return { canary: choose('canary', [candidate, stable]), stable: choose('stable', [stable, candidate]) };
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
  const pods = wantedPods(seen, memory, state);
  return {
    weight: wantedWeight(seen, memory, state),
    rejected: state === 'aborted' ? releaseKey(memory) : null,
    ...wantedSelectors(seen, memory, state, pods),
    pods,
    runs: wantedRuns(seen, memory, state),
  };
}
