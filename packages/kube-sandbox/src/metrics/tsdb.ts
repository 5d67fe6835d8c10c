// Samples in memory: one series per label set, times in milliseconds and ascending, dropped after the retention.
import { compareLabels, METRIC_NAME } from './labels.ts';
import type { Identity, Labels } from './labels.ts';
import { matchesAll } from './matcher.ts';
import type { Matcher } from './matcher.ts';

/** Says that the series ended here, until a later sample. */
export const STALE = null;
export type Stored = number | typeof STALE;

export interface Series {
  readonly labels: Labels;
  readonly times: number[];
  readonly values: Stored[];
}

/** Index of the last time that is at or before `time`, or -1. */
export function lastIndexAt(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export class Tsdb {
  readonly #series = new Map<string, Series>();
  readonly #byName = new Map<string, Set<Series>>();
  readonly #retentionMs: number;

  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs;
  }

  /** False when the sample is not later than the last one of its series: it is left out then, as Prometheus does. */
  append(identity: Identity, time: number, value: Stored): boolean {
    const series = this.#seriesOf(identity);
    const last = series.times.at(-1);
    if (last !== undefined && last >= time) return false;
    series.times.push(time);
    series.values.push(value);
    return true;
  }

  /** Series that match, in order of their labels. */
  select(matchers: readonly Matcher[]): Series[] {
    const named = matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.operator === '=');
    const candidates = named === undefined ? this.#series.values() : (this.#byName.get(named.value) ?? []);
    return [...candidates]
      .filter((series) => matchesAll(series.labels, matchers))
      .sort((a, b) => compareLabels(a.labels, b.labels));
  }

  /** Drops what is older than the retention, and series without samples. */
  prune(now: number): void {
    for (const [key, series] of this.#series) {
      const old = lastIndexAt(series.times, now - this.#retentionMs) + 1;
      if (old === 0) continue;
      series.times.splice(0, old);
      series.values.splice(0, old);
      if (series.times.length === 0) this.#forget(key, series);
    }
  }

  #seriesOf({ labels, key }: Identity): Series {
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series: Series = { labels, times: [], values: [] };
    this.#series.set(key, series);
    const name = labels.get(METRIC_NAME) ?? '';
    const siblings = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, siblings.add(series));
    return series;
  }

  #forget(key: string, series: Series): void {
    this.#series.delete(key);
    const name = series.labels.get(METRIC_NAME) ?? '';
    const siblings = this.#byName.get(name);
    siblings?.delete(series);
    if (siblings?.size === 0) this.#byName.delete(name);
  }
}
