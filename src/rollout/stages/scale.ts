// A stage that gives the candidate pods apart from its traffic.
import { meansOf } from '../means/by-split.ts';
import { availableOf, desiredOf, replicasOf } from '../observed.ts';
import { podsBy } from '../plan.ts';
import { podsText } from './pods-text.ts';
import type { StageModule } from './stage-module.ts';

export const scale: StageModule<'Scale'> = {
  isReached(known, { pods }) {
    const {
      seen,
      memory: { candidate },
    } = known;
    const wanted = podsBy(pods, replicasOf(seen));
    return (
      meansOf(known).isShown(known) && availableOf(seen, candidate) >= wanted && desiredOf(seen, candidate) === wanted
    );
  },
  says: (known, { pods }) => `scaling to ${podsBy(pods, replicasOf(known.seen))} pods; ${podsText(known)}`,
  told: ({ pods }) => ('replicas' in pods ? `scale to ${pods.replicas} pods` : `scale to ${pods.share}% of the pods`),
};
