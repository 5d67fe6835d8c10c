// What is carried from pass to pass beside the state of the chart.
import type { RevisionRef } from '../api/revision.ts';

/** Why a release was aborted. */
export type AbortCause = 'Analysis' | 'User' | 'Deadline' | 'Recovered';

/** Times are milliseconds since the epoch. */
export interface Memory {
  /** Pod hash of the revision that is being released, or was last. */
  readonly candidate: string;
  /** The commit that declared the candidate, where one is known. */
  readonly revision?: RevisionRef | undefined;
  /** Pod hash of the last revision that was fully promoted. */
  readonly stable: string | undefined;
  readonly stagesHash: string;
  readonly stage: number;
  readonly attempt: number;
  /** When the present pause ends. */
  readonly until?: number | undefined;
  readonly progressAt?: number | undefined;
  readonly progressMark?: string | undefined;
  /** Somebody let all that is left be skipped. */
  readonly full?: boolean | undefined;
  /** It began while no release might, and waits for that to end. */
  readonly waits?: boolean | undefined;
  readonly reason?: string | undefined;
  readonly cause?: AbortCause | undefined;
  readonly abortedAt?: number | undefined;
  /** Pod hash of the revision that was aborted last, while nothing but the stable one was declared since. */
  readonly rejected?: string | undefined;
  /** Hash of the value of an abort that was acted on before its annotation was taken. */
  readonly acted?: string | undefined;
  /** Pods older than this are being replaced. */
  readonly restartAt?: number | undefined;
  /** What spec.restartAt asked for last, and is done. */
  readonly restartedAt?: number | undefined;
  /** When revisions that nothing wants any more are scaled to 0, by pod hash. */
  readonly retiring: Readonly<Record<string, number>>;
}
