// The limits of a metric as numbers, defaults filled in. An argument leaves a text where a manifest has a number.
import type { Metric } from '../../api/analysis.ts';

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
    count: effectiveCount(metric),
    failure: failure < 0 ? undefined : failure,
    inconclusive: numberOf(metric.inconclusiveLimit, 0),
    consecutiveError: numberOf(metric.consecutiveErrorLimit, DEFAULT_ERRORS),
    consecutiveSuccess: numberOf(metric.consecutiveSuccessLimit, 0),
  };
}

/** NaN for what is no whole number: a placeholder that was never filled in, a word. */
export function numberOf(value: number | string | undefined, otherwise: number): number {
  if (value === undefined || value === '') return otherwise;
  if (typeof value === 'number') return value;
  return /^-?[0-9]{1,9}$/.test(value) ? Number(value) : NaN;
}

function effectiveCount({ count, interval }: Metric): number | undefined {
  const given = numberOf(count, 0);
  if (given !== 0) return given;
  return interval === undefined ? 1 : undefined;
}
