// Failures on the way to Git as GitError: what a person can do about each.
import { Errors } from 'isomorphic-git';
import { LimitExceeded } from '../ports/source-budget.ts';
import { GitError } from './types.ts';

/** The object or reference is not in the mirror. */
export function isMissing(error: unknown): boolean {
  return error instanceof Errors.NotFoundError;
}

/** Any failure as a GitError. What the library cannot explain counts as a damaged mirror, which is then fetched anew. */
export function asGitError(error: unknown): GitError {
  if (error instanceof GitError) return error;
  if (error instanceof LimitExceeded) return new GitError('too-large', error.message, error.limit);
  return new GitError('corrupt', error instanceof Error ? error.message : String(error));
}
