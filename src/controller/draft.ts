// One pass while it is under way: the status as it will be recorded, and what went wrong so far. It does not outlive the pass.
import { mergePatch } from '../api/merge-patch.ts';
import type { Failure } from './failure.ts';

type Json = Record<string, unknown>;

export class Draft<S extends object, I> {
  urgent: boolean;
  conflicts = 0;
  /** The last look of the pass still had something to do. */
  restless = false;
  /** By the intent's id, those of earlier passes included. */
  readonly failures = new Map<string, Failure<I>>();
  /** Those that this pass has met itself. */
  readonly fresh = new Map<string, Failure<I>>();
  #base: S | undefined;
  #status: S | undefined;

  constructor(base: S | undefined, urgent: boolean) {
    this.#base = base;
    this.urgent = urgent;
  }

  /** False when somebody else has written the status since: what was decided on the old one does not count. */
  holdsFor(status: S | undefined): boolean {
    return status === this.#base || mergePatch({ ...this.#base } as Json, { ...status } as Json) === undefined;
  }

  /** What counts as recorded: this pass's own decisions, over the status they were made on. */
  over(status: S | undefined): S | undefined {
    if (!this.holdsFor(status)) this.#status = undefined;
    this.#base = status;
    return this.#status ?? status;
  }

  take(status: S): void {
    this.#status = status;
  }

  fail(id: string, failure: Failure<I>, isFresh = true): void {
    this.failures.set(id, failure);
    if (isFresh) this.fresh.set(id, failure);
  }
}
