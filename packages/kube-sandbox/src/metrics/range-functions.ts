// Functions over the samples of a range: rate and its kin with Prometheus' extrapolation, and the `_over_time` family.
import { quantile, variance } from './statistics.ts';
import type { RangeSamples } from './value.ts';

interface Window {
  times: number[];
  values: number[];
  /** Milliseconds; the window is open at its start. */
  start: number;
  end: number;
}

/** Undefined: no sample in the answer. */
type RangeFunction = (window: Window, series: RangeSamples) => number | undefined;

const first = (list: number[]): number => list[0] ?? NaN;
const last = (list: number[]): number => list.at(-1) ?? NaN;
const pairs = (values: number[]): [number, number][] => values.slice(1).map((value, i) => [values[i] ?? NaN, value]);
const same = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

/** How far the samples speak for the time before the first of them: not past where a counter would have been zero. */
function reachBefore(window: Window, rise: number, counter: boolean, average: number): number {
  const sampled = last(window.times) - first(window.times);
  let reach = first(window.times) - window.start;
  if (counter && rise > 0 && first(window.values) >= 0)
    reach = Math.min(reach, sampled * (first(window.values) / rise));
  return reach < average * 1.1 ? reach : average / 2;
}

function extrapolated(window: Window, counter: boolean, perSecond: boolean): number | undefined {
  const { times, values, start, end } = window;
  if (times.length < 2) return undefined;
  let rise = last(values) - first(values);
  if (counter) for (const [before, after] of pairs(values)) if (after < before) rise += before;
  const sampled = last(times) - first(times);
  const average = sampled / (times.length - 1);
  const after = end - last(times);
  const reach = sampled + reachBefore(window, rise, counter, average) + (after < average * 1.1 ? after : average / 2);
  const total = rise * (reach / sampled);
  return perSecond ? total / ((end - start) / 1000) : total;
}

function instantly({ times, values }: Window, counter: boolean): number | undefined {
  if (times.length < 2) return undefined;
  const [before = NaN, after = NaN] = values.slice(-2);
  const [from = NaN, to = NaN] = times.slice(-2);
  if (!counter) return after - before;
  return (after < before ? after : after - before) / ((to - from) / 1000);
}

function slope({ times, values }: Window): number | undefined {
  if (times.length < 2) return undefined;
  const origin = first(times);
  const xs = times.map((time) => (time - origin) / 1000);
  const sum = (list: number[]): number => list.reduce((a, b) => a + b, 0);
  const n = times.length;
  const covariance = sum(xs.map((x, i) => x * (values[i] ?? NaN))) - (sum(xs) * sum(values)) / n;
  return covariance / (sum(xs.map((x) => x * x)) - sum(xs) ** 2 / n);
}

const extreme = (values: number[], beats: (a: number, b: number) => boolean): number =>
  values.reduce((best, value) => (beats(value, best) || Number.isNaN(best) ? value : best));

const sumOf = (values: number[]): number => {
  let sum = 0;
  let lost = 0;
  for (const value of values) {
    const next = sum + value;
    if (Number.isFinite(next)) lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return Number.isFinite(sum) ? sum + lost : sum;
};

const some =
  (fold: (values: number[]) => number): RangeFunction =>
  ({ values }) =>
    values.length === 0 ? undefined : fold(values);

/** By PromQL name, for those whose only argument is the range. */
export const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  rate: (window) => extrapolated(window, true, true),
  increase: (window) => extrapolated(window, true, false),
  delta: (window) => extrapolated(window, false, false),
  irate: (window) => instantly(window, true),
  idelta: (window) => instantly(window, false),
  deriv: slope,
  resets: some((values) => pairs(values).filter(([before, after]) => after < before).length),
  changes: some((values) => pairs(values).filter(([before, after]) => !same(before, after)).length),
  avg_over_time: some((values) => sumOf(values) / values.length),
  sum_over_time: some(sumOf),
  min_over_time: some((values) => extreme(values, (a, b) => a < b)),
  max_over_time: some((values) => extreme(values, (a, b) => a > b)),
  count_over_time: some((values) => values.length),
  last_over_time: some(last),
  present_over_time: some(() => 1),
  stddev_over_time: some((values) => Math.sqrt(variance(values))),
  stdvar_over_time: some(variance),
};

export const quantileOverTime = (q: number, values: number[]): number | undefined =>
  values.length === 0 ? undefined : quantile(q, values);
