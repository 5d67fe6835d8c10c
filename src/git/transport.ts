// What Git's protocol is spoken over: a conversation with one service of one repository, over HTTP or SSH.
import type { LookupFunction } from 'node:net';
import type { Clock } from '../ports/clock.ts';
import { GitError, type GitCall, type GitCredentials } from './types.ts';

/** Where requests may go. `check` throws for a URL that is not allowed; `lookup` resolves its name to allowed addresses only. */
export interface GitEgress {
  check(url: URL, use: 'git'): void;
  lookup(url: URL, use: 'git'): LookupFunction;
}

export interface TransportOptions {
  /** Of the repository, as `repoURL` says it; credentials go to its host only. */
  url: string;
  credentials?: GitCredentials | undefined;
  clock: Clock;
  egress?: GitEgress | undefined;
}

export type Service = 'git-upload-pack' | 'git-receive-pack';

export interface Opening {
  service: Service;
  /** Ask for version 2 of the protocol. */
  second: boolean;
  /** Largest greeting taken, in bytes. */
  maxBytes: number;
}

/** `ask` may be called once; then, or after `end`, it is over. */
export interface Conversation {
  /** What the server says first, from the first packet of its listing. */
  readonly greeting: Buffer;
  /** Sends, and resolves with all that is answered; rejects beyond `maxBytes`. */
  ask(body: Buffer, maxBytes: number): Promise<Buffer>;
  end(): void;
}

/** Opening and asking are one exchange each, held to the call's limit of time and to its signal. Rejects with GitError. */
export type Transport = (opening: Opening, call: GitCall) => Promise<Conversation>;

/** Code of an error of `lookup` that says so. */
const EGRESS_REFUSED = 'EGRESS_REFUSED';

export const DEFAULT_TIMEOUT_MS = 60_000;
/** A server that sends nothing for this long is given up before the time limit. */
export const SILENCE_MS = 45_000;

/** Throws where the operator does not allow it. */
export function allow(url: URL, egress: GitEgress | undefined): void {
  try {
    egress?.check(url, 'git');
  } catch (error) {
    throw new GitError('rejected-host', error instanceof Error ? error.message : String(error));
  }
}

export const cancelled = (host: string): GitError => new GitError('cancelled', `the request to ${host} was broken off`);

export const tooSlow = (host: string, ms: number): GitError =>
  new GitError('timeout', `${host} gave no answer within ${ms / 1000} s`);

export function tooMuch(host: string, max: number): GitError {
  const size = max >= 2 ** 20 ? `${Math.round(max / 2 ** 20)} MiB` : `${max} bytes`;
  const message = `${host} sent more than ${size} (limit packBytes); keep large files out of the repository that is deployed from`;
  return new GitError('too-large', message, 'packBytes');
}

/** Of a connection that could not be made or broke. */
export function connectionError(host: string, error: unknown): GitError {
  if (error instanceof GitError) return error;
  const refused = error instanceof Error && (error as NodeJS.ErrnoException).code === EGRESS_REFUSED;
  if (refused) return new GitError('rejected-host', error.message);
  const reason = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  return new GitError('unreachable', `cannot reach ${host}: ${reason}`);
}
