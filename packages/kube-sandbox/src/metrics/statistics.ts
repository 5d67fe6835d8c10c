// Quantiles and spreads as Prometheus computes them, classic histograms included.

/** The quantile for a q that has no rank; undefined within 0..1. */
function unranked(q: number): number | undefined {
  if (Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  return q > 1 ? Infinity : undefined;
}

/** Interpolated between the two nearest ranks; ±Inf for q outside 0..1, NaN for nothing. */
export function quantile(q: number, values: number[]): number {
  if (values.length === 0) return NaN;
  const beyond = unranked(q);
  if (beyond !== undefined) return beyond;
  const sorted = values.toSorted((a, b) => (Number.isNaN(a) ? -1 : Number.isNaN(b) ? 1 : a - b));
  const rank = q * (sorted.length - 1);
  const low = Math.max(0, Math.floor(rank));
  const high = Math.min(sorted.length - 1, low + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[low] ?? NaN) * (1 - weight) + (sorted[high] ?? NaN) * weight;
}

/** Population variance, in one pass. */
export function variance(values: number[]): number {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (const value of values) {
    count++;
    const apart = value - mean;
    mean += apart / count;
    squares += apart * (value - mean);
  }
  return squares / count;
}

export interface Bucket {
  upper: number;
  count: number;
}

/** One bucket per bound, counts never falling. */
function tidy(buckets: Bucket[]): Bucket[] {
  const merged: Bucket[] = [];
  for (const { upper, count } of buckets.toSorted((a, b) => a.upper - b.upper)) {
    const last = merged.at(-1);
    if (last?.upper === upper) last.count += count;
    else merged.push({ upper, count });
  }
  let most = -Infinity;
  for (const bucket of merged) most = bucket.count = Math.max(most, bucket.count);
  return merged;
}

/** The quantile of a classic histogram from its cumulative buckets. NaN without a `+Inf` bucket or without observations. */
export function bucketQuantile(q: number, given: Bucket[]): number {
  const beyond = unranked(q);
  if (beyond !== undefined) return beyond;
  const buckets = tidy(given);
  const top = buckets.at(-1);
  if (top?.upper !== Infinity || buckets.length < 2 || !(top.count > 0)) return NaN;
  const rank = q * top.count;
  const index = buckets.slice(0, -1).findIndex((bucket) => bucket.count >= rank);
  if (index === -1) return buckets.at(-2)?.upper ?? NaN;
  return interpolated(rank, buckets[index] as Bucket, buckets[index - 1]);
}

/** Within a bucket, as if its observations were spread evenly; the first one begins at 0. */
function interpolated(rank: number, { upper, count }: Bucket, previous: Bucket | undefined): number {
  if (previous === undefined && upper <= 0) return upper;
  const below = previous ?? { upper: 0, count: 0 };
  return below.upper + (upper - below.upper) * ((rank - below.count) / (count - below.count));
}

/** Keeps insertion order; the key says which group a label set falls into. */
export function groupBy<T>(items: T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
