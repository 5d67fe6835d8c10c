// Where pods and traffic are apart (a router, or a selector that is switched): both revisions have pods of their own, and the stable one
// all of its.
import type { Aim } from '../aim.ts';
import type { Known } from '../known.ts';
import { availableOf, desiredOf, replicaSet, replicasOf, type Observed } from '../observed.ts';
import { podsBy, standingAt } from '../plan.ts';
import { resolveCount } from '../surge.ts';
import { carriesTraffic, selects } from '../traffic.ts';
import type { Pods, Selectors, Wanting } from './means.ts';

/** All pods of the stable revision, where there is one. */
function stablePods({ seen, memory }: Known): Map<string, number> {
  return new Map(memory.stable === undefined ? [] : [[memory.stable, replicasOf(seen)]]);
}

/** Pods by hash; `ofStage` says how many a candidate has at a stage. */
export function apartPods(wanting: Wanting, ofStage: (aim: Extract<Aim, { to: 'share' }>) => number): Pods {
  const { seen, memory, aim } = wanting;
  const wanted = stablePods(wanting);
  if (aim.to === 'rest') return withKept(wanted, wanting, memory.rejected);
  if (aim.to === 'return') return withKept(wanted, wanting, memory.candidate);
  return wanted.set(memory.candidate, aim.to === 'share' ? ofStage(aim) : replicasOf(seen));
}

/** With the pods of a rejected revision that is kept for ever, to look at them. */
function withKept(pods: Map<string, number>, { seen }: Known, hash: string | undefined): Map<string, number> {
  const isKept = seen.plan.rejectedPodsStay === undefined && hash !== undefined && !pods.has(hash);
  if (isKept && desiredOf(seen, hash) > 0) pods.set(hash, Math.min(desiredOf(seen, hash), replicasOf(seen)));
  return pods;
}

/** All pods of the candidate are there and available. */
export function hasAllPods({ seen, memory: { candidate } }: Known): boolean {
  const rs = replicaSet(seen, candidate);
  return rs !== undefined && rs.desired >= replicasOf(seen) && rs.available >= replicasOf(seen);
}

/** Pods of a revision go when no request reaches them, or when none of them is ready. */
export const isIdle = ({ seen }: Known, hash: string): boolean =>
  !carriesTraffic(seen, hash) || availableOf(seen, hash) === 0;

/** Pods of the candidate that a stage wants; behind the last one all. */
function podsAt(seen: Observed, stage: number): number {
  const { plan } = seen;
  return stage >= plan.stages.length ? replicasOf(seen) : podsBy(standingAt(plan, stage).pods, replicasOf(seen));
}

/**
 * Pods of a stage that sets a weight and of those right behind it, which are reached without a wait: they are brought up together, as far
 * as maxSurge goes. Each ReplicaSet that grows once and not twice spares the cluster a handful of writes, and the release the time.
 */
export function podsAhead(seen: Observed, stage: number): number {
  const { stages } = seen.plan;
  const now = podsAt(seen, stage);
  if (stages[stage]?.follows !== true) return now;
  let most = now;
  for (let next = stage + 1; next <= stages.length; next++) {
    if (next < stages.length && stages[next]?.kind !== 'Split') break;
    most = Math.max(most, podsAt(seen, next));
  }
  return Math.min(most, now + resolveCount(seen.plan.maxSurge, replicasOf(seen), 'up'));
}

/** Somebody pointed the serving side at pods that are ready, and those of `wanted` are not: it stays until they are. */
function servesAnyway(seen: Observed, wanted: string | undefined): boolean {
  return (
    replicasOf(seen) > 0 &&
    availableOf(seen, wanted) === 0 &&
    seen.selectors.some((s) => s.role === 'stable' && s.hash !== wanted && availableOf(seen, s.hash ?? undefined) > 0)
  );
}

/** The serving side at `hash`, unless that has no pod to serve. */
export const servingAt = (seen: Observed, hash: string | undefined): string | undefined =>
  servesAnyway(seen, hash) ? undefined : hash;

/**
 * The serving side where the candidate is to have it, at `taker` for now. While nothing may go forward it does not go over, as long as the
 * stable revision has a pod to serve; what of it went over before stays where it is.
 */
export function takenOver({ seen, memory, isFrozen }: Wanting, taker = memory.candidate): string | undefined {
  const { candidate, stable } = memory;
  const goesOver = taker === candidate && !selects(seen, 'stable', candidate);
  if (!goesOver || !isFrozen || availableOf(seen, stable) === 0) return servingAt(seen, taker);
  const isPartly = seen.selectors.some((s) => s.role === 'stable' && s.hash === candidate);
  return isPartly ? undefined : servingAt(seen, stable);
}

/** A first revision takes over from an earlier first one only when it has as many pods. */
export function firstSelectors({ seen, memory: { candidate } }: Known, isFree: boolean): Selectors {
  const serving = seen.selectors.map((s) => (s.hash === candidate ? 0 : availableOf(seen, s.hash ?? undefined)));
  const needed = Math.max(1, Math.min(replicasOf(seen), Math.max(0, ...serving)));
  const isReady = availableOf(seen, candidate) >= needed;
  return { canary: isReady && isFree ? candidate : undefined, stable: isReady ? candidate : undefined };
}
