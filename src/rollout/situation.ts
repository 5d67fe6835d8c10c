// What a decision goes by: what was observed, what is remembered, and where the chart stands.
import type { Known } from './known.ts';
import { isFollowable } from './observed.ts';
import type { Place } from './place.ts';

export interface Situation extends Known {
  readonly place: Place;
}

/** Nothing may grow or gain weight: it waits for the word of a person, or the spec cannot be followed (yet). */
export const isFrozen = ({ seen, place }: Situation): boolean => !isFollowable(seen) || standsStill({ seen, place });

/** It goes on when a person says so: one who paused it, or who decides for an analysis in the background that cannot tell. */
export const standsStill = ({ seen, place }: Pick<Situation, 'seen' | 'place'>): boolean =>
  isPaused({ seen, place }) || place.background === 'unsure';

/** A person holds the release where it is. */
export const isPaused = ({ seen, place }: Pick<Situation, 'seen' | 'place'>): boolean =>
  seen.spec.paused === true || place.attention === 'paused';
