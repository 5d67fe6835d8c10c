// What goes on beside the looks at an Application: exchanges with forges, which may be slow. One at a time for each Application; its end
// is an event.
import type { ObjectKey } from '../../api/object-key.ts';

export interface ErrandsDeps {
  /** One is over. */
  changed: (key: ObjectKey) => void;
}

export class Errands {
  readonly #deps: ErrandsDeps;
  readonly #stops = new Map<ObjectKey, AbortController>();

  constructor(deps: ErrandsDeps) {
    this.#deps = deps;
  }

  /** Begins it, unless one is under way. It never rejects. */
  begin(key: ObjectKey, run: (signal: AbortSignal) => Promise<void>): void {
    if (this.#stops.has(key)) return;
    const stop = new AbortController();
    this.#stops.set(key, stop);
    void run(stop.signal).finally(() => {
      if (stop.signal.aborted) return;
      this.#stops.delete(key);
      this.#deps.changed(key);
    });
  }

  /** The Application is gone; what is under way for it ends. */
  forget(key: ObjectKey): void {
    this.#stops.get(key)?.abort(new Error('the Application is gone'));
    this.#stops.delete(key);
  }

  close(): void {
    for (const key of Array.from(this.#stops.keys())) this.forget(key);
  }
}
