// What is decided about an AnalysisRun: what to measure, what to end, what to record. Pure.
import { isOver, type AnalysisRun, type AnalysisRunStatus } from '../api/analysis.ts';
import { allUnderWay } from '../analysis/run/measurements.ts';
import { planRun } from '../analysis/run/run.ts';
import type { Active } from './active-run.ts';
import type { Decision } from './use.ts';

export type RunIntent =
  | { do: 'Measure'; metric: string }
  /** Nobody waits any more for a measurement that takes long. */
  | { do: 'End'; metric: string };
export type RunDecision = Decision<AnalysisRunStatus, RunIntent>;

/** An active run as of now; only the object where there is nothing to do for it. */
export interface SeenRun {
  object: AnalysisRun;
  active: Active | undefined;
  now: number;
}

const NOTHING = {} as AnalysisRunStatus;

/** Measures what is due, and records what was measured; a run that has measured nothing is not worth a write. */
export function decideRun({ object, active, now }: SeenRun): RunDecision {
  const recorded = object.status ?? NOTHING;
  if (active === undefined) return { status: recorded, intents: [] };
  const { status } = active;
  if (isOver(status.phase)) return decideEnd(status);
  const { due, nextAt } = planRun(active.spec, status, now, active.asked);
  const intents = due
    .filter((metric) => !active.measuring.has(metric))
    .map((metric): RunIntent => ({ do: 'Measure', metric }));
  const isNews = (status.metricResults ?? []).some((result) => result.phase !== 'Pending');
  return { status: isNews ? status : recorded, intents, nextAt };
}

/** The verdict is on record before what it leaves behind is ended: whoever takes over then finds it there. */
function decideEnd(status: AnalysisRunStatus): RunDecision {
  const intents = allUnderWay(status).map(({ metric }): RunIntent => ({ do: 'End', metric }));
  return intents.length === 0 ? { status, intents } : { status, intents, recordAfter: 0 };
}
