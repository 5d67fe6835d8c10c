// Time as a dependency: everything in the cluster reads it here, so that a test can turn it by hand.

/** Ends a timer; harmless when it has fired or was cancelled before. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `run` once, no earlier than `ms` from now. */
  after(ms: number, run: () => void): Cancel;
}

/** Longest delay that Node's timers take; longer ones are cut and re-armed. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      const slice = Math.min(Math.max(left, 0), MAX_DELAY_MS);
      timer = setTimeout(() => (left > slice ? arm(left - slice) : run()), slice);
    };
    arm(ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when `signal` is aborted; never rejects. */
export function delay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export const toTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
