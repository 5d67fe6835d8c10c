// What is remembered of a key whose passes fail: how often, until when it rests, and which intents the server refused. All of it can be
// lost with the process; it costs one more try each.
import type { ObjectKey } from '../api/object-key.ts';
import { backoffMs } from '../kube/backoff.ts';
import type { Failure } from './failure.ts';

/** Throttled, broken connections, passes that find no rest. */
const SOON = { baseMs: 5, maxMs: 30_000 };
/** Refusals: somebody has to change something, and most such changes bring a pass by themselves. */
const LATER = { baseMs: 5_000, maxMs: 300_000 };

interface Refused<I> {
  failure: Failure<I>;
  /** What the object declared when it was refused. */
  stamp: string;
  until: number;
}

/** What went wrong with one pass. */
export interface Failed<I> {
  fresh: ReadonlyMap<string, Failure<I>>;
  restless: boolean;
  stampOf: (intent: I | undefined) => string;
}

interface Setback<I> {
  failures: number;
  /** Nothing but urgent work before. */
  restsUntil: number;
  refused: Map<string, Refused<I>>;
  /** The last bug told of with its stack, so that the same is not told so again. */
  told: string | undefined;
}

export class Setbacks<I> {
  readonly #random: () => number;
  readonly #of = new Map<ObjectKey, Setback<I>>();

  constructor(random: () => number) {
    this.#random = random;
  }

  failures(key: ObjectKey): number {
    return this.#of.get(key)?.failures ?? 0;
  }

  /** Until when a key must not run for anything but what is urgent; milliseconds since the epoch, 0 for now. */
  restsUntil(key: ObjectKey): number {
    return this.#of.get(key)?.restsUntil ?? 0;
  }

  /** The refusal of this very intent, while what the object declares is the same and its time is not over. */
  refusalOf(key: ObjectKey, id: string, stamp: () => string, now: number): Failure<I> | undefined {
    const refused = this.#of.get(key)?.refused.get(id);
    return refused !== undefined && now < refused.until && refused.stamp === stamp() ? refused.failure : undefined;
  }

  /** False the second time in a row. */
  isNews(key: ObjectKey, message: string): boolean {
    const setback = this.#at(key);
    const news = setback.told !== message;
    setback.told = message;
    return news;
  }

  /** Counts a pass that failed. Returns when to try again, in milliseconds since the epoch. */
  failed(key: ObjectKey, pass: Failed<I>, now: number): number {
    const { fresh, restless, stampOf } = pass;
    const setback = this.#at(key);
    setback.failures++;
    const bounds = { failures: setback.failures, random: this.#random };
    const soon = now + Math.max(backoffMs(bounds.failures, { ...SOON, ...bounds }), ...askedFor(fresh));
    for (const [id, { until }] of setback.refused) if (until <= now) setback.refused.delete(id);
    const later = now + backoffMs(bounds.failures, { ...LATER, ...bounds });
    let isRefusalOnly = !restless && fresh.size > 0;
    for (const [id, failure] of fresh) {
      if (failure.kind !== 'refused') isRefusalOnly = false;
      else setback.refused.set(id, { failure, stamp: stampOf(failure.intent), until: later });
    }
    if (!isRefusalOnly) setback.restsUntil = soon;
    return isRefusalOnly ? later : soon;
  }

  /** When the first of what was refused may be tried again. */
  nextTry(key: ObjectKey): number | undefined {
    const times = [...(this.#of.get(key)?.refused.values() ?? [])].map(({ until }) => until);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  forget(key: ObjectKey): void {
    this.#of.delete(key);
  }

  #at(key: ObjectKey): Setback<I> {
    const known = this.#of.get(key);
    if (known !== undefined) return known;
    const fresh: Setback<I> = { failures: 0, restsUntil: 0, refused: new Map(), told: undefined };
    this.#of.set(key, fresh);
    return fresh;
  }
}

const askedFor = (fresh: ReadonlyMap<string, { retryAfterMs: number }>): number[] =>
  [...fresh.values()].map(({ retryAfterMs }) => Math.min(retryAfterMs, SOON.maxMs));
