// A bare mirror of one repository on disk, kept by isomorphic-git over HTTP(S). It can be thrown away at any time: whatever is broken or
// has grown too far is cloned anew.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import git, { type HttpClient } from 'isomorphic-git';
import { toTime, type Cancel, type Clock } from '../ports/clock.ts';
import { BlobCache } from './blob-cache.ts';
import { asGitError, isMissing } from './failure.ts';
import { gitHttpClient } from './http.ts';
import { notePath, readNotes } from './notes.ts';
import { diffTrees, listFiles, writeChanges, type ReadTree, type WriteTree } from './trees.ts';
import {
  GitError,
  NOTES_REF,
  PushRejected,
  type Commit,
  type CommitRequest,
  type FileChange,
  type FileEntry,
  type GitCredentials,
  type GitMirror,
  type Person,
} from './types.ts';

export interface MirrorOptions {
  url: string;
  clock: Clock;
  credentials?: GitCredentials | undefined;
  /** Folder under which mirrors live, one per URL. Default: `sluice-git` in the system's temporary folder. */
  directory?: string | undefined;
  /** Limit of one exchange with the server in milliseconds. Default 60,000. */
  timeoutMs?: number | undefined;
  /** Largest answer of the server in bytes. Default 256 MiB. */
  maxBytes?: number | undefined;
  /** Commits taken at the first fetch; later ones bring what is new. Default 50. */
  depth?: number | undefined;
  /** Whether this process may still write, asked before each push. Default: it may. */
  mayPush?: (() => boolean) | undefined;
}

const MAX_PACKS = 40;
const MAX_FILE_BYTES = 4 * 2 ** 20;
/** How long the library's working memory outlives its last use. */
const CACHE_MS = 5_000;
const NOTE_ATTEMPTS = 5;

/** Opens the mirror of a repository; nothing is fetched yet. */
export function openMirror(options: MirrorOptions): GitMirror & { close(): void } {
  return new Mirror(options);
}

class Mirror implements GitMirror {
  readonly #url: string;
  readonly #gitdir: string;
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #depth: number;
  readonly #blobs = new BlobCache(16 * 2 ** 20);
  #cache: object = {};
  #forget: Cancel | undefined;
  /** Whatever writes into the mirror goes one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: MirrorOptions) {
    this.#url = options.url.replace(/\/+$/, '');
    // Apart by credentials too: what one may read is not for another.
    const identity = JSON.stringify([this.#url, options.credentials ?? null]);
    const name = createHash('sha256').update(identity).digest('hex').slice(0, 24);
    this.#gitdir = join(options.directory ?? join(tmpdir(), 'sluice-git'), `${name}.git`);
    this.#clock = options.clock;
    this.#depth = options.depth ?? 50;
    this.#http = gitHttpClient({
      url: this.#url,
      credentials: options.credentials,
      clock: options.clock,
      timeoutMs: options.timeoutMs ?? 60_000,
      maxBytes: options.maxBytes ?? 256 * 2 ** 20,
      mayPush: options.mayPush,
    });
  }

  close(): void {
    this.#forget?.();
    this.#cache = {};
  }

  async head(branch: string): Promise<string | undefined> {
    return this.#remote(`refs/heads/${branch}`);
  }

  fetch(branch: string): Promise<Commit> {
    return this.#exclusive(async () => {
      const ref = `refs/heads/${branch}`;
      await this.#prepare();
      const first = await this.#fetchRef(ref).catch(async (error: unknown) => {
        const failure = asGitError(error);
        if (failure.kind !== 'corrupt') throw failure;
        await this.#discard();
        await this.#prepare();
        return this.#fetchRef(ref);
      });
      if (first === undefined) throw new GitError('not-found', `there is no branch ${branch} in ${this.#url}`);
      const commit = await this.commit(first);
      if (!commit) throw await this.#corrupt(`commit ${first} did not arrive`);
      return commit;
    });
  }

  async commit(oid: string): Promise<Commit | undefined> {
    if (!/^[0-9a-f]{40}$/.test(oid)) return undefined;
    try {
      const { commit } = await git.readCommit({ ...this.#local(), oid });
      return {
        oid,
        tree: commit.tree,
        parents: commit.parent,
        author: { name: commit.author.name, email: commit.author.email },
        date: toTime(commit.committer.timestamp * 1000),
        subject: commit.message.split('\n', 1)[0] ?? '',
        message: commit.message,
      };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw await this.#damaged(error);
    }
  }

  async files(commit: string, path: string): Promise<FileEntry[]> {
    const { tree } = await this.#known(commit);
    return this.#guard(() => listFiles(tree, path, this.#readTree));
  }

  async read(oid: string): Promise<string> {
    const known = this.#blobs.get(oid);
    if (known !== undefined) return known;
    return this.#guard(async () => {
      const { blob } = await git.readBlob({ ...this.#local(), oid });
      if (blob.byteLength > MAX_FILE_BYTES)
        throw new GitError('too-large', `a file is larger than ${MAX_FILE_BYTES} bytes`);
      const text = Buffer.from(blob).toString('utf8');
      this.#blobs.set(oid, text);
      return text;
    });
  }

  async changed(from: string, to: string, path: string): Promise<FileChange[]> {
    const [a, b] = await Promise.all([this.#known(from), this.#known(to)]);
    return this.#guard(() => diffTrees(a.tree, b.tree, path, this.#readTree));
  }

  commitFiles(request: CommitRequest): Promise<string> {
    return this.#exclusive(async () => {
      const ref = `refs/heads/${request.branch}`;
      const parent = await this.#known(request.parent);
      const blobs = await this.#writeBlobs(request.changes);
      const tree = await writeChanges(parent.tree, blobs, { readTree: this.#readTree, writeTree: this.#writeTree });
      const oid = await this.#writeCommit(tree, [request.parent], request.message, request.author);
      await this.#push(oid, ref, request.parent);
      await git.writeRef({ ...this.#local(), ref, value: oid, force: true });
      return oid;
    });
  }

  async readNote(commit: string): Promise<string | undefined> {
    const notes = await this.#notes(await this.#localRef(NOTES_REF));
    const oid = notes.get(commit)?.oid;
    return oid === undefined ? undefined : this.read(oid);
  }

  addNotes(texts: ReadonlyMap<string, string>, author: Person): Promise<void> {
    return this.#exclusive(async () => {
      await this.#prepare();
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#pushNotes(texts, author);
        } catch (error) {
          if (!(error instanceof PushRejected) || attempt === NOTE_ATTEMPTS) throw error;
        }
      }
    });
  }

  async contains(commit: string, branch: string): Promise<boolean> {
    const head = await this.#localRef(`refs/heads/${branch}`);
    if (head === undefined) return false;
    if (head === commit) return true;
    try {
      return await git.isDescendent({ ...this.#local(), oid: head, ancestor: commit, depth: -1 });
    } catch {
      return false;
    }
  }

  async #pushNotes(texts: ReadonlyMap<string, string>, author: Person): Promise<void> {
    const listed = await this.#remote(NOTES_REF);
    const head =
      listed === undefined || listed === (await this.#localRef(NOTES_REF)) ? listed : await this.#fetchRef(NOTES_REF);
    const present = await this.#notes(head);
    const fanned = [...present.values()].some((note) => note.path.includes('/'));
    const changes = new Map(
      [...texts].map(([commit, text]) => [present.get(commit)?.path ?? notePath(commit, fanned), text]),
    );
    const blobs = await this.#writeBlobs(changes);
    const root = head === undefined ? undefined : (await this.#known(head)).tree;
    const tree = await writeChanges(root, blobs, { readTree: this.#readTree, writeTree: this.#writeTree });
    if (tree === root) return;
    const oid = await this.#writeCommit(tree, head === undefined ? [] : [head], 'Notes added by Sluice\n', author);
    await this.#push(oid, NOTES_REF, head);
    await git.writeRef({ ...this.#local(), ref: NOTES_REF, value: oid, force: true });
  }

  async #notes(head: string | undefined): Promise<Map<string, FileEntry>> {
    if (head === undefined) return new Map();
    const { tree } = await this.#known(head);
    return this.#guard(() => readNotes(tree, this.#readTree));
  }

  async #writeBlobs(changes: ReadonlyMap<string, string | null>): Promise<Map<string, string | null>> {
    const written = new Map<string, string | null>();
    for (const [path, text] of changes) {
      const blob = text === null ? null : await git.writeBlob({ ...this.#local(), blob: Buffer.from(text, 'utf8') });
      written.set(path, blob);
    }
    return written;
  }

  #writeCommit(tree: string, parent: string[], message: string, author: Person): Promise<string> {
    const stamp = { ...author, timestamp: Math.floor(this.#clock.now() / 1000), timezoneOffset: 0 };
    return git.writeCommit({ ...this.#local(), commit: { tree, parent, message, author: stamp, committer: stamp } });
  }

  /** Moves a reference on the server from `expected` to `oid`, or throws PushRejected. */
  async #push(oid: string, ref: string, expected: string | undefined): Promise<void> {
    if ((await this.#remote(ref)) !== expected) throw new PushRejected(`${ref} has moved on the server`);
    const outgoing = 'refs/sluice/outgoing';
    await git.writeRef({ ...this.#local(), ref: outgoing, value: oid, force: true });
    try {
      const result = await git.push({ ...this.#local(), ...this.#server(), ref: outgoing, remoteRef: ref });
      if (!result.ok) throw new PushRejected(`${ref} was refused by the server`);
    } catch (error) {
      const failure = asGitError(error);
      if (failure.kind === 'corrupt' && (await this.#remote(ref)) !== expected) {
        throw new PushRejected(`${ref} has moved on the server`);
      }
      throw failure;
    } finally {
      await git.deleteRef({ ...this.#local(), ref: outgoing });
    }
  }

  /** Where a reference is on the server; an empty repository has none. */
  async #remote(ref: string): Promise<string | undefined> {
    try {
      const refs = await git.listServerRefs({ ...this.#server(), prefix: ref });
      return refs.find((listed) => listed.ref === ref)?.oid;
    } catch (error) {
      throw asGitError(error);
    }
  }

  /** Brings a reference of the server here under its own name; undefined when the server has none of that name. */
  async #fetchRef(ref: string): Promise<string | undefined> {
    this.#cache = {};
    const first = (await this.#localRef(ref)) === undefined;
    const depth = first && ref !== NOTES_REF ? { depth: this.#depth } : {};
    const request = { ref, remoteRef: ref, remote: 'origin', singleBranch: true, tags: false, ...depth };
    try {
      const { fetchHead } = await git.fetch({ ...this.#local(), ...this.#server(), ...request });
      if (fetchHead === null) return undefined;
      await git.writeRef({ ...this.#local(), ref, value: fetchHead, force: true });
      return fetchHead;
    } catch (error) {
      if (isMissing(error) && (await this.#remote(ref)) === undefined) return undefined;
      throw error;
    }
  }

  async #localRef(ref: string): Promise<string | undefined> {
    try {
      return await git.resolveRef({ ...this.#local(), ref });
    } catch {
      return undefined;
    }
  }

  /** Makes sure that there is a mirror, and that it has not gathered too many packs. */
  async #prepare(): Promise<void> {
    const packs = await fs.promises.readdir(join(this.#gitdir, 'objects', 'pack')).catch(() => []);
    if (packs.length > MAX_PACKS * 2) await this.#discard();
    try {
      await fs.promises.mkdir(this.#gitdir, { recursive: true, mode: 0o700 });
      await git.init({ fs, gitdir: this.#gitdir, bare: true, defaultBranch: 'main' });
      await git.addRemote({ fs, gitdir: this.#gitdir, remote: 'origin', url: this.#url, force: true });
    } catch (error) {
      throw new GitError('corrupt', `cannot keep a mirror in ${this.#gitdir}: ${(error as Error).message}`);
    }
  }

  async #discard(): Promise<void> {
    this.#cache = {};
    await fs.promises.rm(this.#gitdir, { recursive: true, force: true });
  }

  async #known(oid: string): Promise<Commit> {
    const commit = await this.commit(oid);
    if (!commit) throw new GitError('not-found', `commit ${oid} is not in the mirror`);
    return commit;
  }

  readonly #readTree: ReadTree = async (oid) => (await git.readTree({ ...this.#local(), oid })).tree;
  readonly #writeTree: WriteTree = (tree) => git.writeTree({ ...this.#local(), tree });

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw await this.#damaged(error);
    }
  }

  async #damaged(error: unknown): Promise<GitError> {
    const failure = asGitError(error);
    if (failure.kind !== 'corrupt') return failure;
    return this.#corrupt(error instanceof Error ? error.message : String(error));
  }

  /** A mirror that cannot be read is thrown away; the next fetch brings it back. */
  async #corrupt(what: string): Promise<GitError> {
    await this.#discard();
    return new GitError('corrupt', `the local mirror was damaged and is fetched anew: ${what}`);
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work).catch((error: unknown) => Promise.reject(asGitError(error)));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  #local(): { fs: typeof fs; gitdir: string; cache: object } {
    this.#forget?.();
    this.#forget = this.#clock.after(CACHE_MS, () => {
      this.#cache = {};
    });
    return { fs, gitdir: this.#gitdir, cache: this.#cache };
  }

  #server(): { http: HttpClient; url: string } {
    return { http: this.#http, url: this.#url };
  }
}
