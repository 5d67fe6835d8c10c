// Where a release stands when the status says nothing: a new Rollout, or one whose status was lost. What serves is never taken for a
// first revision, and a verdict that the cluster still shows is not forgotten.
import type { Memory, StateName } from './memory.ts';
import { replicaSet, type Observed } from './observed.ts';

/** The pod hash that all stable selectors agree on, where its ReplicaSet exists. */
function servedHash(seen: Observed): string | undefined {
  const [first, ...others] = seen.selectors.filter((s) => s.role === 'stable').map((s) => s.hash);
  if (first === undefined || first === null || others.some((hash) => hash !== first)) return undefined;
  return replicaSet(seen, first)?.hash;
}

/** The attempt of the declared revision that a verdict went against, unless a later one was begun. */
function rejectedAttempt(seen: Observed): number | undefined {
  const runs = seen.runs.filter((run) => run.hash === seen.declared);
  const bad = runs.filter((run) => run.phase === 'Failed' || run.phase === 'Error').map((run) => run.attempt);
  const routed = seen.routes.flatMap(({ rejected }) => {
    const [, hash, attempt] = /^(.+)-([0-9]+)$/.exec(rejected ?? '') ?? [];
    return hash === seen.declared ? [Number(attempt)] : [];
  });
  const last = Math.max(0, ...bad, ...routed);
  return last > 0 && runs.every((run) => run.attempt <= last) ? last : undefined;
}

export function recovered(seen: Observed): { state: StateName; memory: Memory } {
  const stable = seen.status.stableRS ?? servedHash(seen);
  const fresh: Memory = {
    candidate: stable ?? seen.declared,
    stable,
    stepsHash: seen.stepsHash,
    step: 0,
    attempt: 0,
    retiring: {},
  };
  const attempt = stable === undefined || stable === seen.declared ? undefined : rejectedAttempt(seen);
  if (attempt === undefined) return { state: 'settled', memory: fresh };
  return {
    state: 'aborted',
    memory: {
      ...fresh,
      candidate: seen.declared,
      revision: seen.revision,
      attempt,
      cause: 'Recovered',
      reason: 'a verdict against it was found in the cluster after its status was lost',
      abortedAt: seen.now,
    },
  };
}
