// By weights of a router: a share of the requests goes to the canary side, and which pods are behind a side is a matter of its selector.
import type { Known } from '../known.ts';
import { availableOf, desiredOf, replicaSet, replicasOf, type Observed } from '../observed.ts';
import { podsBy, type Standing, type Stage } from '../plan.ts';
import { isStranded, mostRouted, routedWeight, selects } from '../traffic.ts';
import { apartPods, firstSelectors, hasAllPods, isIdle, podsAhead, servingAt, takenOver } from './apart.ts';
import type { Means, Selectors, Wanting } from './means.ts';

/** The weight only rises onto pods that are ready and that the canary side points at. */
function raised({ seen, memory }: Wanting, { weight: target, pods: rule }: Standing, now: number): number {
  if (target <= now) return target;
  const isReady = availableOf(seen, memory.candidate) >= podsBy(rule, replicasOf(seen));
  return isReady ? target : now;
}

/** While nothing may gain weight: where routes differ, and one of them would, all stay as they are. */
function held(seen: Observed, target: number): number | undefined {
  const [first = 0, ...others] = seen.routes.flatMap(({ canary }) => canary ?? []);
  if (target <= Math.min(first, ...others)) return target;
  return others.every((share) => share === first) ? first : undefined;
}

/** It is 0 while the canary side points at another revision, or has no pod left. */
function tried(wanting: Wanting, standing: Standing | undefined): number | undefined {
  const { seen, memory, isFrozen } = wanting;
  const now = routedWeight(seen) ?? mostRouted(seen);
  if (!selects(seen, 'canary', memory.candidate) || availableOf(seen, memory.candidate) === 0) return 0;
  if (isFrozen) return held(seen, standing?.weight ?? now);
  return standing === undefined ? now : raised(wanting, standing, now);
}

/** Both sides are the candidate's once the serving one is switched; the canary side is let go of only then. */
function switched({ seen, memory: { candidate }, isFrozen }: Wanting): number | undefined {
  if (selects(seen, 'stable', candidate) || availableOf(seen, candidate) === 0) return 0;
  return isFrozen ? held(seen, mostRouted(seen)) : mostRouted(seen);
}

function weight(wanting: Wanting): number | undefined {
  const { seen, memory, aim } = wanting;
  if (isStranded(seen)) return routedWeight(seen) ?? mostRouted(seen);
  switch (aim.to) {
    case 'rest':
      return memory.stable !== undefined && !selects(seen, 'stable', memory.stable) ? mostRouted(seen) : 0;
    case 'share':
    case 'grow':
      return tried(wanting, aim.standing);
    case 'switch':
      return switched(wanting);
    case 'start':
    case 'return':
      return 0;
  }
}

function stagePods({ seen, memory }: Known, standing: Standing, isMoving: boolean): number {
  if (!isMoving) return podsBy(standing.pods, replicasOf(seen));
  const ahead = podsAhead(seen, memory.stage);
  // A falling weight leaves first, the pods follow.
  return mostRouted(seen) > standing.weight ? Math.max(ahead, desiredOf(seen, memory.candidate)) : ahead;
}

function selectors(wanting: Wanting): Selectors {
  const { seen, memory, aim } = wanting;
  const { candidate, stable } = memory;
  // The canary side changes hands only while no traffic goes there.
  const isFree = mostRouted(seen) === 0;
  if (aim.to === 'start') return firstSelectors(wanting, isFree);
  const serving = aim.to === 'switch' ? takenOver(wanting) : servingAt(seen, stable);
  if (aim.to === 'rest') return { canary: isFree ? stable : undefined, stable: serving };
  if (aim.to === 'return') return { canary: isFree || canTakeOver(wanting) ? stable : undefined, stable: serving };
  return { canary: isFree && canBeShown(seen, candidate) ? candidate : undefined, stable: serving };
}

/**
 * It is pointed at while its pods are still on their way, so that the first weight waits for nothing but them; not where requests come to the
 * canary side whatever the weight is.
 */
const canBeShown = (seen: Observed, candidate: string): boolean =>
  // Where no pods are asked for, there are none to wait for.
  seen.plan.traffic.preview === undefined || replicasOf(seen) === 0
    ? replicaSet(seen, candidate) !== undefined
    : availableOf(seen, candidate) > 0;

/** Where the weight of a rejected revision cannot be moved, its side is: the stable revision has pods to take it. */
const canTakeOver = ({ seen, memory: { stable } }: Known): boolean => availableOf(seen, stable) > 0;

function isShared({ seen, memory }: Known, stage: Stage): boolean {
  if (replicasOf(seen) === 0) return true;
  const isReady = availableOf(seen, memory.candidate) >= podsBy(stage.pods, replicasOf(seen));
  const isTried = stage.weight === 0 || selects(seen, 'canary', memory.candidate);
  return isReady && routedWeight(seen) === stage.weight && isTried;
}

/** What a route that cannot be read sends there is not known: as much as it was when it last could be. */
function routedAtMost(seen: Observed): number {
  const isUnread = seen.routes.some((route) => route.canary === undefined);
  return Math.max(mostRouted(seen), isUnread ? (seen.status.weight ?? 0) : 0);
}

/** Where it has no pods there is nobody to see, and no side waits for them. */
const isShown = ({ seen, memory: { candidate } }: Known): boolean =>
  selects(seen, 'canary', candidate) || availableOf(seen, candidate) === 0;

export const weightMeans: Means = {
  weight,
  pods: (wanting) => apartPods(wanting, ({ standing, isMoving }) => stagePods(wanting, standing, isMoving)),
  selectors,
  isShared,
  isShown,
  isFull: hasAllPods,
  isSwitched: ({ seen, memory: { candidate } }) =>
    selects(seen, 'stable', candidate) && selects(seen, 'canary', candidate) && routedWeight(seen) === 0,
  isBroughtBack: ({ seen, memory: { stable } }) => selects(seen, 'stable', stable) && routedWeight(seen) === 0,
  share({ seen, memory: { candidate } }) {
    if (seen.selectors.some((s) => s.role === 'stable') && selects(seen, 'stable', candidate)) return 100;
    return selects(seen, 'canary', candidate) ? routedAtMost(seen) : 0;
  },
  mayRetire: isIdle,
  retiresLate: true,
};
