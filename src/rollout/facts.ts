// Questions that the chart's guards ask of the observed world. Total: none of them throws, whatever the world looks like.
import type { Known } from './known.ts';
import { meansOf } from './means/by-split.ts';
import { availableOf, desiredOf, replicasOf, type Observed, type SeenRun } from './observed.ts';
import { podsBy, standingAt } from './plan.ts';
import { stageOf } from './present-stage.ts';
import { runOf } from './runs.ts';
import { isStageReached } from './stages/stages.ts';
import { nextSecond, parseTime } from './time.ts';

export function isReached(known: Known): boolean {
  const stage = stageOf(known);
  return stage !== undefined && isStageReached(known, stage);
}

/** The stage wants pods, there were some, and none is available any more. */
export function isBereft({ seen, memory: { candidate, stage } }: Known): boolean {
  const wanted = podsBy(standingAt(seen.plan, stage).pods, replicasOf(seen));
  return wanted > 0 && desiredOf(seen, candidate) > 0 && availableOf(seen, candidate) === 0;
}

export const isFull = (known: Known): boolean => meansOf(known).isFull(known);
/** Everything that serves is the candidate's, and it has the pods to. */
export const isSwitched = (known: Known): boolean => meansOf(known).isSwitched(known) && isFull(known);
export const isBroughtBack = (known: Known): boolean => meansOf(known).isBroughtBack(known);

/** The analysis after the switch, where one is declared and is not skipped. */
const verifies = ({ seen: { plan }, memory }: Known): boolean =>
  memory.full !== true && plan.analyses.some(({ kind }) => kind === 'PostPromotion');

export const verifyingRun = (known: Known): SeenRun | undefined => runOf(known, 'PostPromotion');

export const isVerified = (known: Known): boolean =>
  isSwitched(known) && (!verifies(known) || verifyingRun(known)?.phase === 'Successful');

/** A background analysis of this release is under way, or has come to something. */
export const isMeasuring = (known: Known): boolean =>
  known.memory.stable !== known.memory.candidate && runOf(known, 'Background') !== undefined;

/** No pods of an earlier revision are left. */
export const isDrained = ({ seen, memory: { stable } }: Known): boolean =>
  seen.replicaSets.every(({ hash, desired }) => desired === 0 || hash === stable);

/** What is declared served before, and still has all the pods of that time. */
export function isWarm({ seen, memory }: Known): boolean {
  const { declared, plan } = seen;
  const isRetiring = memory.retiring[declared] !== undefined;
  const pods = Math.max(1, replicasOf(seen));
  const hasPods = desiredOf(seen, declared) >= pods && availableOf(seen, declared) >= pods;
  return plan.returnsWarm && isRetiring && hasPods && wasTrusted(seen, declared);
}

/** It was promoted once, and not rejected since. What was only looked at has pods, too, but nothing speaks for it. */
function wasTrusted({ status }: Observed, hash: string): boolean {
  const verdicts = (status.history ?? []).filter(
    ({ podHash, outcome }) => podHash === hash && (outcome === 'Promoted' || outcome === 'Aborted'),
  );
  return verdicts.at(-1)?.outcome === 'Promoted';
}

/** When spec.restartAt asks for pods to be replaced that were not yet; milliseconds since the epoch. */
export function restartDue({ seen, memory }: Known): number | undefined {
  const asked = parseTime(seen.spec.restartAt);
  const at = asked === undefined ? undefined : nextSecond(asked);
  return at === undefined || at > seen.now || at <= (memory.restartedAt ?? 0) || at === memory.restartAt
    ? undefined
    : at;
}
