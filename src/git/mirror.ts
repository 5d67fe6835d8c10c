// A bare mirror of one repository on disk, its objects kept by isomorphic-git. It can be thrown away at any time: whatever is broken or
// has grown too far is cloned anew.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import git from 'isomorphic-git';
import { targetRevision, type Located, type TargetRevision } from '../api/target-revision.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import { SOURCE_LIMITS, SourceBudget, type SourceLimits } from '../ports/source-budget.ts';
import { BlobCache } from './blob-cache.ts';
import { asGitError, isMissing } from './failure.ts';
import { findNote, notePath, withSections } from './notes.ts';
import { writeCommit } from './new-commit.ts';
import { isOid, parseTree } from './objects.ts';
import { indexPack, packFolder } from './packs.ts';
import { ANYWHERE, GitServer, type Fetched } from './server.ts';
import { storedCommit, storedObject } from './stored.ts';
import type { GitEgress } from './transport.ts';
import { checkPaths, listFiles, type ReadTree } from './trees.ts';
import {
  GitError,
  NOTES_REF,
  OWN_BRANCHES,
  PushRejected,
  type Commit,
  type CommitRequest,
  type Committer,
  type FetchedCommit,
  type FileEntry,
  type GitCall,
  type GitCredentials,
  type GitMirror,
  type TreeEntry,
} from './types.ts';

export interface MirrorOptions {
  url: string;
  clock: Clock;
  credentials?: GitCredentials | undefined;
  /** Folder under which mirrors live, one per repository. Default: `sluice-git` in the system's temporary folder. */
  directory?: string | undefined;
  limits?: Readonly<SourceLimits> | undefined;
  /** Commits taken at the first fetch; later ones bring what is new. Default 50; only the newest where that is too large. */
  depth?: number | undefined;
  /** Whether this process may still write, asked before each push. Default: it may. */
  mayPush?: (() => boolean | Promise<boolean>) | undefined;
  egress?: GitEgress | undefined;
}

const MAX_PACKS = 40;
/** How long the library's working memory outlives its last use. */
const CACHE_MS = 5_000;
const NOTE_ATTEMPTS = 5;

const NOTES = targetRevision(NOTES_REF);

type Sections = Parameters<GitMirror['addNotes']>[0];

/** Name of the folder of a repository's mirror. Apart by credentials too: what one may read is not for another. */
export function mirrorFolder(options: Pick<MirrorOptions, 'url' | 'credentials' | 'directory'>): string {
  const identity = JSON.stringify([options.url.replace(/\/+$/, ''), options.credentials ?? null]);
  const name = createHash('sha256').update(identity).digest('hex').slice(0, 24);
  return join(options.directory ?? join(tmpdir(), 'sluice-git'), `${name}.git`);
}

/** Opens the mirror of a repository; nothing is fetched yet. */
export function openMirror(options: MirrorOptions): GitMirror & { close(): void } {
  return new Mirror(options);
}

/** Which reference a commit moves, and from where. */
function pushOf({ branch, parent, publishAs }: Pick<CommitRequest, 'branch' | 'parent' | 'publishAs'>): {
  ref: string;
  expected: string | undefined | typeof ANYWHERE;
} {
  if (publishAs === undefined) return { ref: `refs/heads/${branch}`, expected: parent };
  if (!publishAs.startsWith(OWN_BRANCHES))
    throw new GitError('rejected', `${publishAs} is no branch of Sluice's own, which begin with ${OWN_BRANCHES}`);
  return { ref: `refs/heads/${publishAs}`, expected: ANYWHERE };
}

class Mirror implements GitMirror {
  readonly #url: string;
  readonly #gitdir: string;
  readonly #server: GitServer;
  readonly #clock: Clock;
  readonly #depth: number;
  readonly #limits: Readonly<SourceLimits>;
  readonly #blobs = new BlobCache(16 * 2 ** 20);
  #cache: object = {};
  #forget: Cancel | undefined;
  /** Whatever writes into the mirror goes one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: MirrorOptions) {
    this.#url = options.url.replace(/\/+$/, '');
    this.#gitdir = mirrorFolder(options);
    this.#clock = options.clock;
    this.#depth = options.depth ?? 50;
    this.#limits = options.limits ?? SOURCE_LIMITS;
    const { credentials, clock, mayPush, egress } = options;
    this.#server = new GitServer({ url: this.#url, credentials, clock, mayPush, egress, limits: this.#limits });
  }

  close(): void {
    this.#forget?.();
    this.#cache = {};
  }

  async head(revision: string, call: GitCall = {}): Promise<string | undefined> {
    return (await this.#server.locate(targetRevision(revision), call))?.commit;
  }

  fetch(revision: string, call: GitCall = {}): Promise<FetchedCommit> {
    return this.#exclusive(async () => {
      const target = targetRevision(revision);
      await this.#prepare();
      const found = await this.#bring(target, call).catch(async (error: unknown) => {
        const failure = asGitError(error);
        if (failure.kind !== 'corrupt') throw failure;
        await this.#discard();
        await this.#prepare();
        return this.#bring(target, call);
      });
      if (found === undefined) throw new GitError('not-found', `${target.missing} in ${this.#url}`);
      const commit = await this.commit(found.commit);
      if (!commit) throw await this.#corrupt(`commit ${found.commit} did not arrive`);
      return { ...commit, ref: found.ref, listed: found.listed };
    });
  }

  async commit(oid: string): Promise<Commit | undefined> {
    return this.#guard(() => storedCommit(this.#local(), oid));
  }

  async signed(oid: string): Promise<{ type: 'commit' | 'tag'; bytes: Uint8Array } | undefined> {
    if (!isOid(oid)) return undefined;
    try {
      const { type, object } = await git.readObject({ ...this.#local(), oid, format: 'content' });
      return type === 'commit' || type === 'tag' ? { type, bytes: object as Uint8Array } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw await this.#damaged(error);
    }
  }

  tree(oid: string): Promise<TreeEntry[]> {
    return this.#guard(() => this.#readTree(oid));
  }

  blob(oid: string): Promise<Uint8Array> {
    return this.#guard(() => this.#object(oid, 'blob'));
  }

  async files(commit: string, path: string): Promise<FileEntry[]> {
    const { tree } = await this.#known(commit);
    return this.#guard(() => listFiles(tree, path, this.#readTree));
  }

  async read(oid: string): Promise<string> {
    const known = this.#blobs.get(oid);
    if (known !== undefined) return known;
    return this.#guard(async () => {
      const blob = await this.#object(oid, 'blob');
      new SourceBudget(this.#limits).hold('fileBytes', blob.byteLength);
      const text = Buffer.from(blob).toString('utf8');
      this.#blobs.set(oid, text);
      return text;
    });
  }

  commitFiles(request: CommitRequest, call: GitCall = {}): Promise<string> {
    return this.#exclusive(async () => {
      checkPaths(request.changes.keys(), request.below);
      const parent = await this.#known(request.parent);
      const { message, author, changes } = request;
      const pushed = pushOf(request);
      const parents = [request.parent];
      const oid = await this.#commitOnto(parent.tree, { changes, message, author, parents, pushed }, call);
      return oid ?? request.parent;
    });
  }

  addNotes(sections: Sections, author: Committer, call: GitCall = {}): Promise<void> {
    return this.#exclusive(async () => {
      await this.#prepare();
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#pushNotes(sections, author, call);
        } catch (error) {
          if (!(error instanceof PushRejected) || attempt === NOTE_ATTEMPTS) throw error;
        }
      }
    });
  }

  async #pushNotes(sections: Sections, author: Committer, call: GitCall): Promise<void> {
    const expected = (await this.#bring(NOTES, call))?.commit;
    const root = expected === undefined ? undefined : (await this.#known(expected)).tree;
    const changes = new Map<string, string>();
    for (const [commit, added] of sections) {
      const { path, text } = await this.#note(root, commit);
      const after = withSections(text, added);
      if (after !== text) changes.set(path ?? (await notePath(root, commit, this.#readTree)), after);
    }
    if (changes.size === 0) return;
    const pushed = { ref: NOTES_REF, expected };
    const parents = [expected].filter((oid) => oid !== undefined);
    await this.#commitOnto(root, { changes, message: 'Notes added by Sluice\n', author, parents, pushed }, call);
  }

  /** The note of a commit, as it is so far. */
  async #note(root: string | undefined, commit: string): Promise<{ path: string | undefined; text: string }> {
    if (!isOid(commit)) throw new GitError('rejected', `${commit} is not the id of a commit`);
    const present = root === undefined ? undefined : await findNote(root, commit, this.#readTree);
    return { path: present?.path, text: present === undefined ? '' : await this.read(present.oid) };
  }

  /** Commits changes onto a tree and pushes them; undefined when they change nothing. */
  async #commitOnto(
    root: string | undefined,
    request: {
      changes: ReadonlyMap<string, string | null>;
      message: string;
      author: Committer;
      parents: string[];
      pushed: ReturnType<typeof pushOf>;
    },
    call: GitCall,
  ): Promise<string | undefined> {
    const { pushed, ...commit } = request;
    const at = { store: () => this.#local(), readTree: this.#readTree };
    const written = await writeCommit(root, { ...commit, at: this.#clock.now() }, at);
    if (written === undefined) return undefined;
    const { oid, made } = written;
    const { packfile } = await git.packObjects({ ...this.#local(), oids: made });
    if (packfile === undefined) throw new GitError('corrupt', 'the commit could not be packed');
    await this.#server.push({ ...pushed, oid, pack: Buffer.from(packfile) }, call);
    await git.writeRef({ ...this.#local(), ref: pushed.ref, value: oid, force: true });
    return oid;
  }

  /** Brings what is meant here, under the name that it has on the server; undefined when the server has nothing of that name. */
  async #bring(target: TargetRevision, call: GitCall): Promise<Located | undefined> {
    this.#cache = {};
    const pinned = target.prefixes.length === 0 ? target.find(new Map()) : undefined;
    if (pinned !== undefined && (await this.commit(pinned.commit)) !== undefined) return pinned;
    const have = await this.#have(target);
    const first = have === undefined && target !== NOTES;
    const shallow = await this.#shallow();
    const bring = async (depth: number | undefined): Promise<Fetched | undefined> => {
      const fetched = await this.#server.fetch({ target, have, shallow, depth }, call);
      if (fetched) await indexPack(fetched.pack, this.#gitdir, new SourceBudget(this.#limits));
      return fetched;
    };
    const fetched = await bring(first ? this.#depth : undefined).catch((error: unknown) => {
      // A long history may be what is too large: its newest commit alone may do.
      if (first && this.#depth > 1 && asGitError(error).kind === 'too-large') return bring(1);
      throw error;
    });
    if (fetched === undefined) return undefined;
    const gone = new Set(fetched.unshallow);
    await this.#setShallow([...new Set([...shallow, ...fetched.shallow])].filter((oid) => !gone.has(oid)));
    const { ref, commit, listed } = fetched;
    await git.writeRef({ ...this.#local(), ref, value: commit, force: true });
    return { ref, commit, listed };
  }

  /** A commit that is here of what is meant, as it was at the last fetch. */
  async #have({ prefixes }: TargetRevision): Promise<string | undefined> {
    for (const ref of prefixes) {
      const local = await this.#localRef(ref);
      if (local !== undefined && (await this.commit(local)) !== undefined) return local;
    }
    return undefined;
  }

  /** Commits whose parents are not here. */
  async #shallow(): Promise<string[]> {
    const text = await fs.promises.readFile(join(this.#gitdir, 'shallow'), 'utf8').catch(() => '');
    return text.split('\n').filter(isOid);
  }

  async #setShallow(oids: readonly string[]): Promise<void> {
    const path = join(this.#gitdir, 'shallow');
    if (oids.length === 0) await fs.promises.rm(path, { force: true });
    else await fs.promises.writeFile(path, `${oids.join('\n')}\n`);
  }

  async #localRef(ref: string): Promise<string | undefined> {
    try {
      return await git.resolveRef({ ...this.#local(), ref });
    } catch {
      return undefined;
    }
  }

  /** Makes sure that there is a mirror, and that it has not gathered too much. */
  async #prepare(): Promise<void> {
    const { packs, bytes } = await packFolder(this.#gitdir);
    if (packs > MAX_PACKS || bytes > 2 * this.#limits.packBytes) await this.#discard();
    try {
      await fs.promises.mkdir(this.#gitdir, { recursive: true, mode: 0o700 });
      await git.init({ fs, gitdir: this.#gitdir, bare: true, defaultBranch: 'main' });
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

  readonly #readTree: ReadTree = async (oid) => parseTree(await this.#object(oid, 'tree'));

  #object(oid: string, type: 'blob' | 'tree'): Promise<Uint8Array> {
    return storedObject(this.#local(), oid, type);
  }

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
    return this.#corrupt(failure.message);
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
}
