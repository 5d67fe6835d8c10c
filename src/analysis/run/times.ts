// When a metric is looked at, from what is recorded alone.
import type { Metric, MetricResult } from '../../api/analysis.ts';
import { durationMs } from '../../api/fields.ts';
import { MIN_INTERVAL_MS } from '../../api/metric.ts';
import { underWay } from './measurements.ts';

/** After an error, and after a measurement that does not count, the next one comes no later than this. */
const RETRY_MS = 10_000;

/** Between two looks: what is shorter than the least interval is taken as that. */
export function intervalMs({ interval }: Metric): number {
  const asked = interval === undefined ? RETRY_MS : (durationMs(interval) ?? RETRY_MS);
  return Math.max(asked, MIN_INTERVAL_MS);
}

/** When to look next: again at what takes long, or an interval after the last look. Milliseconds since the epoch. */
export function dueAt(metric: Metric, result: MetricResult | undefined, startedAt: string | undefined): number {
  const pending = underWay(result);
  if (pending !== undefined) return pending.pollAt;
  const last = result?.measurements?.at(-1);
  const finished = Date.parse(last?.finishedAt ?? '');
  if (last === undefined || Number.isNaN(finished)) return firstAt(metric, startedAt);
  const interval = intervalMs(metric);
  return finished + (last.phase === 'Error' ? Math.min(RETRY_MS, interval) : interval);
}

/** The first look, after the initial delay. */
function firstAt({ initialDelay }: Metric, startedAt = ''): number {
  const started = Date.parse(startedAt);
  return (Number.isNaN(started) ? 0 : started) + (durationMs(initialDelay ?? 0) ?? 0);
}
