// What went wrong over SSH as GitError: the words of a server that ends without an answer, and those of the library.
import { connectionError } from '../transport.ts';
import { said } from '../pkt-line.ts';
import { GitError } from '../types.ts';

/** Forges answer so, too, where a key may not see a repository. */
const NOT_FOUND = /not found|not appear to be a git repository|does not exist|no such|could not be found/i;
const NO_RIGHT = /read.only|permission|denied|not allowed|forbidden|unauthori[sz]ed|access/i;

/** A server that ended before it said what it has: by what it wrote for people. */
export function withoutGreeting(host: string, words: string, key: string): GitError {
  const told = said(words).replace(/^(remote: |fatal: |ERROR: )+/i, '');
  if (NOT_FOUND.test(told))
    return new GitError('not-found', `${host} has no such repository, or does not show it to the key ${key}: ${told}`);
  if (NO_RIGHT.test(told))
    return new GitError('auth', `${host} forbids it to the key ${key}, which lacks the right: ${told}`);
  return new GitError('unreachable', `${host} ended without an answer${told === '' ? '' : `: ${told}`}`);
}

/** Of the connection, by the library's level of it. */
export function clientError(host: string, error: Error & { level?: string | undefined }, key: string): GitError {
  if (error.level === 'client-authentication')
    return new GitError(
      'auth',
      `${host} does not accept the key ${key} of the Secret of secretRef for this user: register its public half there`,
    );
  if (error.level === 'client-socket' || error.level === undefined) return connectionError(host, error);
  return new GitError('unreachable', `${host} and this client do not agree: ${said(error.message)}`);
}
