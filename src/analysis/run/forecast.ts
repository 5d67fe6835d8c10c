// When a run can be decided, in looks and times, as far as its status tells. It changes with each measurement and is written with it.
import { isOver, type AnalysisRunSpec, type AnalysisRunStatus, type Metric } from '../../api/analysis.ts';
import { tallyOf, type Forecast } from '../judges/judge.ts';
import { judgeOf } from '../judges/judges.ts';
import { timeText } from './measurements.ts';
import { dueAt, intervalMs } from './times.ts';
import { isDryRun } from './verdict.ts';

type RunForecast = NonNullable<AnalysisRunStatus['forecast']>;

interface Dated extends Forecast {
  name: string;
  earliest: number | undefined;
  latest: number | undefined;
}

/** Undefined where nothing counts any more. */
export function forecastOf(spec: AnalysisRunSpec, status: AnalysisRunStatus): RunForecast | undefined {
  const open = spec.metrics.filter(({ name }) => {
    const result = status.metricResults?.find((each) => each.name === name);
    return !isOver(result?.phase) && !isDryRun(spec, name);
  });
  const dated = open.map((metric) => dateOf(metric, status));
  // The one that keeps the others waiting.
  const slowest = dated.toSorted((a, b) => (b.earliest ?? Infinity) - (a.earliest ?? Infinity))[0];
  if (slowest === undefined) return undefined;
  const latest = dated.every((each) => each.latest !== undefined)
    ? Math.max(...dated.map((each) => each.latest ?? 0))
    : undefined;
  return {
    message: `${spec.metrics.length > 1 ? `${slowest.name}: ` : ''}${textOf(slowest)}`,
    ...(slowest.earliest !== undefined && { earliest: timeText(slowest.earliest) }),
    ...(latest !== undefined && { latest: timeText(latest) }),
  };
}

function dateOf(metric: Metric, status: AnalysisRunStatus): Dated {
  const result = status.metricResults?.find((each) => each.name === metric.name);
  const forecast = judgeOf(metric).forecast(metric, result === undefined ? {} : tallyOf(result));
  const next = dueAt(metric, result, status.startedAt);
  const after = (looks: number | undefined): number | undefined =>
    looks === undefined ? undefined : next + (looks - 1) * intervalMs(metric);
  return { ...forecast, name: metric.name, earliest: after(forecast.good), latest: after(forecast.latest) };
}

function textOf({ taken, of, earliest }: Dated): string {
  const looks = of === undefined ? `${taken} looks` : `${taken} of ${of} looks`;
  if (earliest !== undefined) return `${looks}, ends at the earliest ${timeText(earliest).slice(11, 19)} UTC`;
  return of === undefined ? `${looks}, goes on until it is ended` : `${looks}, cannot be good any more`;
}
