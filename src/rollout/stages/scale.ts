// A stage that gives the candidate pods apart from its traffic.
import { availableOf, desiredOf, replicasOf } from '../observed.ts';
import { podsBy } from '../plan.ts';
import { podsText } from './pods-text.ts';
import type { StageModule } from './stage-module.ts';

export const scale: StageModule<'Scale'> = {
  isReached({ seen, memory: { candidate } }, { pods }) {
    const wanted = podsBy(pods, replicasOf(seen));
    return availableOf(seen, candidate) >= wanted && desiredOf(seen, candidate) === wanted;
  },
  says: (known, { pods }) => `scaling to ${podsBy(pods, replicasOf(known.seen))} pods; ${podsText(known)}`,
  told: () => 'canary scale',
};
