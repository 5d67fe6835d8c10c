// When revisions that nothing wants any more are scaled to 0: after a delay, so that requests on their way still find them.
import type { Memory, StateName } from './memory.ts';
import { rejectedHash } from './facts.ts';
import { hasRouter, type Observed } from './observed.ts';
import type { Wanted } from './wanted.ts';

const DEFAULT_DELAY_S = 30;

/** Deadlines by pod hash: kept while they apply, dropped when the revision is wanted again or gone. */
export function retirements(seen: Observed, memory: Memory, state: StateName, wanted: Wanted): Record<string, number> {
  const retiring: Record<string, number> = {};
  if (!hasRouter(seen)) return retiring;
  const strategy = seen.spec.strategy.canary;
  for (const rs of seen.replicaSets) {
    if (rs.desired === 0 || wanted.pods.has(rs.hash)) continue;
    const rejected = rs.hash === rejectedHash(memory, state);
    const seconds =
      (rejected ? strategy?.abortScaleDownDelaySeconds : strategy?.scaleDownDelaySeconds) ?? DEFAULT_DELAY_S;
    retiring[rs.hash] = memory.retiring[rs.hash] ?? seen.now + seconds * 1000;
  }
  return retiring;
}
