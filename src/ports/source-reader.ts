// Repositories as the agent sees them: which commit is newest, what a commit declares, and what is written back. Behind this port
// happens all work on what strangers wrote; it never throws for their sake, and each call ends within its time limit.
import type { KubeObject } from '../api/k8s.ts';
import type { Result } from '../api/result.ts';
import type { Rendering, RenderOptions } from './rendering.ts';
import type { LimitName } from './source-budget.ts';

/** What a request over http carries. */
export type HttpCredentials = { username: string; password: string } | { bearerToken: string };

/** For a repository over SSH. */
export interface SshCredentials {
  /** In the format of OpenSSH, or PEM. */
  privateKey: string;
  passphrase?: string | undefined;
  /** Lines of a `known_hosts` file: the keys that the host may have. */
  knownHosts: string;
}

export type SourceCredentials = HttpCredentials | SshCredentials;

/** The `Authorization` header for credentials; a token alone goes as `scheme`. */
export function authorizationOf(credentials: HttpCredentials, scheme = 'Bearer'): string {
  if ('bearerToken' in credentials) return `${scheme} ${credentials.bearerToken}`;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

/** A private key of SSH that commits are signed with. */
export type SigningKey = Pick<SshCredentials, 'privateKey' | 'passphrase'>;

/** What has to be signed, and whose signatures count. */
export interface SignaturePolicy {
  on: 'Commit' | 'Tag' | 'TagAndCommit';
  /** Public keys of OpenPGP in their armour. */
  openPgp: readonly string[];
  /** An `allowed_signers` file of ssh-keygen. */
  allowedSigners?: string | undefined;
}

/** What a check of a signature came to. */
export type Signature =
  /** Whose it is, and the fingerprint of the key. */
  | { good: true; signer: string; key: string }
  /** For people: what does not count, and why. */
  | { good: false; why: string };

/** One repository as one reads it: URL and credentials together are its identity. */
export interface Repository {
  repoURL: string;
  credentials?: SourceCredentials | undefined;
  /** Limit of one exchange with the server in milliseconds, held between 1 s and 5 min. Default 60 s. */
  timeoutMs?: number | undefined;
  /** What of it has to be signed. Default: nothing. */
  verify?: SignaturePolicy | undefined;
  /** What commits to it are signed with. Default: they are not. */
  signing?: SigningKey | undefined;
}

export interface Person {
  name: string;
  email: string;
}

export interface SourceCommit {
  oid: string;
  /** Id of the tree of the whole repository. */
  tree: string;
  parents: string[];
  author: Person;
  /** Who put it there: of what is merged by a forge, the forge. */
  committer?: Person | undefined;
  /** When it was committed, RFC 3339 with whole seconds. */
  date: string;
  /** First line of the message. */
  subject: string;
  message: string;
}

/** Where an object was declared. Of one that was rendered: the file that declares it, as far as the tool tells, at line 1. */
export interface ManifestSource {
  path: string;
  line: number;
  /** Number of the document in its file, from 0. */
  document: number;
  /** Text of the whole document, comments included; empty where it was rendered. */
  text: string;
  /** Of an object that was rendered: the file by which its folder is input of the tool. Nothing is ever written by its place. */
  rendered?: string | undefined;
}

export interface Manifest {
  object: KubeObject;
  source: ManifestSource;
}

/** A file that looks like a manifest and declares nothing, and why it was left out. */
export interface SkippedFile {
  path: string;
  reason: string;
}

/** What a commit declares below a path. */
export interface SourceContent {
  commit: SourceCommit;
  /** The reference of the server that it was read at, such as `refs/heads/main`; undefined for one that was read back. */
  ref?: string | undefined;
  /** What came of the check of its signature, where one was asked for. */
  signature?: Signature | undefined;
  /** Texts of the files that declare something, or that went into the rendering, by path from the root of the repository. */
  files: Map<string, string>;
  /** What rendered the manifests; undefined: they are in the files as they are. */
  rendered?: Rendering | undefined;
  /** In the order of files and documents. Parsed once; objects are not shared with anything. */
  manifests: Manifest[];
  skipped: SkippedFile[];
  /** Set where nothing is declared: `no manifests in deploy/`. */
  empty?: string | undefined;
}

export type SourceFailureReason =
  | 'GitUnreachable'
  | 'AuthFailed'
  | 'SourceNotFound'
  | 'SourceTooLarge'
  /** What read it ended before it had an answer, and not at a limit: worth another try. */
  | 'ReaderKilled'
  | 'InvalidManifest'
  /** The branch or the notes have moved, or the server refused the push. */
  | 'PushRejected'
  /** The caller's signal was aborted. */
  | 'Cancelled';

export interface SourceFailure {
  reason: SourceFailureReason;
  /** For people: what is wrong, where, and what to do. Holds no credential. */
  message: string;
  /** The limit that was exceeded, where one was. */
  limit?: LimitName | 'memory' | 'time' | undefined;
  /** The commit that was fetched and could not be read. */
  commit?: SourceCommit | undefined;
  /** Not looked at again before this many milliseconds have passed: a call in between gets the same answer at once. */
  retryAfterMs?: number | undefined;
}

export type SourceResult<T> = Result<T, SourceFailure>;

export interface HeadRequest extends Repository {
  /** What `targetRevision` says. */
  revision: string;
}

export interface ReadRequest extends HeadRequest {
  /** Folder or file with the manifests; empty: the root. */
  path: string;
  /** Patterns of paths below `path` that are left out: `*` within a name, `**` across folders; without `/`: any name. */
  exclude?: readonly string[] | undefined;
  /** What a rendering is told, where there is one. Default: the namespace `default`. */
  render?: RenderOptions | undefined;
  /** What `head` said: a commit that was too large is then not tried again before its time. */
  head?: string | undefined;
}

export interface ReadCommitRequest extends Repository {
  commit: string;
  path: string;
  exclude?: readonly string[] | undefined;
  render?: RenderOptions | undefined;
}

export interface CommitFilesRequest extends Repository {
  branch: string;
  /** Full id of the commit to build on; it must still be the head of the branch when the push arrives. */
  parent: string;
  /** Puts the commit on this branch instead, whatever is there: one of Sluice's own, below `sluice/`. */
  publishAs?: string | undefined;
  /** New content by path from the root of the repository; null deletes. */
  changes: ReadonlyMap<string, string | null>;
  /** Folder that all changes must be in; empty: the root. Nothing that begins with `.git` is ever written. */
  below: string;
  message: string;
  author: Person;
}

/** A part of a note. It is written once: a note that has its title in a line of its own is left as it is. */
export interface NoteSection {
  title: string;
  /** With the title as its first line. */
  text: string;
  /**
   * Others may write sections of the same title. How the lines begin that tell whose one is: those of anybody, and its own. Where there are
   * such lines and none is its own, the section is another one.
   */
  told?: { any: string; own: string } | undefined;
}

export interface AddNotesRequest extends Repository {
  /** By commit. */
  sections: ReadonlyMap<string, readonly NoteSection[]>;
  author: Person;
}

/**
 * Calls never reject. One repository is worked on by one call at a time; a source that is silent or failed lately never holds up the
 * others. Aborting the signal ends the call, also while it waits.
 */
export interface SourceReader {
  /** Commit that is meant now, by listing the references of the server only; undefined when there is none. */
  head(request: HeadRequest, signal: AbortSignal): Promise<SourceResult<string | undefined>>;
  /** Brings the commit here that is meant, and reads it. */
  read(request: ReadRequest, signal: AbortSignal): Promise<SourceResult<SourceContent>>;
  /** Reads a commit that is already here; undefined where it is not, without asking the server. */
  readCommit(request: ReadCommitRequest, signal: AbortSignal): Promise<SourceResult<SourceContent | undefined>>;
  /** Writes a commit and pushes it without force; answers its id. */
  commitFiles(request: CommitFilesRequest, signal: AbortSignal): Promise<SourceResult<string>>;
  /** Adds to the notes of `refs/notes/sluice` as they are on the server, in one commit; rebuilt when they have moved. */
  addNotes(request: AddNotesRequest, signal: AbortSignal): Promise<SourceResult<undefined>>;
  /** A push was announced: whatever has to be started for a `read` starts. */
  expect?(): void;
  /** Ends what is under way, and whatever process works for it. */
  close(): Promise<void>;
}
