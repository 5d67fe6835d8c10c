// What the rollout controller tells about itself; server/metrics.ts turns it into metrics. Durations in milliseconds.
import type { Rollout } from '../api/rollout.ts';

export interface RolloutMetrics {
  /** The state of a Rollout as it is recorded. */
  observed(rollout: Rollout): void;
  promoted(): void;
  aborted(cause: string): void;
  /** A weight above 0 was written for a release. */
  weightRaised(rollout: Rollout, release: string, at: number): void;
  /** From the return of the bad measurement to the weight 0 on every route. */
  trafficBack(durationMs: number): void;
  /** Something that somebody else had changed was put back. */
  corrected(rollout: { namespace: string; name: string }, what: { kind: string; manager: string }): void;
  /** The Rollout is gone: its series go with it. */
  forgotten(rollout: { namespace: string; name: string }): void;
}
