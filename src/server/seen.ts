// Deliveries that were acted on: remembered for a time and up to a number, so that a recorded one does nothing when it is sent again.
import type { Clock } from '../ports/clock.ts';

export interface SeenOptions {
  clock: Clock;
  forMs: number;
  /** How many are remembered; the oldest are forgotten first. */
  most: number;
}

export interface Seen {
  has(identity: string): boolean;
  add(identity: string): void;
}

export function seenBefore({ clock, forMs, most }: SeenOptions): Seen {
  const seen = new Map<string, number>();
  const forget = (room: number): void => {
    for (const [oldest, at] of seen) {
      if (clock.now() - at < forMs && seen.size <= most - room) break;
      seen.delete(oldest);
    }
  };
  return {
    has(identity) {
      forget(0);
      return seen.has(identity);
    },
    add(identity) {
      seen.delete(identity);
      forget(1);
      seen.set(identity, clock.now());
    },
  };
}
