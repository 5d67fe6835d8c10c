// Failures of the Git library as GitError: what a person can do about each.
import { Errors } from 'isomorphic-git';
import { GitError, PushRejected } from './types.ts';

/** The object or reference is not in the mirror. */
export function isMissing(error: unknown): boolean {
  return error instanceof Errors.NotFoundError;
}

/** Any failure as a GitError. What the library cannot explain counts as a damaged mirror, which is then fetched anew. */
export function asGitError(error: unknown): GitError {
  if (error instanceof GitError) return error;
  if (error instanceof Errors.PushRejectedError) return new PushRejected('the branch has moved on the server');
  if (error instanceof Errors.GitPushError) return new PushRejected(`the server refused the push: ${reasonOf(error)}`);
  if (error instanceof Errors.SmartHttpError)
    return new GitError('not-found', 'the server does not speak Git over HTTP at this URL');
  if (error instanceof Errors.HttpError)
    return new GitError('unreachable', `the server answered ${error.data.statusCode}`);
  if (error instanceof Errors.UnsafeFilepathError) {
    return new GitError('rejected', `the commit holds a file name that is not safe: ${error.data.filepath}`);
  }
  return new GitError('corrupt', error instanceof Error ? error.message : String(error));
}

function reasonOf(error: InstanceType<typeof Errors.GitPushError>): string {
  const refused = Object.values(error.data.result.refs).find((ref) => !ref.ok);
  return refused?.error ?? 'no reason given';
}
