// How a metric is judged: what one look at it says, what is remembered of all looks, and when that is enough. A judge is pure, and what
// it remembers is in the status of the run: any process can go on with it.
import type { Metric, MetricResult } from '../../api/analysis.ts';
import type { MetricValue } from '../value.ts';

/** One look at a metric: what the store gave, or why there is nothing to judge (`text`: what it gave nevertheless). */
export type Look = { value: MetricValue } | { error: string; text?: string | undefined };

/** What one look says. */
export interface Assessment {
  phase: 'Successful' | 'Failed' | 'Inconclusive' | 'Error';
  /** Why, with the numbers, as `success-rate 0.82 < 0.95`. Absent when Successful, unless there was no data. */
  message?: string;
  /** There was nothing to judge, and the metric's noData policy decided. */
  noData?: boolean;
  /** noData: Ignore: the look does not count. */
  ignored?: boolean;
}

/** What is remembered of a metric: counters, and in `metadata` whatever else a judge needs to go on. */
export type Tally = Pick<
  MetricResult,
  | 'count'
  | 'successful'
  | 'failed'
  | 'inconclusive'
  | 'error'
  | 'ignored'
  | 'noData'
  | 'consecutiveError'
  | 'consecutiveSuccess'
  | 'metadata'
>;

/** What is remembered, of all that is recorded of a metric. */
export function tallyOf(result: MetricResult): Tally {
  const {
    name: _name,
    phase: _phase,
    message: _message,
    measurements: _measurements,
    dryRun: _dryRun,
    ...tally
  } = result;
  return tally;
}

export interface MetricVerdict {
  phase: Assessment['phase'];
  message?: string;
}

/** When a metric can be decided, in looks. */
export interface Forecast {
  /** Looks that count so far. */
  taken: number;
  /** After how many it is decided; undefined where it goes on until somebody ends it. */
  of?: number | undefined;
  /** More looks until it can be good, at the earliest; undefined where it cannot be by itself. */
  good?: number | undefined;
  /** More looks until it can be bad, at the earliest. */
  bad: number;
  /** More looks until it is decided, at the latest; undefined where nobody can say. */
  latest?: number | undefined;
}

export interface Judge {
  /** Before the first look. */
  begin(metric: Metric): Tally;
  /** One look more. */
  take(metric: Metric, tally: Tally, look: Look): { tally: Tally; assessment: Assessment };
  /** Whether what was seen decides; `why` is the last look's message. */
  verdict(metric: Metric, tally: Tally, why: string | undefined): MetricVerdict | undefined;
  /** What it is when there will be no further look. */
  ended(metric: Metric, tally: Tally, why: string | undefined): MetricVerdict;
  forecast(metric: Metric, tally: Tally): Forecast;
}
