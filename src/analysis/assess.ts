import type { Metric } from '../api/analysis.ts';
import type { MetricValue } from './value.ts';

export interface Assessment {
  phase: 'Successful' | 'Failed' | 'Inconclusive' | 'Error';
  /** Why, with the numbers, as `success-rate 0.82 < 0.95`. Absent when Successful. */
  message?: string;
  /** The query returned no samples (or only NaN), and the metric's noData policy decided. */
  noData?: boolean;
  /** noData: Ignore: the measurement does not count. */
  ignored?: boolean;
}

/** What one measurement says. */
export declare function assess(metric: Metric, value: MetricValue): Assessment;
