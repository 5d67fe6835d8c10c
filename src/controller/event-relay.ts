// Tells of what happened, in few Events: a step that ended by itself waits a moment for what it leads to. All else is told at once, and
// in order.
import { objectKeyOf, type ObjectKey } from '../api/object-key.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Announcement } from '../rollout/announcements.ts';
import type { Involved } from '../kube/events.ts';
import { coalesced } from '../rollout/event-coalescing.ts';

export interface EventRecorder {
  /** Never throws and never waits; a repeat of a key is a no-op. */
  emit(object: Involved, event: Announcement): void;
}

/** So long a finished step waits at most, from the first that does. */
const HOLD_MS = 5_000;

interface Held {
  rollout: Rollout;
  announcement: Announcement;
  until: number;
  cancel: Cancel;
}

export class EventRelay {
  readonly #events: EventRecorder;
  readonly #clock: Clock;
  readonly #held = new Map<ObjectKey, Held>();

  constructor(events: EventRecorder, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  tell(rollout: Rollout, news: readonly Announcement[]): void {
    if (news.length === 0) return;
    const key = objectKeyOf(rollout);
    const held = this.#held.get(key);
    this.forget(key);
    const list = coalesced(held === undefined ? news : [held.announcement, ...news]);
    const last = list.at(-1);
    const waits = last?.finished === undefined ? undefined : last;
    for (const announcement of list) if (announcement !== waits) this.#events.emit(rollout, announcement);
    if (waits === undefined) return;
    this.#hold(key, rollout, waits, list.length === 1 ? held?.until : undefined);
  }

  /** Nothing waits any longer. */
  flush(): void {
    for (const key of Array.from(this.#held.keys())) this.#release(key);
  }

  forget(key: ObjectKey): void {
    this.#held.get(key)?.cancel();
    this.#held.delete(key);
  }

  #hold(key: ObjectKey, rollout: Rollout, announcement: Announcement, since: number | undefined): void {
    const now = this.#clock.now();
    const until = since ?? now + HOLD_MS;
    const cancel = this.#clock.after(Math.max(0, until - now), () => this.#release(key));
    this.#held.set(key, { rollout, announcement, until, cancel });
  }

  #release(key: ObjectKey): void {
    const held = this.#held.get(key);
    this.forget(key);
    if (held !== undefined) this.#events.emit(held.rollout, held.announcement);
  }
}
