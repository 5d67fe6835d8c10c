// How many pods each revision shall have now: apart from the traffic where a router splits it, and as its share where none does.
import { isFrozen, mostRouted, olderPods, rejectedHash, surgeOf } from './facts.ts';
import type { Memory, StateName } from './memory.ts';
import { availableOf, hasRouter, replicaSet, replicasOf, type Observed, type SeenReplicaSet } from './observed.ts';
import { canaryPodsAhead, canaryPodsAt, presentStep, stepsOf, weightAt } from './steps.ts';
import { frozenCounts, nextCounts, resolveCount, type Counts, type SurgeInput } from './surge.ts';

/** Pods by hash; what is not named retires. */
export function wantedPods(seen: Observed, memory: Memory, state: StateName): ReadonlyMap<string, number> {
  return hasRouter(seen) ? routedPods(seen, memory, state) : surgingPods(seen, memory, state);
}

const desiredOf = (seen: Observed, hash: string | undefined): number => replicaSet(seen, hash)?.desired ?? 0;

function routedPods(seen: Observed, memory: Memory, state: StateName): Map<string, number> {
  const pods = new Map<string, number>();
  const replicas = replicasOf(seen);
  if (memory.stable !== undefined) pods.set(memory.stable, replicas);
  if (state === 'settled' || state === 'aborted') {
    const kept = keptForEver(seen, memory, state);
    if (kept !== undefined) pods.set(kept, Math.min(desiredOf(seen, kept), replicas));
    return pods;
  }
  const full = state === 'promoting' || state === 'releasing';
  const step = presentStep(seen, memory.step);
  const weighing = state === 'updating.weighing';
  const ofStep = weighing ? canaryPodsAhead(seen, step, surgeOf(seen)) : canaryPodsAt(seen, step);
  const wanted = full ? replicas : ofStep;
  // A falling weight leaves first, the pods follow.
  const leaving = weighing && mostRouted(seen) > weightAt(stepsOf(seen), step);
  pods.set(memory.candidate, leaving ? Math.max(wanted, desiredOf(seen, memory.candidate)) : wanted);
  return pods;
}

/** `abortScaleDownDelaySeconds: 0` keeps the pods of a rejected revision, to look at them. */
function keptForEver(seen: Observed, memory: Memory, state: StateName): string | undefined {
  const hash = rejectedHash(memory, state);
  const isKept = seen.spec.strategy.canary?.abortScaleDownDelaySeconds === 0;
  return isKept && hash !== memory.stable && desiredOf(seen, hash) > 0 ? hash : undefined;
}

function countsOf(seen: Observed, hash: string): { desired: number; available: number } {
  const { desired, available } = replicaSet(seen, hash) ?? { desired: 0, available: 0 };
  return { desired, available };
}

const maxUnavailableOf = (seen: Observed): number =>
  resolveCount(seen.spec.strategy.canary?.maxUnavailable, replicasOf(seen), 'down');

function surgingPods(seen: Observed, memory: Memory, state: StateName): Map<string, number> {
  const replicas = replicasOf(seen);
  if (state === 'releasing' || memory.stable === undefined) return new Map([[memory.candidate, replicas]]);
  const pods = new Map([[memory.stable, replicas]]);
  if (state !== 'settled') {
    const counts = sharedCounts(seen, { ...memory, stable: memory.stable }, state);
    pods.set(memory.stable, counts.stable).set(memory.candidate, counts.canary);
  }
  for (const [hash, count] of leftOver(seen, pods)) pods.set(hash, count);
  return pods;
}

function sharedCounts(seen: Observed, memory: Memory & { stable: string }, state: StateName): Counts {
  const weight = state === 'promoting' ? 100 : weightAt(stepsOf(seen), presentStep(seen, memory.step));
  const input: SurgeInput = {
    replicas: replicasOf(seen),
    weight: state === 'aborted' ? 0 : weight,
    maxSurge: surgeOf(seen),
    maxUnavailable: maxUnavailableOf(seen),
    canary: countsOf(seen, memory.candidate),
    stable: countsOf(seen, memory.stable),
    older: olderPods(seen, memory),
    aborting: state === 'aborted',
  };
  return state !== 'aborted' && isFrozen(seen, memory) ? frozenCounts(input) : nextCounts(input);
}

/** Revisions that nothing wants any more keep the pods that are missing elsewhere, until they are not. */
function leftOver(seen: Observed, pods: ReadonlyMap<string, number>): [string, number][] {
  const served = [...pods].map(([hash, count]) => Math.min(count, availableOf(seen, hash)));
  let missing = replicasOf(seen) - maxUnavailableOf(seen) - served.reduce((a, b) => a + b, 0);
  const keep = (rs: SeenReplicaSet): [string, number] => {
    const count = Math.max(0, Math.min(rs.available, rs.desired, missing));
    missing -= count;
    return [rs.hash, count];
  };
  return seen.replicaSets.filter((rs) => rs.desired > 0 && !pods.has(rs.hash)).map(keep);
}
