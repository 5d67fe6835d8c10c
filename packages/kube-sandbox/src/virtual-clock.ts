// A clock that a test turns by hand. Timers fire in order of time, then of arming; promises settle between two of them.
import type { Cancel, Clock } from './clock.ts';

interface Timer {
  at: number;
  order: number;
  run: () => void;
}

/** Lets everything run that needs no time: promise jobs, and turns of the event loop that in-process streams take. */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** Starts at 2026-01-01T00:00:00Z unless told otherwise (milliseconds since the epoch). */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Cancel {
    const timer = { at: this.#now + Math.max(ms, 0), order: this.#order++, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that are armed; 0 says that nothing was left behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer, or undefined when none is armed. */
  get nextIn(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.at - this.#now;
  }

  /** Turns the clock on by `ms`, running every timer that falls due, also those armed on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    while (await this.#runNext(end));
    this.#now = end;
  }

  /** Turns the clock on to the next moment that has a timer and runs all that is due then; false when there is none by `end`. */
  async step(end = Infinity): Promise<boolean> {
    if (!(await this.#runNext(end))) return false;
    while (await this.#runNext(this.#now));
    return true;
  }

  /** Runs one timer, if one is due by `end`. */
  async #runNext(end: number): Promise<boolean> {
    const timer = this.#next();
    if (timer === undefined || timer.at > end) return false;
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.run();
    await settle();
    return true;
  }

  /** Jumps to a time without running what falls due on the way, like a process that was stopped. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}
