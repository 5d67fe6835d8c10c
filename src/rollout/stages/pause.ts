// A stage that waits: until a time, or until a person promotes.
import { time } from '../time.ts';
import type { StageModule } from './stage-module.ts';

export const pause: StageModule<'Pause'> = {
  isReached: ({ seen, memory: { until } }) => until !== undefined && seen.now >= until,
  says: ({ memory: { until } }) =>
    `until ${until === undefined ? 'someone promotes (annotation sluice.dev/promote=true)' : time(until)}`,
  told: ({ ms }) => (ms === undefined ? 'pause' : `pause of ${ms / 1000}s`),
};
