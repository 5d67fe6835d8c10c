// How long to wait before the next try: doubling, bounded, with jitter so that many clients do not come back at once.

export interface BackoffOptions {
  /** First wait in milliseconds. */
  baseMs: number;
  maxMs: number;
  /** In [0, 1). */
  random: () => number;
}

/** The wait before try number `failures` + 1 (`failures` ≥ 1): between a half and the whole of base × 2^(failures − 1). */
export function backoffMs(failures: number, { baseMs, maxMs, random }: BackoffOptions): number {
  const whole = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return whole * (0.5 + random() / 2);
}
