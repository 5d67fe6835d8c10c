// A stage that gives the candidate a share of the traffic: the weight rises behind the pods, and falls before them.
import { meansOf } from '../means/by-split.ts';
import { podsText } from './pods-text.ts';
import type { StageModule } from './stage-module.ts';

export const split: StageModule<'Split'> = {
  isReached: (known, stage) => meansOf(known).isShared(known, stage),
  says: (known, { weight }) => `setting weight ${weight}; ${podsText(known)}`,
  told: ({ weight }) => `weight ${weight}`,
};
