// Waiting in the real world: ask again until there is an answer, and say what was waited for when there is none.
import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** Limit in milliseconds. Default 120,000: a watchdog against hanging, not a limit of speed. */
  within?: number;
  /** Pause between two looks in milliseconds. Default 25. */
  every?: number;
  /** What to say of the state of things when the time is up. */
  state?: () => unknown;
}

/** Resolves with the first result that is neither undefined nor false. What `look` throws counts as no answer yet. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { within = 120_000, every = 25, state }: UntilOptions = {},
): Promise<T> {
  const end = performance.now() + within;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const seen = state === undefined ? '' : `; it is ${JSON.stringify(await state())}`;
      throw new Error(`waited ${within / 1000} s in vain for ${what}${seen}`, { cause: last });
    }
    await sleep(every);
  }
}
