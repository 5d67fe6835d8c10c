// What the rollout controller tells about itself; server/metrics.ts turns it into metrics. Durations in milliseconds.
import type { Rollout } from '../api/rollout.ts';
import type { Decision } from '../rollout/decide.ts';
import type { Happening } from '../rollout/machine.ts';

export interface RolloutMetrics {
  /** One reconcile came to its end. */
  reconciled(durationMs: number): void;
  failed(): void;
  /** The state of a Rollout after a pass, and what happened in it. */
  observed(rollout: Rollout, decision: Decision, happenings: readonly Happening[]): void;
  /** A weight above 0 was written. */
  weightRaised(rollout: Rollout, decision: Decision, at: number): void;
  /** From the return of the bad measurement to the weight 0 on every route. */
  trafficBack(durationMs: number): void;
  /** The Rollout is gone: its series go with it. */
  forgotten(rollout: { namespace: string; name: string }): void;
}
