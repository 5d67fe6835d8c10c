// The measurements of a metric in a status: those that are finished, one that takes long, one whose value is yet to be judged.
import { MAX_RETENTION, type AnalysisRunSpec, type AnalysisRunStatus } from '../../api/analysis.ts';
import type { Measurement, MetricResult } from '../../api/analysis.ts';
import type { Handle } from '../provider.ts';

/** A measurement that takes long: how its provider finds it again. Times in milliseconds since the epoch. */
export interface UnderWay {
  handle: Handle;
  startedAt: number;
  /** When to ask for it again. */
  pollAt: number;
}

const DEFAULT_RETENTION = 10;

/** RFC 3339 with milliseconds: intervals of a second need them. */
export const timeText = (ms: number): string => new Date(ms).toISOString();

const timeOf = (text: string | undefined): number => {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? 0 : time;
};

/** How many a status keeps. */
export function retentionOf(spec: AnalysisRunSpec, metric: string): number {
  const limit = spec.measurementRetention?.find((each) => each.metricName === metric)?.limit ?? DEFAULT_RETENTION;
  return Math.max(Math.min(limit, MAX_RETENTION), 1);
}

const isFinished = ({ phase }: Measurement): boolean => phase !== 'Running';

export const finished = (result: MetricResult | undefined): Measurement[] =>
  (result?.measurements ?? []).filter(isFinished);

/** A value that was recorded before it was judged, and has not been. */
export const isUndecided = (measurement: Measurement | undefined): boolean =>
  measurement?.phase === 'Running' && measurement.metadata === undefined;

/** The measurement of a metric that takes long, where there is one. */
export function underWay(result: MetricResult | undefined): UnderWay | undefined {
  const last = result?.measurements?.at(-1);
  if (last?.phase !== 'Running' || last.metadata === undefined) return undefined;
  return { handle: last.metadata, startedAt: timeOf(last.startedAt), pollAt: timeOf(last.resumeAt) };
}

/** Every measurement that takes long, by metric. Of a run that is over: what is still to be ended. */
export const allUnderWay = (status: AnalysisRunStatus): (UnderWay & { metric: string })[] =>
  (status.metricResults ?? []).flatMap((result) => {
    const pending = underWay(result);
    return pending === undefined ? [] : [{ ...pending, metric: result.name }];
  });

/** With a measurement that takes long. The same status where the same handle is there already: a later look is not worth a write. */
export function withUnderWay(status: AnalysisRunStatus, metric: string, pending: UnderWay): AnalysisRunStatus {
  const before = underWay(status.metricResults?.find(({ name }) => name === metric));
  if (before !== undefined && isSame(before.handle, pending.handle)) return status;
  const measurement: Measurement = {
    phase: 'Running',
    startedAt: timeText(pending.startedAt),
    resumeAt: timeText(pending.pollAt),
    metadata: { ...pending.handle },
  };
  return withLast(status, metric, measurement);
}

const isSame = (a: Handle, b: Handle): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);

/** With a value that is yet to be judged. */
export function withUndecided(
  status: AnalysisRunStatus,
  metric: string,
  { value, startedAt }: { value: string; startedAt: number },
): AnalysisRunStatus {
  return withLast(status, metric, { phase: 'Running', startedAt: timeText(startedAt), value });
}

/** What took long and was ended before it gave a value: it stays as evidence and counts for nothing. */
export function withEnded(status: AnalysisRunStatus, metric: string, now: number): AnalysisRunStatus {
  const result = status.metricResults?.find(({ name }) => name === metric);
  const pending = underWay(result);
  if (pending === undefined || result === undefined) return status;
  const measurement: Measurement = {
    phase: 'Inconclusive',
    message: `${metric}: ended before it answered`,
    startedAt: timeText(pending.startedAt),
    finishedAt: timeText(now),
    metadata: { ...pending.handle },
  };
  return withLast(status, metric, measurement, result.phase);
}

/** Puts it behind those that are finished. */
function withLast(
  status: AnalysisRunStatus,
  metric: string,
  measurement: Measurement,
  phase: MetricResult['phase'] = 'Running',
): AnalysisRunStatus {
  const metricResults = (status.metricResults ?? []).map((each) =>
    each.name === metric ? { ...each, phase, measurements: [...finished(each), measurement] } : each,
  );
  return { ...status, metricResults };
}
