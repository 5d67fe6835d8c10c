// A stage that measures, and is done when the result is good.
import { runOf } from '../runs.ts';
import type { StageModule } from './stage-module.ts';

export const measure: StageModule<'Measure'> = {
  isReached: (known, { run }) => runOf(known, run)?.phase === 'Successful',
  says(known, { run }) {
    const message = runOf(known, run)?.message;
    return `waiting for analysis to complete${message === undefined || message === '' ? '' : ` (${message})`}`;
  },
  told: ({ run }) => (run === 'PrePromotion' ? 'pre-promotion analysis' : 'analysis'),
};
