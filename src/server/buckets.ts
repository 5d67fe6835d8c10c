// Token buckets, one for each key, and no more of them than a bound: who was not heard of for longest is forgotten first.
import type { Clock } from '../ports/clock.ts';

export interface BucketOptions {
  clock: Clock;
  perMinute: number;
  /** Keys that are remembered. Default 1,000. */
  keys?: number;
}

/** Takes a token of a key's bucket; false when it is empty. Buckets fill evenly, and begin full. */
export function buckets({ clock, perMinute, keys = 1_000 }: BucketOptions): (key: string) => boolean {
  const known = new Map<string, { tokens: number; at: number }>();
  return (key) => {
    const now = clock.now();
    const { tokens, at } = known.get(key) ?? { tokens: perMinute, at: now };
    const filled = Math.min(perMinute, tokens + (Math.max(0, now - at) * perMinute) / 60_000);
    // Put in anew, so that the order of the map is that of the last use.
    known.delete(key);
    known.set(key, { tokens: filled < 1 ? filled : filled - 1, at: now });
    for (const oldest of known.keys()) {
      if (known.size <= keys) break;
      known.delete(oldest);
    }
    return filled >= 1;
  };
}
