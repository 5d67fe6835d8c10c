// What the agent asks of a Git repository: one mirror per repository URL. Nothing here names a library, so that a second backend can
// stand behind the same door.

export interface Person {
  name: string;
  email: string;
}

export interface Commit {
  oid: string;
  /** Id of the tree of the whole repository. */
  tree: string;
  parents: string[];
  author: Person;
  /** When it was committed, RFC 3339 with whole seconds. */
  date: string;
  /** First line of the message. */
  subject: string;
  message: string;
}

export interface FileEntry {
  /** From the root of the repository, with `/`. */
  path: string;
  oid: string;
}

/** A file that differs between two commits; an absent id says that the file does not exist there. */
export interface FileChange {
  path: string;
  from?: string;
  to?: string;
}

export interface CommitRequest {
  branch: string;
  /** Full id of the commit to build on; it must still be the head of the branch when the push arrives. */
  parent: string;
  /** New content by path; null deletes. */
  changes: ReadonlyMap<string, string | null>;
  message: string;
  author: Person;
}

/**
 * Every call rejects with GitError. Names of branches are plain (`main`). Entries of a tree that could leave it or mean something to a
 * file system (`..`, `.git`, symbolic links, submodules) are never returned.
 */
export interface GitMirror {
  /** Commit at the branch on the server, by listing its references only; undefined when there is no such branch. */
  head(branch: string): Promise<string | undefined>;
  /** Brings the branch here and returns its newest commit. A rewritten branch is taken as it is. */
  fetch(branch: string): Promise<Commit>;
  /** A commit that is already here. */
  commit(oid: string): Promise<Commit | undefined>;
  /** All regular files below `path` (empty: the root), sorted by path; a path that is not there has none. */
  files(commit: string, path: string): Promise<FileEntry[]>;
  /** Text of a file, UTF-8. */
  read(oid: string): Promise<string>;
  /** Files below `path` that differ between two commits; subtrees with equal ids are not looked at. */
  changed(from: string, to: string, path: string): Promise<FileChange[]>;
  /** Writes a commit and pushes it without force; returns its id. Throws PushRejected when the branch has moved. */
  commitFiles(request: CommitRequest): Promise<string>;
  /** The note `refs/notes/sluice` holds for a commit, as of the last `addNotes` or `fetch`. */
  readNote(commit: string): Promise<string | undefined>;
  /** Sets notes by commit and pushes them in one commit; rebuilt and tried again when the notes have moved on the server. */
  addNotes(notes: ReadonlyMap<string, string>, author: Person): Promise<void>;
  /** Whether the commit is the fetched head of the branch or among its ancestors, as far as they are here. */
  contains(commit: string, branch: string): Promise<boolean>;
}

export type GitErrorKind = 'unreachable' | 'auth' | 'not-found' | 'rejected' | 'corrupt' | 'timeout' | 'too-large';

/** A failure that a person can act on. The message never holds a credential. */
export class GitError extends Error {
  override readonly name: string = 'GitError';
  readonly kind: GitErrorKind;

  constructor(kind: GitErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The branch is no longer where the push expected it. */
export class PushRejected extends GitError {
  override readonly name = 'PushRejected';

  constructor(message: string) {
    super('rejected', message);
  }
}

export type GitCredentials = { username: string; password: string } | { bearerToken: string };

/** Where notes of Sluice live. */
export const NOTES_REF = 'refs/notes/sluice';
