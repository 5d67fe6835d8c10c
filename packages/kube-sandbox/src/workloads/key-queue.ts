// Keys of objects that wait to be looked at, each once however often it was added. What fails comes back later, as in a real controller.
import type { Cancel, Clock } from '../clock.ts';
import { StatusError } from '../apiserver/errors.ts';

const FIRST_RETRY_MS = 5;
const LAST_RETRY_MS = 30_000;

interface Later {
  at: number;
  cancel: Cancel;
}

export class KeyQueue {
  readonly #clock: Clock;
  readonly #later = new Map<string, Later>();
  readonly #failures = new Map<string, number>();
  #waiting = new Set<string>();
  #cancelDrain: Cancel | undefined;
  #isOn = true;
  #reconcile: (key: string) => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `reconcile` runs from timers of the clock. A StatusError in it is tried again; any other error is a bug and goes up. */
  start(reconcile: (key: string) => void): void {
    this.#reconcile = reconcile;
  }

  add(key: string): void {
    if (!this.#isOn) return;
    this.#waiting.add(key);
    this.#cancelDrain ??= this.#clock.after(0, () => this.#drain());
  }

  /** Looks at the key in `ms`, unless an earlier look is planned. */
  addAfter(key: string, ms: number): void {
    if (!this.#isOn) return;
    const at = this.#clock.now() + ms;
    const planned = this.#later.get(key);
    if (planned !== undefined && planned.at <= at) return;
    planned?.cancel();
    const cancel = this.#clock.after(ms, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { at, cancel });
  }

  stop(): void {
    this.#isOn = false;
    this.#cancelDrain?.();
    this.#waiting.clear();
    for (const { cancel } of this.#later.values()) cancel();
    this.#later.clear();
  }

  #drain(): void {
    this.#cancelDrain = undefined;
    const keys = this.#waiting;
    this.#waiting = new Set();
    for (const key of keys) if (this.#isOn) this.#look(key);
  }

  #look(key: string): void {
    try {
      this.#reconcile(key);
      this.#failures.delete(key);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      this.addAfter(key, Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS));
    }
  }
}
