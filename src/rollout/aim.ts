// What a state is after, in words that know no means: how it is reached with weights, with pods or with a selector is in means/.
import type { Standing } from './plan.ts';

export type Aim =
  /** The stable revision alone serves. */
  | { readonly to: 'rest' }
  /** The first revision ever comes up and serves as soon as it can. */
  | { readonly to: 'start' }
  /** The candidate has what its stage says. */
  | { readonly to: 'share'; readonly standing: Standing; readonly isMoving: boolean }
  /** The candidate grows to full size; undefined: the traffic stays as it is. */
  | { readonly to: 'grow'; readonly standing: Standing | undefined }
  /** The candidate serves in the place of the stable revision. */
  | { readonly to: 'switch' }
  /** The candidate was rejected. */
  | { readonly to: 'return' };

/** What each aim means for the world, for a person. */
export const AIMS: Readonly<Record<Aim['to'], string>> = {
  rest: 'all traffic on the stable revision, all of its pods; others retire',
  start: 'all pods of the candidate; Services select it once it can serve',
  share:
    'traffic and pods of the candidate as its stage says, weight on ready pods alone; all pods of the stable revision',
  grow: 'all pods of the candidate, traffic as the last stage says; all pods of the stable revision',
  switch: 'all traffic on the candidate, all of its pods; all pods of the stable revision, to go back to',
  return:
    'all traffic on the stable revision, all of its pods; the candidate retires, and the routes remember the verdict',
};
