// Forges as the agent sees them: the pull requests of one repository. Whatever a forge answers is a value; it never throws for its sake,
// and each call ends within its time limit.
import type { ForgeName } from '../api/forges.ts';
import type { Result } from '../api/result.ts';
import type { SecretOrigin } from './egress.ts';
import type { HttpCredentials } from './source-reader.ts';

/** One repository as its forge is asked about it. */
export interface ForgeRepository {
  repoURL: string;
  forge: ForgeName;
  credentials: HttpCredentials;
  /** The Secret that the credentials are of: they are sent only where it may go. */
  secret: SecretOrigin;
  /** Limit of one exchange in milliseconds; never more than 15 s. */
  timeoutMs: number;
}

export interface Branches {
  /** The branch with the commit. */
  head: string;
  /** The branch that it is for. */
  base: string;
}

export interface PullRequestText {
  title: string;
  /** Markdown. Shortened where the forge takes less. */
  body: string;
}

export interface PullRequest {
  /** Its number. */
  id: string;
  /** For people: made of the repository's URL, not taken from an answer. */
  url: string;
  state: 'open' | 'merged' | 'closed';
  /** Commit at its branch, which may be shortened; undefined where the forge does not say. */
  head: string | undefined;
  /** By the forge's clock, RFC 3339. */
  createdAt: string;
  /** The forge says that it cannot be merged as both branches are. */
  conflicts: boolean;
  /** What brought it into the base, where the forge says. */
  mergeCommit: string | undefined;
}

export interface ForgeFailure {
  reason: 'AuthFailed' | 'Forbidden' | 'NotFound' | 'RateLimited' | 'Refused' | 'Unreachable';
  /** For people: what is wrong and what to do. */
  message: string;
  /** What the forge asks to wait, in milliseconds. */
  retryAfterMs?: number | undefined;
}

export type ForgeResult<T> = Result<T, ForgeFailure>;

export interface Forge {
  /** The newest pull request between two branches of the repository itself, open or not. */
  find(
    repository: ForgeRepository,
    branches: Branches,
    signal: AbortSignal,
  ): Promise<ForgeResult<PullRequest | undefined>>;
  /** Opens one between branches that are there. */
  open(
    repository: ForgeRepository,
    proposal: Branches & PullRequestText,
    signal: AbortSignal,
  ): Promise<ForgeResult<PullRequest>>;
  /** Gives it another text. */
  revise(
    repository: ForgeRepository,
    change: PullRequestText & { id: string },
    signal: AbortSignal,
  ): Promise<ForgeResult<PullRequest>>;
  look(repository: ForgeRepository, id: string, signal: AbortSignal): Promise<ForgeResult<PullRequest>>;
  /** Closes it without a merge, and says why in a comment. Undefined: both are done; a text: why nobody was told. */
  close(
    repository: ForgeRepository,
    pull: { id: string; why: string },
    signal: AbortSignal,
  ): Promise<ForgeResult<string | undefined>>;
  /**
   * Has it merged, at once or as soon as its checks have passed, as long as its branch is at that commit. Undefined: the forge has taken
   * it on; a text: what it waits for.
   */
  merge(
    repository: ForgeRepository,
    pull: { id: string; commit: string },
    signal: AbortSignal,
  ): Promise<ForgeResult<string | undefined>>;
}
