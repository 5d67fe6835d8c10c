// A stage that measures, and is done when the result is good.
import { runOf, RUN_TEXTS } from '../runs.ts';
import { inBrackets } from './in-brackets.ts';
import type { StageModule } from './stage-module.ts';

export const measure: StageModule<'Measure'> = {
  isReached: (known, { run }) => runOf(known, run)?.phase === 'Successful',
  says: (known, { run }) => `waiting for analysis to complete${inBrackets(runOf(known, run)?.message)}`,
  told: ({ run }) => RUN_TEXTS[run],
};
