// Where in its steps a release stands, in words.
import type { Plan } from '../plan.ts';

/** As `step 2/5`; of how many is left out where there are not so many any more. */
export const stepText = ({ stages }: Plan, stage: number): string =>
  stage < stages.length ? `step ${stage + 1}/${stages.length}` : `step ${stage + 1}`;
