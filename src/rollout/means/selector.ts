// By one selector that is switched: the whole candidate stands beside the stable revision, is looked at through the preview Service, and
// takes over in one write. Going back is one write, too, as long as the old pods are there.
import type { Known } from '../known.ts';
import { availableOf, replicaSet, replicasOf } from '../observed.ts';
import { podsBy, type Stage } from '../plan.ts';
import { selects } from '../traffic.ts';
import { firstSelectors, hasAllPods, isIdle, servingAt, stablePods, withKept } from './apart.ts';
import type { Means, Pods, Selectors, Wanting } from './means.ts';

function pods(wanting: Wanting): Pods {
  const { seen, memory, aim } = wanting;
  const wanted = stablePods(wanting);
  if (aim.to === 'rest') return withKept(wanted, wanting, memory.rejected);
  if (aim.to === 'return') return withKept(wanted, wanting, memory.candidate);
  const isShared = aim.to === 'share';
  return wanted.set(memory.candidate, isShared ? podsBy(aim.standing.pods, replicasOf(seen)) : replicasOf(seen));
}

function selectors(wanting: Wanting): Selectors {
  const { seen, memory, aim } = wanting;
  const { candidate, stable } = memory;
  if (aim.to === 'start') return firstSelectors(wanting, true);
  if (aim.to === 'rest') return { canary: stable, stable: servingAt(seen, stable) };
  // A rejected revision can be looked at as long as it has pods.
  const isShown = aim.to === 'return' ? availableOf(seen, candidate) > 0 : replicaSet(seen, candidate) !== undefined;
  return {
    canary: isShown ? candidate : stable,
    stable: servingAt(seen, aim.to === 'switch' ? taker(wanting) : stable),
  };
}

/** Who serves once the candidate is to: it takes over with all of its pods, and while it has none the warm ones of the stable revision do. */
function taker(known: Known): string | undefined {
  const { seen, memory } = known;
  const { candidate, stable } = memory;
  const isAble = selects(seen, 'stable', candidate) ? availableOf(seen, candidate) > 0 : hasAllPods(known);
  return isAble || availableOf(seen, stable) === 0 ? candidate : stable;
}

function isShared({ seen, memory: { candidate } }: Known, stage: Stage): boolean {
  return availableOf(seen, candidate) >= podsBy(stage.pods, replicasOf(seen)) && selects(seen, 'canary', candidate);
}

export const selectorMeans: Means = {
  weight: () => undefined,
  pods,
  selectors,
  isShared,
  isFull: hasAllPods,
  isSwitched: ({ seen, memory: { candidate } }) =>
    selects(seen, 'stable', candidate) && selects(seen, 'canary', candidate),
  isBroughtBack: ({ seen, memory: { stable } }) => selects(seen, 'stable', stable),
  share: ({ seen, memory: { candidate } }) =>
    seen.selectors.some((s) => s.role === 'stable' && s.hash === candidate) ? 100 : 0,
  mayRetire: isIdle,
};
