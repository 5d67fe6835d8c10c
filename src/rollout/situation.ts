// What a decision goes by: what was observed, what is remembered, and where the chart stands.
import type { Known } from './known.ts';
import { isFollowable } from './observed.ts';
import type { Place } from './place.ts';

export interface Situation extends Known {
  readonly place: Place;
}

/** Nothing may grow or gain weight: somebody paused, or the spec cannot be followed (yet). */
export const isFrozen = ({ seen, place }: Situation): boolean => !isFollowable(seen) || isPaused({ seen, place });

/** A person holds the release where it is. */
export const isPaused = ({ seen, place }: Pick<Situation, 'seen' | 'place'>): boolean =>
  seen.spec.paused === true || place.attention === 'paused';
