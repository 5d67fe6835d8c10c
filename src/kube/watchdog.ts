// Notices a watch whose connection is dead without saying so (a half-open socket).
import type { Cancel, Clock } from '../ports/clock.ts';

/** A server that sends bookmarks sends one a minute; silence of two and a half means that nobody is there. */
const SILENCE_MS = 150_000;
/** How much later than it promised a server may end a watch. */
const GRACE_MS = 15_000;

export interface Guard {
  /** Something came. */
  seen(bookmark: boolean): void;
  end(): void;
}

export class Watchdog {
  readonly #clock: Clock;
  #bookmarksExpected = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `bite` once when the watch has outlived its time, or has been silent for too long. */
  guard(timeoutSeconds: number, bite: (reason: Error) => void): Guard {
    const clock = this.#clock;
    const deadline = clock.now() + timeoutSeconds * 1000 + GRACE_MS;
    let lastSeen = clock.now();
    let cancel: Cancel;
    // The timer is not moved at every event: it looks when it fires.
    const due = (): number => (this.#bookmarksExpected ? Math.min(deadline, lastSeen + SILENCE_MS) : deadline);
    const look = (): void => {
      if (clock.now() >= due()) bite(new Error('the watch went silent'));
      else arm();
    };
    const arm = (): void => {
      cancel = clock.after(due() - clock.now(), look);
    };
    arm();
    return {
      seen: (bookmark) => {
        lastSeen = clock.now();
        if (bookmark && !this.#bookmarksExpected) {
          this.#bookmarksExpected = true;
          cancel();
          arm();
        }
      },
      end: () => cancel(),
    };
  }
}
