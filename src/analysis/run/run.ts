// The life of an AnalysisRun: what is due, what a measurement changes, and when there is a verdict. All times are given;
// what is recorded is enough to go on from after a restart.
import {
  isOver,
  MAX_RETENTION,
  MIN_INTERVAL_MS,
  type AnalysisRunSpec,
  type AnalysisRunStatus,
  type Measurement,
  type Metric,
  type MetricResult,
} from '../../api/analysis.ts';
import { durationMs } from '../../api/fields.ts';
import type { Assessment } from '../judges/assess.ts';
import { isDryRun, settleMetric, verdictOf } from './verdict.ts';

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

/** After an error, and after a measurement that does not count, the next one comes no later than this. */
const RETRY_MS = 10_000;
const DEFAULT_RETENTION = 10;

/** RFC 3339 with milliseconds: intervals of a second need them. */
const timeText = (ms: number): string => new Date(ms).toISOString();

/** The status a run starts with. */
export function begin(spec: AnalysisRunSpec, now: number): AnalysisRunStatus {
  const metricResults = spec.metrics.map((metric): MetricResult => ({
    name: metric.name,
    phase: 'Pending',
    ...shortInterval(metric),
    ...(isDryRun(spec, metric.name) && { dryRun: true }),
  }));
  return { phase: 'Running', startedAt: timeText(now), metricResults };
}

/** Said from the beginning until there is a verdict. */
function shortInterval({ interval }: Metric): Pick<MetricResult, 'message'> {
  if (interval === undefined || (durationMs(interval) ?? MIN_INTERVAL_MS) >= MIN_INTERVAL_MS) return {};
  return { message: `the interval ${interval} is below 1s: it is measured every 1s` };
}

/** What to measure now, and when to look again. Nothing when the run is over or asked to end. */
export function plan(spec: AnalysisRunSpec, status: AnalysisRunStatus, now: number): RunPlan {
  if (isOver(status.phase) || spec.terminate === true) return { due: [] };
  const due: string[] = [];
  let nextAt: number | undefined;
  for (const metric of spec.metrics) {
    const result = status.metricResults?.find((each) => each.name === metric.name);
    if (isOver(result?.phase)) continue;
    const at = dueAt(metric, result, status.startedAt);
    if (at <= now) due.push(metric.name);
    else nextAt = Math.min(nextAt ?? at, at);
  }
  return nextAt === undefined ? { due } : { due, nextAt };
}

function dueAt(metric: Metric, result: MetricResult | undefined, startedAt: string | undefined): number {
  const last = result?.measurements?.at(-1);
  const finished = Date.parse(last?.finishedAt ?? '');
  if (last === undefined || Number.isNaN(finished)) {
    const started = Date.parse(startedAt ?? '');
    return (Number.isNaN(started) ? 0 : started) + (durationMs(metric.initialDelay ?? 0) ?? 0);
  }
  const asked = metric.interval === undefined ? RETRY_MS : (durationMs(metric.interval) ?? RETRY_MS);
  const interval = Math.max(asked, MIN_INTERVAL_MS);
  return finished + (last.phase === 'Error' ? Math.min(RETRY_MS, interval) : interval);
}

/** The status after a measurement, with the verdict when there is one. A run or metric that is over does not change. */
export function record(
  spec: AnalysisRunSpec,
  status: AnalysisRunStatus,
  metric: string,
  measured: Measured,
): AnalysisRunStatus {
  const declared = spec.metrics.find((each) => each.name === metric);
  if (declared === undefined || isOver(status.phase)) return status;
  const known = status.metricResults ?? begin(spec, measured.finishedAt).metricResults ?? [];
  const before = known.find((each) => each.name === metric) ?? { name: metric, phase: 'Pending' as const };
  if (isOver(before.phase)) return status;
  const counted = withMeasurement(before, measured, retentionOf(spec, metric));
  const after = settleMetric(declared, counted, measured);
  const metricResults = known.some((each) => each.name === metric)
    ? known.map((each) => (each.name === metric ? after : each))
    : [...known, after];
  return conclude(spec, { ...status, phase: 'Running', metricResults }, measured.finishedAt);
}

function retentionOf(spec: AnalysisRunSpec, metric: string): number {
  const limit = spec.measurementRetention?.find((each) => each.metricName === metric)?.limit ?? DEFAULT_RETENTION;
  return Math.min(limit, MAX_RETENTION);
}

function withMeasurement(result: MetricResult, measured: Measured, retention: number): MetricResult {
  const measurement = {
    phase: measured.phase,
    ...(measured.message !== undefined && { message: measured.message }),
    startedAt: timeText(measured.startedAt),
    finishedAt: timeText(measured.finishedAt),
    ...(measured.value !== undefined && { value: measured.value }),
  };
  const before = (result.measurements ?? []).filter((each) => !isUndecided(each));
  const measurements = [...before, measurement].slice(-Math.max(retention, 1));
  const kept: MetricResult = { ...result, phase: 'Running', measurements };
  return measured.ignored === true ? { ...kept, ignored: (result.ignored ?? 0) + 1 } : counted(kept, measured.phase);
}

/** A value that was recorded before it was judged, and has not been. */
export const isUndecided = (measurement: Measurement | undefined): boolean => measurement?.phase === 'Running';

/** The status with a value of a metric that is yet to be judged. */
export function withUndecided(
  status: AnalysisRunStatus,
  metric: string,
  { value, startedAt }: { value: string; startedAt: number },
): AnalysisRunStatus {
  const measurement: Measurement = { phase: 'Running', startedAt: timeText(startedAt), value };
  const metricResults = (status.metricResults ?? []).map((each) =>
    each.name === metric
      ? { ...each, phase: 'Running' as const, measurements: [...(each.measurements ?? []), measurement] }
      : each,
  );
  return { ...status, metricResults };
}

/** Values that were left undecided count as errors: who judged them did not live to tell, so that nobody judges them again. */
export function undecided(spec: AnalysisRunSpec, status: AnalysisRunStatus, now: number): AnalysisRunStatus {
  const left = (status.metricResults ?? []).filter(({ measurements }) => isUndecided(measurements?.at(-1)));
  return left.reduce((after, { name, measurements }) => {
    const { startedAt = '', value } = measurements?.at(-1) ?? {};
    const began = Date.parse(startedAt);
    const message = `${name}: the controller ended while it judged this value; it is not judged again`;
    const times = { startedAt: Number.isNaN(began) ? now : began, finishedAt: now };
    return record(spec, after, name, { phase: 'Error', message, ...times, ...(value !== undefined && { value }) });
  }, status);
}

const COUNTER = { Successful: 'successful', Failed: 'failed', Inconclusive: 'inconclusive', Error: 'error' } as const;

/** Errors do not count as measurements, as in Argo Rollouts. */
function counted(result: MetricResult, phase: Measured['phase']): MetricResult {
  const error = phase === 'Error';
  const counter = COUNTER[phase];
  return {
    ...result,
    [counter]: (result[counter] ?? 0) + 1,
    ...(!error && { count: (result.count ?? 0) + 1 }),
    consecutiveError: error ? (result.consecutiveError ?? 0) + 1 : 0,
    consecutiveSuccess: phase === 'Successful' ? (result.consecutiveSuccess ?? 0) + 1 : 0,
  };
}

/** The verdict where there is one: limits, counts, spec.terminate. The same status otherwise. */
export function conclude(spec: AnalysisRunSpec, status: AnalysisRunStatus, now: number): AnalysisRunStatus {
  if (isOver(status.phase)) return status;
  const verdict = verdictOf(spec, status.metricResults ?? []);
  return verdict === undefined ? status : { ...status, ...verdict, completedAt: timeText(now) };
}
