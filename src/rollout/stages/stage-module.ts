// What a kind of stage has to say for itself.
import type { Known } from '../known.ts';
import type { Stage, StageKind } from '../plan.ts';

export type StageOf<K extends StageKind> = Extract<Stage, { kind: K }>;

export interface StageModule<K extends StageKind> {
  /** Whether it is done, as far as the world shows it. */
  isReached(known: Known, stage: StageOf<K>): boolean;
  /** What goes on, in the status: as `setting weight 50`. */
  says(known: Known, stage: StageOf<K>): string;
  /** What it is, in Events: as `weight 50`. */
  told(stage: StageOf<K>): string;
}
