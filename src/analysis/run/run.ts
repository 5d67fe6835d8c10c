// The life of an AnalysisRun: what is due, what a measurement changes, and when there is a verdict. All times are given;
// what is recorded is enough to go on from after a restart.
import {
  isOver,
  type AnalysisRunSpec,
  type AnalysisRunStatus,
  type Measurement,
  type Metric,
  type MetricResult,
} from '../../api/analysis.ts';
import { durationMs } from '../../api/fields.ts';
import { MIN_INTERVAL_MS } from '../../api/metric.ts';
import { judgeOf } from '../judges/judges.ts';
import { forecastOf } from './forecast.ts';
import { tallyOf, type Assessment, type Judge, type Look, type Tally } from '../judges/judge.ts';
import { finished, isUndecided, retentionOf, timeText, underWay } from './measurements.ts';
import { dueAt } from './times.ts';
import { isDryRun, verdictOf } from './verdict.ts';

export interface RunPlan {
  /** Metrics to look at now. One that is being measured is named again: the caller knows what is under way. */
  due: string[];
  /** When to look again, in milliseconds since the epoch; undefined when nothing waits for time. */
  nextAt?: number;
}

/** A measurement that has come back. Times in milliseconds since the epoch. */
export type Measured = Look & {
  startedAt: number;
  finishedAt: number;
  /** Takes secrets of the measurement out of what is told of it. Default: there are none. */
  clean?: (text: string) => string;
};

/** The status a run starts with. */
export function begin(spec: AnalysisRunSpec, now: number): AnalysisRunStatus {
  const metricResults = spec.metrics.map((metric): MetricResult => ({
    ...judgeOf(metric).begin(metric),
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

/**
 * What to measure now, and when to look again. Nothing when the run is over or asked to end.
 * `asked`: when those that take long want to be asked again, where that is newer than what is recorded.
 */
export function planRun(
  spec: AnalysisRunSpec,
  status: AnalysisRunStatus,
  now: number,
  asked: ReadonlyMap<string, number> = new Map(),
): RunPlan {
  if (isOver(status.phase) || spec.terminate === true) return { due: [] };
  const looks = spec.metrics.flatMap((metric) => {
    const result = status.metricResults?.find(({ name }) => name === metric.name);
    const at = asked.get(metric.name) ?? dueAt(metric, result, status.startedAt);
    return isOver(result?.phase) ? [] : [{ name: metric.name, at }];
  });
  const due = looks.filter(({ at }) => at <= now).map(({ name }) => name);
  const later = looks.filter(({ at }) => at > now).map(({ at }) => at);
  return later.length === 0 ? { due } : { due, nextAt: Math.min(...later) };
}

/** The status after a measurement, with the verdict when there is one. A run or metric that is over does not change. */
export function recordMeasurement(
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
  const after = judged(declared, before, measured, retentionOf(spec, metric));
  const metricResults = known.some((each) => each.name === metric)
    ? known.map((each) => (each.name === metric ? after : each))
    : [...known, after];
  // What is told of a run that goes on does not hold up a verdict.
  const concluded = conclude(spec, { ...status, phase: 'Running', metricResults }, measured.finishedAt);
  return isOver(concluded.phase) ? concluded : told(spec, concluded);
}

/** The metric after one look more, with its verdict where there is one. */
function judged(metric: Metric, before: MetricResult, measured: Measured, retention: number): MetricResult {
  const judge = judgeOf(metric);
  const { name, message: note, dryRun } = before;
  const { tally, assessment } = taken(metric, tallyOf(before), measured);
  const { message } = assessment;
  const why = message === undefined ? undefined : (measured.clean?.(message) ?? message);
  const measurement = measurementOf(assessment.phase, why, measured, before);
  const measurements = [...finished(before), measurement].slice(-retention);
  return {
    name,
    phase: 'Running',
    ...(note !== undefined && { message: note }),
    ...tally,
    measurements,
    ...(dryRun !== undefined && { dryRun }),
    ...judge.verdict(metric, tally, why),
  };
}

/** A judge that breaks has judged nothing. */
function taken(metric: Metric, tally: Tally, look: Look): ReturnType<Judge['take']> {
  const judge = judgeOf(metric);
  try {
    return judge.take(metric, tally, look);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return judge.take(metric, tally, { error: `${metric.name}: cannot be judged: ${reason}` });
  }
}

function measurementOf(
  phase: Assessment['phase'],
  message: string | undefined,
  measured: Measured,
  before: MetricResult,
): Measurement {
  const handle = underWay(before)?.handle;
  const value = 'value' in measured ? measured.value.text : measured.text;
  return {
    phase,
    ...(message !== undefined && { message }),
    startedAt: timeText(measured.startedAt),
    finishedAt: timeText(measured.finishedAt),
    ...(value !== undefined && { value }),
    ...(handle !== undefined && { metadata: { ...handle } }),
  };
}

/** What people read while the run goes on: where it waits for data, and how long it takes. */
function told(spec: AnalysisRunSpec, status: AnalysisRunStatus): AnalysisRunStatus {
  const { message: _, forecast: __, ...rest } = status;
  const message = withoutData(status.metricResults ?? []);
  const forecast = forecastOf(spec, status);
  return { ...rest, ...(message !== undefined && { message }), ...(forecast !== undefined && { forecast }) };
}

/** So many looks without data in the middle of a run are worth a word. */
const DRY = 3;

/** Stays the same from look to look, so that what quotes it is not written each time. */
function withoutData(results: readonly MetricResult[]): string | undefined {
  for (const result of results.filter(({ phase }) => !isOver(phase))) {
    const { noData = 0, measurements } = result;
    if (noData === 0) continue;
    const isFirst = noData === looksAt(result);
    if (!isFirst && noData < DRY) continue;
    return `no data ${isFirst ? 'yet' : 'any more'}: ${measurements?.at(-1)?.message ?? ''}`;
  }
  return undefined;
}

const looksAt = ({ count = 0, error = 0, ignored = 0 }: MetricResult): number => count + error + ignored;

/** Values that were left undecided count as errors: who judged them did not live to tell, so that nobody judges them again. */
export function undecided(spec: AnalysisRunSpec, status: AnalysisRunStatus, now: number): AnalysisRunStatus {
  const left = (status.metricResults ?? []).filter(({ measurements }) => isUndecided(measurements?.at(-1)));
  return left.reduce((after, { name, measurements }) => {
    const { startedAt = '', value } = measurements?.at(-1) ?? {};
    const began = Date.parse(startedAt);
    const error = `${name}: the controller ended while it judged this value; it is not judged again`;
    return recordMeasurement(spec, after, name, {
      error,
      startedAt: Number.isNaN(began) ? now : began,
      finishedAt: now,
      text: value,
    });
  }, status);
}

/** The verdict where there is one: limits, counts, spec.terminate. The same status otherwise. */
export function conclude(spec: AnalysisRunSpec, status: AnalysisRunStatus, now: number): AnalysisRunStatus {
  if (isOver(status.phase)) return status;
  const verdict = verdictOf(spec, status.metricResults ?? []);
  if (verdict === undefined) return status;
  const { message: _, forecast: __, ...rest } = status;
  return { ...rest, ...verdict, completedAt: timeText(now) };
}
