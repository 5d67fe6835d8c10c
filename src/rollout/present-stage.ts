// The stage that a release is at.
import type { Known } from './known.ts';
import type { Stage } from './plan.ts';

/** Undefined behind the last one, and where all that is left is skipped. */
export const stageOf = ({ seen, memory }: Known): Stage | undefined =>
  memory.full === true ? undefined : seen.plan.stages[memory.stage];
