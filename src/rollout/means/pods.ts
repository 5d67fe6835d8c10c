// By numbers of pods: one Service selects both revisions, or each has a Service of its own that follows its pods. The share of pods is the
// share of traffic.
import type { Known } from '../known.ts';
import { availableOf, desiredOf, replicaSet, replicasOf, type Observed, type SeenReplicaSet } from '../observed.ts';
import type { Role, Stage } from '../plan.ts';
import { boundsOf, frozenCounts, goal, nextCounts, type Counts, type SurgeInput } from '../surge.ts';
import { selects } from '../traffic.ts';
import { firstSelectors } from './apart.ts';
import type { Means, Pods, Selectors, Wanting } from './means.ts';

const bounds = (seen: Observed): ReturnType<typeof boundsOf> => boundsOf(seen.plan, replicasOf(seen));

function countsOf(seen: Observed, hash: string | undefined): { desired: number; available: number } {
  const { desired, available } = replicaSet(seen, hash) ?? { desired: 0, available: 0 };
  return { desired, available };
}

/** Pods, by spec, of revisions that are neither stable nor candidate. */
function olderPods({ seen, memory }: Known): number {
  return seen.replicaSets
    .filter((rs) => rs.hash !== memory.candidate && rs.hash !== memory.stable)
    .reduce((sum, rs) => sum + rs.desired, 0);
}

/** Percent of the pods that the candidate is to have. */
function shareWanted({ aim }: Wanting): number {
  if (aim.to === 'share') return aim.standing.weight;
  return aim.to === 'return' ? 0 : 100;
}

function sharedCounts(wanting: Wanting): Counts {
  const { seen, memory, aim, isFrozen } = wanting;
  const isReturning = aim.to === 'return';
  const input: SurgeInput = {
    replicas: replicasOf(seen),
    weight: shareWanted(wanting),
    ...bounds(seen),
    canary: countsOf(seen, memory.candidate),
    stable: countsOf(seen, memory.stable),
    older: olderPods(wanting),
    aborting: isReturning,
  };
  return !isReturning && isFrozen ? frozenCounts(input) : nextCounts(input);
}

function pods(wanting: Wanting): Pods {
  const { seen, memory, aim } = wanting;
  const { candidate, stable } = memory;
  const replicas = replicasOf(seen);
  if (aim.to === 'start' || stable === undefined) return new Map([[candidate, replicas]]);
  const wanted = new Map([[stable, replicas]]);
  if (aim.to !== 'rest' && candidate !== stable) {
    const counts = sharedCounts(wanting);
    wanted.set(stable, counts.stable).set(candidate, counts.canary);
  }
  for (const [hash, count] of leftOver(seen, wanted)) wanted.set(hash, count);
  return wanted;
}

/** Revisions that nothing wants any more keep the pods that are missing elsewhere, until they are not. */
function leftOver(seen: Observed, wanted: Pods): [string, number][] {
  const served = [...wanted].map(([hash, count]) => Math.min(count, availableOf(seen, hash)));
  let missing = replicasOf(seen) - bounds(seen).maxUnavailable - served.reduce((a, b) => a + b, 0);
  const keep = (rs: SeenReplicaSet): [string, number] => {
    const count = Math.max(0, Math.min(rs.available, rs.desired, missing));
    missing -= count;
    return [rs.hash, count];
  };
  return seen.replicaSets.filter((rs) => rs.desired > 0 && !wanted.has(rs.hash)).map(keep);
}

/**
 * Nothing but the selector stands between a Service and its pods, so it follows them: the stable Service selects the stable revision while
 * that has ready pods and keeps some, else a candidate that nobody rejected; the canary Service the other way round. Where neither has any,
 * a Service stays with the revision it selects if that has; else it selects the stable one.
 */
function selectors(wanting: Wanting, wanted: Pods): Selectors {
  const { seen, memory, aim, isFrozen } = wanting;
  const { candidate, stable } = memory;
  if (aim.to === 'start') return firstSelectors(wanting, true);
  const choose = (role: Role, preferred: readonly (string | undefined)[]): string | undefined => {
    const ready = preferred.find((hash) => availableOf(seen, hash) > 0 && wanted.get(hash ?? '') !== 0);
    const serves = seen.selectors.some((s) => s.role === role && availableOf(seen, s.hash ?? undefined) > 0);
    return ready ?? (serves ? undefined : stable);
  };
  if (aim.to === 'rest' || aim.to === 'return')
    return { canary: choose('canary', [stable]), stable: choose('stable', [stable]) };
  const goesOver = aim.to === 'switch' && (!isFrozen || selects(seen, 'stable', candidate));
  const serving = goesOver ? [candidate] : [stable, candidate];
  return { canary: choose('canary', [candidate, stable]), stable: choose('stable', serving) };
}

function isShared(known: Known, { weight }: Stage): boolean {
  const { seen, memory } = known;
  if (replicasOf(seen) === 0) return true;
  const target = goal(replicasOf(seen), weight, bounds(seen).maxSurge);
  const isCounted =
    desiredOf(seen, memory.candidate) === target.canary && desiredOf(seen, memory.stable) === target.stable;
  return isCounted && availableOf(seen, memory.candidate) >= target.canary && olderPods(known) === 0;
}

function isFull({ seen, memory: { candidate, stable } }: Known): boolean {
  const replicas = replicasOf(seen);
  const rs = replicaSet(seen, candidate);
  if (rs === undefined || rs.desired < replicas || rs.available < replicas) return false;
  return desiredOf(seen, stable) === 0 || stable === candidate;
}

export const podMeans: Means = {
  weight: () => undefined,
  pods,
  selectors,
  isShared,
  isShown: () => true,
  isFull,
  isSwitched: ({ seen, memory: { candidate } }) =>
    replicasOf(seen) === 0 || (selects(seen, 'stable', candidate) && selects(seen, 'canary', candidate)),
  isBroughtBack: ({ seen, memory: { candidate, stable } }) =>
    selects(seen, 'stable', stable) && desiredOf(seen, candidate) === 0,
  share({ seen, memory: { candidate, stable } }) {
    const mine = availableOf(seen, candidate);
    const all = mine + availableOf(seen, stable);
    return all === 0 ? 0 : Math.round((100 * mine) / all);
  },
  // The pods of an earlier first revision serve until the present one does.
  retiresLate: false,
  mayRetire: ({ seen, memory: { candidate } }) => availableOf(seen, candidate) >= replicasOf(seen),
};
