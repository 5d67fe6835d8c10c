// What the agent remembers of exchanges with a forge: what is under way, what failed, and when to ask again.
import type { Withdrawal } from '../../api/application.ts';
import type { ForgeFailure } from '../../ports/forge.ts';
import type { ForgeMemory } from '../seen.ts';

interface Look {
  at: number;
  conflicts: boolean;
  problem: string | undefined;
  failures: number;
}

const MAX_WAIT_MS = 5 * 60_000;

export class Forges implements ForgeMemory {
  busy = false;
  problem: string | undefined;
  retryAt = 0;
  readonly looks = new Map<string, Look>();
  readonly opened = new Map<string, Withdrawal>();
  readonly withdrawn = new Map<string, { at: number; problem: string | undefined; done: boolean; failures: number }>();
  #failures = 0;

  /** A pull request was opened, or built anew; it is looked at then. */
  proposed(pull: Withdrawal, at: number): void {
    const { id, url } = pull;
    this.succeeded();
    this.opened.set(url, pull);
    this.withdrawn.delete(url);
    this.looks.set(id, { at, conflicts: false, problem: undefined, failures: 0 });
  }

  /** It is merged, closed, gone, or somebody else's. */
  ended(url: string): void {
    this.opened.delete(url);
    this.withdrawn.set(url, { at: 0, problem: undefined, done: true, failures: 0 });
  }

  /** It could not be closed. */
  failedWithdrawal(
    url: string,
    failure: Pick<ForgeFailure, 'message' | 'retryAfterMs'>,
    { now, interval }: { now: number; interval: number },
  ): void {
    const failures = (this.withdrawn.get(url)?.failures ?? 0) + 1;
    const problem = `${url} could not be closed, which is not needed any more: ${failure.message}`;
    this.withdrawn.set(url, { at: now + wait(interval, failures, failure), problem, done: false, failures });
  }

  /** What was to be opened is there, or not wanted any more. */
  succeeded(): void {
    this.problem = undefined;
    this.retryAt = 0;
    this.#failures = 0;
  }

  /** It is tried again later and later; all in milliseconds. */
  failed(problem: string, { now, least, most }: { now: number; least: number; most: number }): void {
    this.problem = problem;
    this.retryAt = now + Math.min(least * 2 ** Math.min(this.#failures++, 10), most);
  }

  /** It is open. What its forge said to merging it makes the next look a later one. */
  looked(
    id: string,
    conflicts: boolean,
    { now, interval, setback }: { now: number; interval: number; setback?: ForgeFailure | undefined },
  ): void {
    const failures = setback ? (this.looks.get(id)?.failures ?? 0) + 1 : 0;
    this.looks.set(id, { at: now + wait(interval, failures, setback), conflicts, problem: undefined, failures });
  }

  /** It could not be looked at. */
  failedLook(
    id: string,
    failure: Pick<ForgeFailure, 'message' | 'retryAfterMs'>,
    { now, interval }: { now: number; interval: number },
  ): void {
    const before = this.looks.get(id);
    const failures = (before?.failures ?? 0) + 1;
    const problem = `the pull request could not be looked at: ${failure.message}`;
    this.looks.set(id, {
      at: now + wait(interval, failures, failure),
      conflicts: before?.conflicts ?? false,
      problem,
      failures,
    });
  }
}

/** After one failure as long as after none, then twice as long and so on; and no shorter than the forge asks. */
function wait(interval: number, failures: number, failure: Pick<ForgeFailure, 'retryAfterMs'> | undefined): number {
  const later = Math.min(interval * 2 ** Math.min(Math.max(failures - 1, 0), 10), Math.max(MAX_WAIT_MS, interval));
  return Math.max(later, failure?.retryAfterMs ?? 0);
}
