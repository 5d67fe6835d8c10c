// A stage that gives the candidate pods apart from its traffic.
import { availableOf, desiredOf, replicasOf } from '../observed.ts';
import { podsBy } from '../plan.ts';
import { selects } from '../traffic.ts';
import { podsText } from './pods-text.ts';
import type { StageModule } from './stage-module.ts';

export const scale: StageModule<'Scale'> = {
  isReached({ seen, memory: { candidate } }, { pods }) {
    const wanted = podsBy(pods, replicasOf(seen));
    // Before the preview Service selects the candidate, whoever looks through it sees the stable revision.
    const isShown = seen.plan.split !== 'selector' || selects(seen, 'canary', candidate);
    return isShown && availableOf(seen, candidate) >= wanted && desiredOf(seen, candidate) === wanted;
  },
  says: (known, { pods }) => `scaling to ${podsBy(pods, replicasOf(known.seen))} pods; ${podsText(known)}`,
  told: ({ pods }) => ('replicas' in pods ? `scale to ${pods.replicas} pods` : `scale to ${pods.share}% of the pods`),
};
