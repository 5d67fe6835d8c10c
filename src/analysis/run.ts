import type { AnalysisRunSpec, AnalysisRunStatus } from '../api/analysis.ts';
import type { Assessment } from './assess.ts';

export interface RunPlan {
  /** Metrics to measure now. One that is being measured is named again: the caller knows what is under way. */
  due: string[];
  /** When to look again, in milliseconds since the epoch; undefined when nothing waits for time. */
  nextAt?: number;
}

/** A measurement that has come back. Times in milliseconds since the epoch. */
export interface Measured extends Assessment {
  value?: string;
  startedAt: number;
  finishedAt: number;
}

/** The status a run starts with. */
export declare function begin(spec: AnalysisRunSpec, now: number): AnalysisRunStatus;

/** What to measure now, and when to look again. */
export declare function plan(spec: AnalysisRunSpec, status: AnalysisRunStatus, now: number): RunPlan;

/** The status after a measurement, with the verdict when there is one. A run that is over does not change. */
export declare function record(
  spec: AnalysisRunSpec,
  status: AnalysisRunStatus,
  metric: string,
  measured: Measured,
): AnalysisRunStatus;

/** The verdict where there is one: limits, counts, spec.terminate. The same status otherwise. */
export declare function conclude(spec: AnalysisRunSpec, status: AnalysisRunStatus, now: number): AnalysisRunStatus;
