// What evaluating a query gives. Times are milliseconds.
import type { Labels } from './labels.ts';

export interface Sample {
  labels: Labels;
  value: number;
}

/** The samples of one series within a range, in order of time. */
export interface RangeSamples {
  labels: Labels;
  times: number[];
  values: number[];
}

export type Value =
  | { type: 'scalar'; value: number }
  | { type: 'string'; value: string }
  | { type: 'vector'; samples: Sample[] }
  | { type: 'matrix'; series: RangeSamples[] };

/** The query was understood but cannot be answered; the message is Prometheus' own. */
export class ExecutionError extends Error {}
