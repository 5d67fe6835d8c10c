// Questions that the machine's guards ask of the observed world. Total: none of them throws, whatever the world looks like.
import type { Memory, StateName } from './memory.ts';
import { availableOf, hasRouter, replicaSet, replicasOf, type Observed, type SeenRun } from './observed.ts';
import { canaryPodsAt, kindOf, stepsOf, weightAt } from './steps.ts';
import { goal, resolveCount } from './surge.ts';

export const DEFAULT_PROGRESS_DEADLINE_S = 600;

/** The key under which routes remember a verdict. */
export const releaseKey = (memory: Memory): string => `${memory.candidate}-${memory.attempt}`;

/** Runs of the release that is under way, not of an earlier attempt. */
export function runsOf(seen: Observed, memory: Memory): readonly SeenRun[] {
  return seen.runs.filter((run) => run.hash === memory.candidate && run.attempt === memory.attempt);
}

export function stepRun(seen: Observed, memory: Memory): SeenRun | undefined {
  return runsOf(seen, memory).find((run) => run.kind === 'Step' && run.step === memory.step);
}

export function backgroundRun(seen: Observed, memory: Memory): SeenRun | undefined {
  return runsOf(seen, memory).find((run) => run.kind === 'Background');
}

export function failedRun(seen: Observed, memory: Memory): SeenRun | undefined {
  return runsOf(seen, memory).find((run) => run.phase === 'Failed' || run.phase === 'Error');
}

/** Percent on the canary as all routes agree; undefined while they differ or cannot be read. */
export function routedWeight(seen: Observed): number | undefined {
  const [first] = seen.routes;
  const agreed = seen.routes.every((route) => route.canary === first?.canary && !route.uneven);
  return agreed ? first?.canary : undefined;
}

/** Highest percent that any route sends to the canary side. */
export const mostRouted = (seen: Observed): number => Math.max(0, ...seen.routes.map((route) => route.canary ?? 0));

/** Whether every selector of a role points at `hash` (true where there is none). */
export function selects(seen: Observed, role: 'canary' | 'stable', hash: string): boolean {
  return seen.selectors.every((s) => s.role !== role || s.hash === hash);
}

/** Nothing may grow or gain weight: somebody paused, or the spec cannot be followed. */
export const isFrozen = (seen: Observed, memory: Memory): boolean => seen.issues.length > 0 || isPaused(seen, memory);

/** Whether requests reach the pods of `hash`: a selector points at it, and a weight at the selector. */
export function carriesTraffic(seen: Observed, hash: string): boolean {
  const least = Math.min(100, ...seen.routes.map((route) => route.canary ?? 0));
  return seen.selectors.some(
    (s) => s.hash === hash && (s.role === 'canary' ? mostRouted(seen) > 0 : !hasRouter(seen) || least < 100),
  );
}

/** The stable side has no pod to take the traffic that the canary side serves: it is not sent into the void. */
export function isStranded(seen: Observed): boolean {
  const pods = (role: 'canary' | 'stable'): number =>
    Math.max(0, ...seen.selectors.filter((s) => s.role === role).map((s) => availableOf(seen, s.hash ?? undefined)));
  return mostRouted(seen) > 0 && pods('stable') === 0 && pods('canary') > 0;
}

/** A run, a person or a deadline says that the release must not go on. */
export type Objection = { cause: 'Analysis' | 'Deadline' | 'Recovered'; reason: string };

export function objection(seen: Observed, memory: Memory, waiting: boolean): Objection | undefined {
  const run = failedRun(seen, memory);
  if (run) return { cause: 'Analysis', reason: run.message ?? `analysis run ${run.name} ended ${run.phase}` };
  if (seen.routes.some((route) => route.rejected === releaseKey(memory))) {
    return {
      cause: 'Recovered',
      reason: 'a verdict against it was written to its route before the controller was restarted',
    };
  }
  if (waiting && seen.spec.progressDeadlineAbort && deadlineExceeded(seen, memory)) {
    const seconds = seen.spec.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_S;
    return { cause: 'Deadline', reason: `no progress for ${seconds}s (progressDeadlineSeconds)` };
  }
  return undefined;
}

export function deadlineAt(seen: Observed, memory: Memory): number | undefined {
  if (memory.progressAt === undefined) return undefined;
  return memory.progressAt + (seen.spec.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_S) * 1000;
}

export function deadlineExceeded(seen: Observed, memory: Memory): boolean {
  const at = deadlineAt(seen, memory);
  return at !== undefined && seen.now >= at && !isPaused(seen, memory);
}

/** A person, or an analysis that cannot tell, holds the release where it is. */
export function isPaused(seen: Observed, memory: Memory): boolean {
  return seen.spec.paused === true || memory.paused === true;
}

export function backgroundInconclusive(seen: Observed, memory: Memory): boolean {
  return memory.waived !== true && backgroundRun(seen, memory)?.phase === 'Inconclusive';
}

/** Nothing speaks against going forward. */
export function isClear(seen: Observed, memory: Memory): boolean {
  return (
    seen.issues.length === 0 &&
    !isPaused(seen, memory) &&
    !backgroundInconclusive(seen, memory) &&
    seen.declared === memory.candidate &&
    seen.stepsHash === memory.stepsHash &&
    objection(seen, memory, false) === undefined
  );
}

/** The revision that was aborted: until something else is declared, also after the stable one was. */
export const rejectedHash = (memory: Memory, state: StateName): string | undefined =>
  state === 'aborted' ? memory.candidate : memory.rejected;

export const surgeOf = (seen: Observed): number =>
  resolveCount(seen.spec.strategy.canary?.maxSurge, replicasOf(seen), 'up');

/** Whether pods and traffic are where the setWeight of `memory.step` wants them. */
export function weightReached(seen: Observed, memory: Memory): boolean {
  if (replicasOf(seen) === 0) return true;
  const weight = weightAt(stepsOf(seen), memory.step);
  if (!hasRouter(seen)) return podsShare(seen, memory, weight);
  const ready = availableOf(seen, memory.candidate) >= canaryPodsAt(seen, memory.step);
  const onCanary = weight === 0 || selects(seen, 'canary', memory.candidate);
  return ready && routedWeight(seen) === weight && onCanary;
}

const desiredOf = (seen: Observed, hash: string | undefined): number => replicaSet(seen, hash)?.desired ?? 0;

/** Without a router: the pods are in the proportion of the weight. */
function podsShare(seen: Observed, memory: Memory, weight: number): boolean {
  const target = goal(replicasOf(seen), weight, surgeOf(seen));
  const counted =
    desiredOf(seen, memory.candidate) === target.canary && desiredOf(seen, memory.stable) === target.stable;
  return counted && availableOf(seen, memory.candidate) >= target.canary && olderPods(seen, memory) === 0;
}

export function scaleReached(seen: Observed, memory: Memory): boolean {
  const wanted = canaryPodsAt(seen, memory.step);
  return availableOf(seen, memory.candidate) >= wanted && (replicaSet(seen, memory.candidate)?.desired ?? 0) === wanted;
}

/** All pods of the candidate are there and available; without a router, the old ones are gone, too. */
export function fullyReady(seen: Observed, memory: Memory): boolean {
  const rs = replicaSet(seen, memory.candidate);
  if (rs === undefined || rs.desired < replicasOf(seen) || rs.available < replicasOf(seen)) return false;
  if (hasRouter(seen)) return true;
  return (replicaSet(seen, memory.stable)?.desired ?? 0) === 0 || memory.stable === memory.candidate;
}

/** Pods, by spec, of revisions that are neither stable nor candidate. */
export function olderPods(seen: Observed, memory: Memory): number {
  return seen.replicaSets
    .filter((rs) => rs.hash !== memory.candidate && rs.hash !== memory.stable)
    .reduce((sum, rs) => sum + rs.desired, 0);
}

export const stepKind = (seen: Observed, memory: Memory): ReturnType<typeof kindOf> =>
  kindOf(stepsOf(seen)[memory.step]);
