// Pod counts where no router splits the traffic: the share of pods is the share of traffic. Bounded by maxSurge above and
// maxUnavailable below, one move at a time, as a Deployment's rolling update.

export interface SurgeInput {
  /** spec.replicas */
  replicas: number;
  /** Percent wanted on the canary. */
  weight: number;
  maxSurge: number;
  maxUnavailable: number;
  canary: { desired: number; available: number };
  stable: { desired: number; available: number };
  /** Pods of revisions that are neither, by spec. */
  older: number;
  /** Going back: the stable side grows to full at once, whatever the surge. */
  aborting: boolean;
}

export interface Counts {
  canary: number;
  stable: number;
}

/** Absolute number of a count or percentage; surge rounds up, unavailability down. */
export function resolveCount(value: number | string | undefined, replicas: number, round: 'up' | 'down'): number {
  const text = value ?? '25%';
  if (typeof text === 'number') return Math.max(0, text);
  const percent = /^([0-9]+)%$/.exec(text);
  if (!percent) return /^[0-9]+$/.test(text) ? Number(text) : 0;
  const exact = (Number(percent[1]) * replicas) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}

/** How far a rolling update may go above and below spec.replicas. Where both come to 0 one pod may be away, as with a Deployment. */
export function boundsOf(
  { maxSurge, maxUnavailable }: { maxSurge: number | string | undefined; maxUnavailable: number | string | undefined },
  replicas: number,
): { maxSurge: number; maxUnavailable: number } {
  const surge = resolveCount(maxSurge, replicas, 'up');
  const unavailable = resolveCount(maxUnavailable, replicas, 'down');
  return { maxSurge: surge, maxUnavailable: surge + unavailable === 0 ? 1 : unavailable };
}

/** The split of pods that comes nearest to the weight; a weight from 1 to 99 leaves no side empty where there are two pods to share. */
export function goal(replicas: number, weight: number, maxSurge: number): Counts {
  if (weight <= 0) return { canary: 0, stable: replicas };
  if (weight >= 100) return { canary: replicas, stable: 0 };
  let best: Counts = { canary: Math.min(1, replicas), stable: replicas };
  let bestError = Infinity;
  for (const split of splitsNear(replicas, weight, maxSurge)) {
    const error = Math.abs(weight / 100 - shareOf(split));
    if (error < bestError - 1e-9) [best, bestError] = [split, error];
  }
  return best;
}

/** The weight rounded up and down, of each number of pods that there may be; the first of those that are as near is preferred. */
function splitsNear(replicas: number, weight: number, maxSurge: number): Counts[] {
  const totals = maxSurge > 0 ? [replicas, replicas + 1] : [replicas];
  const splits = totals.flatMap((total) => {
    const canary = (weight * total) / 100;
    return [Math.ceil(canary), Math.floor(canary)].map((count) => ({ canary: count, stable: total - count }));
  });
  return Math.max(...totals) >= 2 ? splits.filter(({ canary, stable }) => canary >= 1 && stable >= 1) : splits;
}

const shareOf = ({ canary, stable }: Counts): number => (canary + stable === 0 ? 0 : canary / (canary + stable));

/** The counts to write now, on the way to the goal. */
export function nextCounts(input: SurgeInput): Counts {
  const target = goal(input.replicas, input.weight, input.maxSurge);
  if (input.aborting) return backToStable(input);
  const most = Math.max(input.replicas + input.maxSurge, target.canary + target.stable);
  const least = Math.max(0, input.replicas - input.maxUnavailable);
  let { desired: canary } = input.canary;
  let { desired: stable } = input.stable;
  const room = (): number => Math.max(0, most - canary - stable - input.older);
  if (stable < target.stable) stable = Math.min(target.stable, stable + room());
  if (canary < target.canary) canary = Math.min(target.canary, canary + room());
  if (input.older > 0) return { canary, stable };
  let spare = Math.max(0, input.canary.available + input.stable.available - least);
  if (stable > target.stable) {
    // Pods that are not available can go without loss.
    const idle = Math.max(0, input.stable.desired - input.stable.available);
    stable = Math.max(target.stable, stable - spare - idle);
    spare -= Math.max(0, input.stable.desired - stable - idle);
  }
  if (canary > target.canary) {
    const idle = Math.max(0, input.canary.desired - input.canary.available);
    canary = Math.max(target.canary, canary - spare - idle);
  }
  return { canary, stable };
}

/** While nothing may go forward the counts stay; only what is missing is made up, and what nobody wants any more let go. */
export function frozenCounts({ replicas, weight, maxSurge, canary, stable }: SurgeInput): Counts {
  const target = goal(replicas, weight, maxSurge);
  const most = Math.max(replicas + maxSurge, target.canary + target.stable);
  const total = canary.desired + stable.desired;
  if (total < replicas) return { canary: canary.desired, stable: replicas - canary.desired };
  if (total <= most) return { canary: canary.desired, stable: stable.desired };
  const kept = Math.min(canary.desired, replicas);
  return { canary: kept, stable: Math.min(stable.desired, Math.max(0, replicas - Math.min(kept, canary.available))) };
}

function backToStable(input: SurgeInput): Counts {
  const least = Math.max(0, input.replicas - input.maxUnavailable);
  const missing = Math.max(0, least - input.stable.available);
  return { canary: Math.min(input.canary.desired, missing), stable: Math.max(input.replicas, input.stable.desired) };
}
