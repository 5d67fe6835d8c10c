// What went wrong with one intent, and what that asks for: another look, another try soon, or a word to the person who can mend it.
import { ApiError, isTransient } from '../kube/errors.ts';
import { LostLeadership } from '../kube/lease.ts';

/**
 * - `conflict`: somebody wrote first; look at what is there now.
 * - `refused`: trying the same again is of no use until somebody changes something (any 4xx but 409 and 429, or a `Refusal`).
 * - `transient`: throttled, a server error, or no answer.
 * - `lost`: this process does not act on the object any more.
 * - `bug`: nothing that the outside world can explain.
 */
export type FailureKind = 'conflict' | 'refused' | 'transient' | 'lost' | 'bug';

/** What a person has done cannot be carried out; the message names it and what to do instead. Shown on the object, never retried hot. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export interface Failure<I> {
  /** Undefined where the look itself failed: nothing could be observed, decided or recorded. */
  readonly intent: I | undefined;
  readonly kind: FailureKind;
  /** One CamelCase word: the API server's reason, such as `Invalid` or `Forbidden`. */
  readonly reason: string;
  /** The server's own words, or ours. */
  readonly message: string;
  /** Passes in a row that ended with a failure, this one included. */
  readonly attempt: number;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number;
}

export function kindOf(error: unknown): FailureKind {
  if (error instanceof LostLeadership) return 'lost';
  if (error instanceof Refusal) return 'refused';
  if (isTransient(error)) return 'transient';
  if (!(error instanceof ApiError)) return 'bug';
  return error.status === 409 ? 'conflict' : 'refused';
}

export function failureOf<I>(intent: I | undefined, error: unknown, attempt: number): Failure<I> {
  const kind = kindOf(error);
  const isApi = error instanceof ApiError;
  return {
    intent,
    kind,
    reason: isApi ? error.reason : error instanceof Error ? error.name : 'Error',
    message: error instanceof Error ? error.message : String(error),
    attempt,
    retryAfterMs: isApi ? (error.retryAfterMs ?? 0) : 0,
  };
}
