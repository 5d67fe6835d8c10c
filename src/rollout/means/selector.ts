// By one selector that is switched: the whole candidate stands beside the stable revision, is looked at through the preview Service, and
// takes over in one write. Going back is one write, too, as long as the old pods are there.
import type { Known } from '../known.ts';
import { availableOf, replicaSet, replicasOf } from '../observed.ts';
import { podsBy, type Stage } from '../plan.ts';
import { selects } from '../traffic.ts';
import { apartPods, firstSelectors, hasAllPods, isIdle, servingAt, takenOver } from './apart.ts';
import type { Means, Selectors, Wanting } from './means.ts';

function selectors(wanting: Wanting): Selectors {
  const { seen, memory, aim } = wanting;
  const { candidate, stable } = memory;
  if (aim.to === 'start') return firstSelectors(wanting, true);
  if (aim.to === 'rest') return { canary: stable, stable: servingAt(seen, stable) };
  // A rejected revision can be looked at as long as it has pods.
  const hasPods = aim.to === 'return' ? availableOf(seen, candidate) > 0 : replicaSet(seen, candidate) !== undefined;
  return {
    canary: hasPods ? candidate : stable,
    stable: aim.to === 'switch' ? takenOver(wanting, taker(wanting)) : servingAt(seen, stable),
  };
}

/** Who serves once the candidate is to: it takes over with all of its pods, and while it has none the warm ones of the stable revision do. */
function taker(known: Known): string {
  const { seen, memory } = known;
  const { candidate, stable } = memory;
  const isAble = selects(seen, 'stable', candidate) ? availableOf(seen, candidate) > 0 : hasAllPods(known);
  return isAble || stable === undefined || availableOf(seen, stable) === 0 ? candidate : stable;
}

/** Before the preview Service selects the candidate, whoever looks through it sees the stable revision. */
const isShown = ({ seen, memory: { candidate } }: Known): boolean => selects(seen, 'canary', candidate);

function isShared(known: Known, { pods }: Stage): boolean {
  const { seen, memory } = known;
  return availableOf(seen, memory.candidate) >= podsBy(pods, replicasOf(seen)) && isShown(known);
}

export const selectorMeans: Means = {
  weight: () => undefined,
  pods: (wanting) => apartPods(wanting, ({ standing }) => podsBy(standing.pods, replicasOf(wanting.seen))),
  selectors,
  isShared,
  isShown,
  isFull: hasAllPods,
  isSwitched: ({ seen, memory: { candidate } }) =>
    selects(seen, 'stable', candidate) && selects(seen, 'canary', candidate),
  isBroughtBack: ({ seen, memory: { stable } }) => selects(seen, 'stable', stable),
  share: ({ seen, memory: { candidate } }) =>
    seen.selectors.some((s) => s.role === 'stable' && s.hash === candidate) ? 100 : 0,
  mayRetire: isIdle,
  retiresLate: true,
};
