// When revisions that nothing wants any more are scaled to 0: after a delay, so that requests on their way still find them, and so that
// going back is fast.
import { meansOf } from './means/by-split.ts';
import type { SeenReplicaSet } from './observed.ts';
import { hasTag } from './place.ts';
import type { Situation } from './situation.ts';
import type { Wanted } from './wanted.ts';

/** The revision that was aborted: until something else is declared, also after the stable one was. */
const rejectedHash = ({ memory, place }: Situation): string | undefined =>
  hasTag(place, 'rejected') ? memory.candidate : memory.rejected;

const newestFirst = (a: SeenReplicaSet, b: SeenReplicaSet): number =>
  b.createdAt.localeCompare(a.createdAt) || b.name.localeCompare(a.name);

/** Deadlines by pod hash: kept while they apply, dropped when the revision is wanted again or gone. */
export function retirements(situation: Situation, wanted: Wanted): Record<string, number> {
  const { seen, memory } = situation;
  const { plan, now } = seen;
  const retiring: Record<string, number> = {};
  if (!meansOf(situation).retiresLate) return retiring;
  const unwanted = seen.replicaSets.filter((rs) => rs.desired > 0 && !wanted.pods.has(rs.hash)).toSorted(newestFirst);
  let kept = plan.oldRevisionsStay ?? Infinity;
  for (const { hash } of unwanted) {
    const isRejected = hash === rejectedHash(situation);
    const stays = isRejected ? (plan.rejectedPodsStay ?? 0) : plan.oldPodsStay;
    const isOverLimit = !isRejected && kept-- <= 0;
    retiring[hash] = isOverLimit ? Math.min(now, memory.retiring[hash] ?? now) : (memory.retiring[hash] ?? now + stays);
  }
  return retiring;
}
