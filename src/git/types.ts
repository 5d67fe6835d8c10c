// What reading and writing ask of a Git repository: one mirror per repository. Nothing here names a library, so that a second backend
// can stand behind the same door.
import type { LimitName } from '../ports/source-budget.ts';
import type {
  NoteSection,
  Person as SourcePerson,
  SigningKey,
  SourceCommit,
  SourceCredentials,
} from '../ports/source-reader.ts';

export type Person = SourcePerson;
export type Commit = SourceCommit;
export type GitCredentials = SourceCredentials;

/** What one call may take. */
export interface GitCall {
  /** Limit of one exchange with the server in milliseconds. Default 60,000. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A name in a folder, as it was written: it may be anything. */
export interface TreeEntry {
  name: string;
  /** As Git writes it, in octal digits. */
  mode: string;
  type: 'file' | 'tree' | 'link' | 'submodule' | 'unknown';
  oid: string;
  /** The name's bytes, where they are no UTF-8. */
  raw?: Buffer;
}

export interface FileEntry {
  /** From the root of the repository, with `/`. */
  path: string;
  oid: string;
}

/** A commit that was brought here, and which reference of the server it is at. */
export interface FetchedCommit extends Commit {
  ref: string;
  /** What the server lists for it: of an annotated tag the tag itself. */
  listed: string;
}

/** Who commits, and what they sign with. */
export interface Committer extends Person {
  signing?: SigningKey | undefined;
}

export interface CommitRequest {
  branch: string;
  /** Full id of the commit to build on; it must still be the head of the branch when the push arrives. */
  parent: string;
  /** Puts the commit on this branch instead, by force: one of Sluice's own, below `sluice/`. */
  publishAs?: string | undefined;
  /** New content by path; null deletes. */
  changes: ReadonlyMap<string, string | null>;
  /** Folder that all changes must be in, where one is named. */
  below?: string | undefined;
  message: string;
  author: Committer;
}

/** Every call rejects with GitError. A `revision` is what `targetRevision` says: a branch (`main`), a tag, a range of versions, a commit. */
export interface GitMirror {
  /** Commit that is meant now, by listing the references of the server only; undefined when there is none. */
  head(revision: string, call?: GitCall): Promise<string | undefined>;
  /** Brings here the commit that is meant. A rewritten branch is taken as it is. */
  fetch(revision: string, call?: GitCall): Promise<FetchedCommit>;
  /** A commit that is already here. */
  commit(oid: string): Promise<Commit | undefined>;
  /** The bytes of a commit or an annotated tag that is here, as they were signed. */
  signed(oid: string): Promise<{ type: 'commit' | 'tag'; bytes: Uint8Array } | undefined>;
  /** Entries of a folder by its id, in Git's order, safe or not. */
  tree(oid: string): Promise<TreeEntry[]>;
  blob(oid: string): Promise<Uint8Array>;
  /** All regular files below `path` (empty: the root), sorted by path; a path that is not there has none. */
  files(commit: string, path: string): Promise<FileEntry[]>;
  /** Text of a file, UTF-8. */
  read(oid: string): Promise<string>;
  /** Writes a commit and pushes it without force; returns its id. Throws PushRejected when the branch has moved. */
  commitFiles(request: CommitRequest, call?: GitCall): Promise<string>;
  /** Adds to the notes as they are on the server, by commit, and pushes that in one commit; built anew where they have moved. */
  addNotes(sections: ReadonlyMap<string, readonly NoteSection[]>, author: Committer, call?: GitCall): Promise<void>;
}

export type GitErrorKind =
  | 'unreachable'
  | 'auth'
  | 'not-found'
  | 'rejected'
  /** The operator does not allow requests to that host. */
  | 'rejected-host'
  | 'corrupt'
  | 'timeout'
  | 'too-large'
  | 'cancelled';

/** A failure that a person can act on. The message never holds a credential. */
export class GitError extends Error {
  override readonly name: string = 'GitError';
  readonly kind: GitErrorKind;
  /** The limit that was exceeded, where one was. */
  readonly limit: LimitName | undefined;

  constructor(kind: GitErrorKind, message: string, limit?: LimitName) {
    super(message);
    this.kind = kind;
    this.limit = limit;
  }
}

/** The branch is no longer where the push expected it. */
export class PushRejected extends GitError {
  override readonly name = 'PushRejected';

  constructor(message: string) {
    super('rejected', message);
  }
}

/** Branches that are Sluice's own begin so: no other is ever moved by force. */
export const OWN_BRANCHES = 'sluice/';

/** Where notes of Sluice live. */
export const NOTES_REF = 'refs/notes/sluice';
