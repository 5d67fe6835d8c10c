// The limits of a metric as numbers, defaults filled in. An argument leaves a text where a manifest has a number.
import type { Metric } from '../../api/analysis.ts';
import { numberOf } from '../../api/fields.ts';
import { countOf } from '../../api/metric.ts';

export interface Limits {
  /** Looks until the metric is decided; undefined: until the run is ended. NaN where count is no number. */
  count: number | undefined;
  /** Bad looks tolerated; undefined: any number. */
  failure: number | undefined;
  inconclusive: number;
  /** Errors in a row tolerated. */
  consecutiveError: number;
  /** Good looks in a row that decide the metric; 0: none do. */
  consecutiveSuccess: number;
}

/** Errors in a row that a metric tolerates by default, as in Argo Rollouts. */
const DEFAULT_ERRORS = 4;

export function limitsOf(metric: Metric): Limits {
  const failure = numberOf(metric.failureLimit, 0);
  return {
    count: countOf(metric),
    failure: failure < 0 ? undefined : failure,
    inconclusive: numberOf(metric.inconclusiveLimit, 0),
    consecutiveError: numberOf(metric.consecutiveErrorLimit, DEFAULT_ERRORS),
    consecutiveSuccess: numberOf(metric.consecutiveSuccessLimit, 0),
  };
}
