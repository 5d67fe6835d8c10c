// Which object is looked at next. Keys are de-duplicated and never run twice at once; urgent keys go first and have workers of their own,
// so that a wave of others never delays an abort.
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { backoffMs } from './backoff.ts';
import { isConflict } from './errors.ts';

export interface RunContext {
  /** The key ran in the urgent lane. */
  urgent: boolean;
  /** Failures of this key in a row before this run. */
  failures: number;
}

export interface WorkQueueOptions<K extends string = string> {
  /** Looks at one key. A rejection makes it run again after a backoff. */
  run: (key: K, context: RunContext) => Promise<void>;
  clock: Clock;
  /** In [0, 1); spreads retries. */
  random: () => number;
  log: Log;
  /** Keys in work at once. Default 8. */
  workers?: number;
  /** More workers, for urgent keys only. Default 2. */
  urgentWorkers?: number;
  /** Told of every failed run. */
  onError?: (key: K, error: unknown) => void;
}

export interface Depth {
  normal: number;
  urgent: number;
  running: number;
  /** Keys that wait for a time. */
  delayed: number;
}

export interface Progress {
  /** Since when the key that waits or runs the longest does so; undefined: none does. Milliseconds since the epoch. */
  waitingSince: number | undefined;
  /** When a run last came to its end, well or not; undefined: none has. */
  endedAt: number | undefined;
}

interface Timed {
  at: number;
  urgent: boolean;
  cancel: Cancel;
}

const RETRY = { baseMs: 5, maxMs: 30_000 };
/** After so many starts in a row, sockets and timers get a turn. */
const STARTS_PER_TURN = 16;

export class WorkQueue<K extends string = string> {
  readonly #options: WorkQueueOptions<K>;
  readonly #normal = new Set<K>();
  readonly #urgent = new Set<K>();
  /** Keys in work; the value says whether, and how, each runs again right after. */
  readonly #running = new Map<K, 'done' | 'again' | 'again-urgent'>();
  readonly #timed = new Map<K, Timed>();
  readonly #failures = new Map<K, number>();
  /** When each key that waits or runs was put in. */
  readonly #since = new Map<K, number>();
  readonly #idle = new Set<() => void>();
  #endedAt: number | undefined;
  #freeWorkers: number;
  #freeUrgentWorkers: number;
  #starts = 0;
  #turnTaken = false;
  #stopped = false;

  constructor(options: WorkQueueOptions<K>) {
    this.#options = options;
    this.#freeWorkers = options.workers ?? 8;
    this.#freeUrgentWorkers = options.urgentWorkers ?? 2;
  }

  /** Runs the key soon; once, however often it is added before it starts. While it runs: once more right after. */
  add(key: K, options: { urgent?: boolean } = {}): void {
    if (this.#stopped) return;
    const urgent = options.urgent ?? false;
    const state = this.#running.get(key);
    if (state !== undefined) {
      if (urgent || state === 'done') this.#running.set(key, urgent ? 'again-urgent' : 'again');
    } else {
      this.#enqueue(key, urgent);
      this.#pump();
    }
  }

  /** Runs the key at that time (milliseconds since the epoch), or now if that has passed. Of several times the earliest counts. */
  addAt(key: K, timeMs: number, options: { urgent?: boolean } = {}): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    const known = this.#timed.get(key);
    const urgent = (options.urgent ?? false) || (known?.urgent ?? false);
    if (known !== undefined && known.at <= timeMs) {
      known.urgent = urgent;
      return;
    }
    known?.cancel();
    const fire = (): void => {
      const due = this.#timed.get(key);
      this.#timed.delete(key);
      this.add(key, { urgent: due?.urgent ?? false });
    };
    this.#timed.set(key, { at: timeMs, urgent, cancel: clock.after(Math.max(0, timeMs - clock.now()), fire) });
  }

  /** Drops what is known of a key whose object is gone: its time, its failures, its place in the queue. A run in progress ends as it is. */
  forget(key: K): void {
    this.#timed.get(key)?.cancel();
    this.#timed.delete(key);
    this.#failures.delete(key);
    this.#normal.delete(key);
    this.#urgent.delete(key);
    if (this.#running.has(key)) this.#running.set(key, 'done');
    else this.#since.delete(key);
    this.#settle();
  }

  depth(): Depth {
    return {
      normal: this.#normal.size,
      urgent: this.#urgent.size,
      running: this.#running.size,
      delayed: this.#timed.size,
    };
  }

  /** Tells a queue that stands still from one that is only long. */
  progress(): Progress {
    let waitingSince: number | undefined;
    for (const at of this.#since.values()) waitingSince = Math.min(at, waitingSince ?? at);
    return { waitingSince, endedAt: this.#endedAt };
  }

  /** Resolves when nothing is queued or in work; keys that wait for a time do not count. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.add(resolve);
      this.#settle();
    });
  }

  /** Takes nothing more, drops what has not started, and resolves when the runs in progress have ended. */
  stop(): Promise<void> {
    this.#stopped = true;
    for (const timed of this.#timed.values()) timed.cancel();
    this.#timed.clear();
    this.#normal.clear();
    this.#urgent.clear();
    for (const key of this.#since.keys()) if (!this.#running.has(key)) this.#since.delete(key);
    return this.idle();
  }

  #enqueue(key: K, urgent: boolean): void {
    if (!this.#since.has(key)) this.#since.set(key, this.#options.clock.now());
    if (urgent) {
      this.#normal.delete(key);
      this.#urgent.add(key);
    } else if (!this.#urgent.has(key)) {
      this.#normal.add(key);
    }
  }

  #pump(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) void this.#work(next.key, next);
  }

  /** Takes the next key and a worker for it, or nothing. */
  #next(): { key: K; urgent: boolean; reserved: boolean } | undefined {
    const [urgent] = this.#urgent;
    if (urgent !== undefined && this.#freeWorkers + this.#freeUrgentWorkers > 0) {
      this.#urgent.delete(urgent);
      const reserved = this.#freeUrgentWorkers > 0;
      if (reserved) this.#freeUrgentWorkers--;
      else this.#freeWorkers--;
      return { key: urgent, urgent: true, reserved };
    }
    const [normal] = this.#normal;
    if (normal === undefined || this.#freeWorkers === 0 || this.#mustYield()) return undefined;
    this.#normal.delete(normal);
    this.#freeWorkers--;
    return { key: normal, urgent: false, reserved: false };
  }

  /** Runs that never wait would otherwise keep the event loop from the very news that makes a key urgent. */
  #mustYield(): boolean {
    if (this.#starts++ < STARTS_PER_TURN) return false;
    if (!this.#turnTaken) {
      this.#turnTaken = true;
      setImmediate(() => {
        this.#turnTaken = false;
        this.#starts = 0;
        this.#pump();
      });
    }
    return true;
  }

  async #work(key: K, lane: { urgent: boolean; reserved: boolean }): Promise<void> {
    this.#running.set(key, 'done');
    try {
      await this.#options.run(key, { urgent: lane.urgent, failures: this.#failures.get(key) ?? 0 });
      this.#failures.delete(key);
    } catch (error) {
      this.#failed(key, lane.urgent, error);
    }
    const next = this.#running.get(key);
    this.#running.delete(key);
    this.#since.delete(key);
    this.#endedAt = this.#options.clock.now();
    if (lane.reserved) this.#freeUrgentWorkers++;
    else this.#freeWorkers++;
    if (!this.#stopped && next !== 'done') this.#enqueue(key, next === 'again-urgent');
    this.#pump();
    this.#settle();
  }

  #failed(key: K, urgent: boolean, error: unknown): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const { clock, random, log, onError } = this.#options;
    const asked = retryAfterOf(error);
    const wait = Math.max(asked, backoffMs(failures, { ...RETRY, random }));
    // Somebody else wrote first: seen often, mended by the next look.
    const level = isConflict(error) ? 'debug' : 'warn';
    log[level]('a pass failed', { key, failures, retryInMs: Math.round(wait), error });
    try {
      onError?.(key, error);
    } finally {
      this.addAt(key, clock.now() + wait, { urgent });
    }
  }

  #settle(): void {
    if (this.#normal.size + this.#urgent.size + this.#running.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}

/** What a throttled API call asked for, in milliseconds. */
function retryAfterOf(error: unknown): number {
  const asked = error instanceof Error && 'retryAfterMs' in error ? error.retryAfterMs : undefined;
  return typeof asked === 'number' ? Math.min(asked, RETRY.maxMs) : 0;
}
