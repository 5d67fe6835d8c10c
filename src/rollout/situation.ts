// What a decision goes by: what was observed, what is remembered, and where the chart stands.
import type { Closure } from '../api/release-policy.ts';
import type { Known } from './known.ts';
import { isFollowable } from './observed.ts';
import { hasTag, type Place } from './place.ts';

export interface Situation extends Known {
  readonly place: Place;
}

/** Nothing may grow or gain weight: it waits for the word of a person, or the spec cannot be followed (yet). */
export const isFrozen = (situation: Situation): boolean => !isFollowable(situation.seen) || standsStill(situation);

/** It goes on when a person says so: one who paused it, or who decides for an analysis in the background that cannot tell. */
export const standsStill = (situation: Situation): boolean =>
  isPaused(situation) || situation.place.background === 'unsure';

/** A person holds the release where it is, or a policy does. */
export const isPaused = (situation: Situation): boolean =>
  situation.seen.spec.paused === true || situation.place.attention === 'paused' || closureOf(situation) !== undefined;

/** The policy that holds up what is on its way: at its beginning where a window is closed, anywhere where all is stopped. */
export function closureOf({ seen: { closed }, memory, place }: Situation): Closure | undefined {
  const isHeldUp = closed?.kind === 'stop' || memory.waits === true;
  return isHeldUp && hasTag(place, 'moving') ? closed : undefined;
}
