// The judges there are, and which one a metric has.
import type { Metric } from '../../api/analysis.ts';
import type { Judge } from './judge.ts';
import { thresholds } from './thresholds.ts';

export const judgeOf = (_metric: Metric): Judge => thresholds;
