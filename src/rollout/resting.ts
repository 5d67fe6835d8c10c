// What somebody undoes each time it is written rests for a while before the same is written once more, and so does what must come after it.
import { drivenFields, targetsOf, writtenFor } from './contest.ts';
import { movesTraffic, type Intent } from './intents.ts';
import type { DrivenField, Observed, Rest } from './observed.ts';
import { hasTag } from './place.ts';
import type { Situation } from './situation.ts';

/** Traffic of a rejected revision never waits longer to be taken away once more. */
export const RETURN_MS = 1_000;

/** Whether an intent is nothing but what was undone again and again, and its time has not come. */
export function isResting(seen: Observed, intent: Intent, isReturn: boolean): boolean {
  const { now, rests = [] } = seen;
  if (rests.length === 0) return false;
  const ends = ({ last, until }: Rest): number => (isReturn ? Math.min(until, last + RETURN_MS) : until);
  const isAtRest = (field: DrivenField): boolean =>
    rests.some((rest) => rest.id === field.id && rest.aim === writtenFor(intent, field) && now < ends(rest));
  const targets = targetsOf(intent, drivenFields(seen));
  return targets.length > 0 && targets.every(isAtRest);
}

/** Pods go only when the traffic is surely elsewhere. */
const takesPods = (intent: Intent): boolean =>
  intent.do === 'DeleteReplicaSet' ||
  intent.do === 'RestartPods' ||
  (intent.do === 'ScaleReplicaSet' && intent.replicas < intent.from);

/** What of these intents need not wait. */
export function withoutResting({ seen, place }: Situation, intents: readonly Intent[]): readonly Intent[] {
  if (seen.rests === undefined || seen.rests.length === 0) return intents;
  const isReturning = hasTag(place, 'rejected');
  const resting = new Set(intents.filter((each) => isResting(seen, each, isReturning && movesTraffic(each))));
  const isHeldUp = [...resting].some((each) => each.do === 'SetWeights' || each.do === 'SwitchSelector');
  return intents.filter((each) => !resting.has(each) && !(isHeldUp && takesPods(each)));
}
