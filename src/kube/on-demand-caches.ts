// Caches that are opened when they are first asked for. Nothing waits for one of them: its first list is on its way, or there, or so late that
// it is told of as one that cannot be had, and is tried on. That it is there, or late, is an event.
import type { Clock } from '../ports/clock.ts';

/** What can be opened on demand; a WatchCache is one. */
export interface Openable {
  start(): void;
  /** Resolves after the first list. */
  synced(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** What is known of a cache that was asked for. */
export type Followed<C> =
  | { readonly state: 'ready'; readonly cache: C }
  /** Its first list is on its way. */
  | { readonly state: 'pending'; readonly cache: C }
  /** Not served, or refused for so long that it is said; it is tried on. */
  | { readonly state: 'failed'; readonly cache: C; readonly message: string };

/** What is asked for, where it is not open yet. */
export interface Asked<C> {
  /** The cache, not started. */
  open(): C;
  /** For people: why there is nothing of it, and what to do. */
  late(): string;
  /** It is there now, or late. */
  settled(): void;
}

interface Entry<C> {
  followed: Followed<C>;
  readonly closing: AbortController;
}

/** After so long a cache that was never listed is told of as one that cannot be had. */
const LATE_MS = 10_000;

export class OnDemandCaches<C extends Openable> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<C>>();
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is known of it now; opened where it is not open yet. After `stop` nothing is started any more. */
  follow(id: string, asked: Asked<C>): Followed<C> {
    const known = this.of(id);
    if (known !== undefined) return known;
    const cache = asked.open();
    const entry: Entry<C> = { followed: { state: 'pending', cache }, closing: new AbortController() };
    this.#entries.set(id, entry);
    if (!this.#isStopped) this.#start(entry, asked);
    return entry.followed;
  }

  /** Undefined for what nobody asked for, or is closed again. */
  of(id: string): Followed<C> | undefined {
    return this.#entries.get(id)?.followed;
  }

  /** Those that are open. */
  all(): C[] {
    return [...this.#entries.values()].map(({ followed }) => followed.cache);
  }

  /** Nobody asks for it any more. Resolves when nothing of it runs. */
  async close(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    if (entry !== undefined) await end(entry, 'the cache was closed');
  }

  /** Ends all of them; what is known of them stays. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#entries.values()].map((entry) => end(entry, 'the caches were stopped')));
  }

  #start(entry: Entry<C>, asked: Asked<C>): void {
    const { cache } = entry.followed;
    const { signal } = entry.closing;
    const settle = (followed: Followed<C>): void => {
      entry.followed = followed;
      asked.settled();
    };
    const cancel = this.#clock.after(LATE_MS, () => settle({ state: 'failed', cache, message: asked.late() }));
    signal.addEventListener('abort', cancel, { once: true });
    cache.start();
    void cache.synced(signal).then(
      () => {
        cancel();
        if (!signal.aborted) settle({ state: 'ready', cache });
      },
      () => {}, // closing
    );
  }
}

function end({ followed, closing }: Entry<Openable>, why: string): Promise<void> {
  closing.abort(new Error(why));
  return followed.cache.stop();
}
