// Where a release stands when the status says nothing: a new Rollout, or one whose status was lost. What serves is never taken for a
// first revision, and a verdict that the cluster still shows is not forgotten.
import type { Memory } from './memory.ts';
import type { Recalled } from './record.ts';
import type { Place, StateName } from './place.ts';
import { replicaSet, type Observed } from './observed.ts';
import { rejectedMarks } from './traffic.ts';

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
  const routed = rejectedMarks(seen).flatMap((mark) => {
    const [, hash, attempt] = /^(.+)-([0-9]+)$/.exec(mark) ?? [];
    return hash === seen.declared ? [Number(attempt)] : [];
  });
  const last = Math.max(0, ...bad, ...routed);
  return last > 0 && runs.every((run) => run.attempt <= last) ? last : undefined;
}

const at = (state: StateName): Place => ({ state, attention: 'running', background: 'quiet', pods: 'steady' });

export function recovered(seen: Observed): Recalled {
  const stable = seen.status.stableRS ?? servedHash(seen);
  const fresh: Memory = {
    candidate: stable ?? seen.declared,
    stable,
    stagesHash: seen.plan.stagesHash,
    stage: 0,
    attempt: 0,
    retiring: {},
  };
  const attempt = stable === undefined || stable === seen.declared ? undefined : rejectedAttempt(seen);
  if (attempt === undefined) return { place: at('settled'), memory: fresh };
  return {
    place: at('rejected.aborting'),
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
