// Whose turn it is: few places, one at a time for each source, and never all of them for sources that are new, slow or failing. Who
// takes long gives way when another waits.
import type { Cancel, Clock } from '../ports/clock.ts';

export interface FairSlotsOptions {
  clock: Clock;
  /** Turns at a time. */
  slots: number;
  /** After this many milliseconds a turn may be taken away when another waits. Doubles for a source each time. Default 10 s. */
  patienceMs?: number | undefined;
}

/** How a turn ended: `gaveWay` when it was taken away, `cancelled` when the caller did not want it any more. */
export type Turn<T> = { ended: 'done'; value: T } | { ended: 'gaveWay'; afterMs: number } | { ended: 'cancelled' };

export interface TurnRequest<T> {
  /** One turn at a time for each. */
  source: string;
  signal: AbortSignal;
  /** Ends soon after its signal is aborted. */
  run(signal: AbortSignal): Promise<T>;
  /** Whether a value means that the source is in trouble. */
  failed(value: T): boolean;
}

/** Better ones keep a place free of the others. */
type Standing = 'proven' | 'new' | 'troubled';

interface Waiting {
  source: string;
  start(): void;
}

interface Running {
  source: string;
  standing: Standing;
  since: number;
  toldToEnd: boolean;
  giveWay(): void;
}

const RANK: Readonly<Record<Standing, number>> = { troubled: 0, new: 1, proven: 2 };
const MAX_PATIENCE = 300_000;
/** What was told to give way is left the time to end. */
const LOOK_AGAIN_MS = 1_000;
const REMEMBERED = 5_000;

export class FairSlots {
  readonly #clock: Clock;
  readonly #slots: number;
  readonly #patienceMs: number;
  /** What is known of a source: the least recently used first. */
  readonly #known = new Map<string, { standing: Standing; patienceMs: number }>();
  readonly #waiting = new Set<Waiting>();
  readonly #running = new Map<string, Running>();
  #timer: Cancel | undefined;

  constructor({ clock, slots, patienceMs = 10_000 }: FairSlotsOptions) {
    this.#clock = clock;
    this.#slots = slots;
    this.#patienceMs = patienceMs;
  }

  /** Turns that wait. */
  get queued(): number {
    return this.#waiting.size;
  }

  /** Resolves when the turn has ended; rejects as `run` does. */
  take<T>(request: TurnRequest<T>): Promise<Turn<T>> {
    return new Promise((resolve, reject) => {
      const { source, signal } = request;
      if (signal.aborted) return resolve({ ended: 'cancelled' });
      const leave = (): void => {
        this.#waiting.delete(waiting);
        resolve({ ended: 'cancelled' });
      };
      const waiting: Waiting = {
        source,
        start: () => {
          signal.removeEventListener('abort', leave);
          this.#run(request).then(resolve, reject);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(waiting);
      this.#next();
    });
  }

  async #run<T>(request: TurnRequest<T>): Promise<Turn<T>> {
    const { source, signal } = request;
    const since = this.#clock.now();
    const ending = new AbortController();
    const cancel = (): void => ending.abort();
    const running = { source, standing: this.#standingOf(source), since, gaveWay: false };
    const giveWay = (): void => {
      running.gaveWay = true;
      ending.abort();
    };
    signal.addEventListener('abort', cancel, { once: true });
    this.#running.set(source, { ...running, toldToEnd: false, giveWay });
    try {
      const value = await request.run(ending.signal);
      const afterMs = this.#clock.now() - since;
      if (running.gaveWay) this.#remember(source, 'troubled', this.#patienceOf(source) * 2);
      else if (!signal.aborted && request.failed(value)) this.#remember(source, 'troubled', this.#patienceOf(source));
      else if (!signal.aborted) this.#remember(source, 'proven', 2 * afterMs);
      if (running.gaveWay && ending.signal.aborted && request.failed(value)) return { ended: 'gaveWay', afterMs };
      return signal.aborted ? { ended: 'cancelled' } : { ended: 'done', value };
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#running.delete(source);
      this.#next();
    }
  }

  #standingOf(source: string): Standing {
    return this.#known.get(source)?.standing ?? 'new';
  }

  #patienceOf(source: string): number {
    return this.#known.get(source)?.patienceMs ?? this.#patienceMs;
  }

  /** Keeps how it went, and how much time the source is given the next time. */
  #remember(source: string, standing: Standing, patience: number): void {
    const patienceMs = Math.min(Math.max(patience, this.#patienceMs), MAX_PATIENCE);
    this.#known.delete(source);
    this.#known.set(source, { standing, patienceMs });
    for (const [oldest] of this.#known) {
      if (this.#known.size <= REMEMBERED) break;
      this.#known.delete(oldest);
    }
  }

  /** Starts what may start, the better standing first, and sees to it that what waits does not wait for ever. */
  #next(): void {
    for (const waiting of this.#inOrder()) {
      if (!this.#fits(waiting.source)) continue;
      this.#waiting.delete(waiting);
      waiting.start();
    }
    this.#timer?.();
    this.#timer = undefined;
    if (this.#waiting.size === 0 || this.#running.size === 0) return;
    const oldest = Math.min(...[...this.#running.values()].map(({ since }) => since));
    const due = oldest + this.#patienceMs - this.#clock.now();
    this.#timer = this.#clock.after(Math.max(due, LOOK_AGAIN_MS), () => {
      this.#makeWay();
      this.#next();
    });
  }

  #inOrder(): Waiting[] {
    const rank = ({ source }: Waiting): number => RANK[this.#standingOf(source)];
    return [...this.#waiting].sort((a, b) => rank(b) - rank(a));
  }

  #fits(source: string, without?: Running): boolean {
    if (this.#running.has(source)) return false;
    const running = [...this.#running.values()].filter((each) => each !== without);
    const unproven = running.filter(({ standing }) => standing !== 'proven').length;
    const troubled = running.filter(({ standing }) => standing === 'troubled').length;
    const standing = this.#standingOf(source);
    if (running.length >= this.#slots) return false;
    if (standing === 'troubled' && troubled >= Math.max(1, Math.floor(this.#slots / 2))) return false;
    return standing === 'proven' || unproven < Math.max(1, this.#slots - 1);
  }

  /** Ends turns that take too long, the worst first, where that lets another begin. */
  #makeWay(): void {
    const running = [...this.#running.values()]
      .filter((each) => !each.toldToEnd)
      .sort((a, b) => RANK[a.standing] - RANK[b.standing] || a.since - b.since);
    for (const { source } of this.#inOrder()) {
      if (this.#fits(source)) continue;
      const worst = running.find((each) => !each.toldToEnd && this.#isLate(each, source) && this.#fits(source, each));
      if (worst === undefined) continue;
      worst.toldToEnd = true;
      worst.giveWay();
    }
  }

  /** A source in trouble gets more time each time, but not at the cost of one that is new. */
  #isLate(running: Running, waiting: string): boolean {
    const before = running.standing === 'troubled' && this.#standingOf(waiting) === 'new';
    const patience = before ? this.#patienceMs : this.#patienceOf(running.source);
    return this.#clock.now() - running.since >= patience;
  }
}
