// A repository on this disk, as `git clone` makes it: read where it is, and written to by new commits on branches that nobody has checked
// out. No work tree is looked at or touched.
import { constants, promises as disk } from 'node:fs';
import fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import git from 'isomorphic-git';
import type { Clock } from '../ports/clock.ts';
import { SOURCE_LIMITS, SourceBudget } from '../ports/source-budget.ts';
import { asGitError, isMissing } from './failure.ts';
import { writeCommit, type NewCommit } from './new-commit.ts';
import { isOid, parseTree } from './objects.ts';
import { storedCommit, storedObject, type ObjectStore } from './stored.ts';
import { checkPaths, listFiles, type ReadTree } from './trees.ts';
import { GitError, type Commit, type FileEntry, type GitMirror, type TreeEntry } from './types.ts';

export type LocalRepository = Pick<GitMirror, 'commit' | 'tree' | 'blob' | 'files' | 'read'> & {
  /** Folder of objects and references. */
  readonly gitdir: string;
  /** Commit that a branch, tag, id or its beginning means; undefined where there is none. */
  resolve(name: string): Promise<string | undefined>;
  /** Short name of the branch that is checked out here; undefined for a detached head. */
  head(): Promise<string | undefined>;
  /** URLs of the remotes by name. */
  remotes(): Promise<ReadonlyMap<string, string>>;
  /** Whether commits are missing whose children are here. */
  isShallow(): Promise<boolean>;
  /** Work trees in which a branch is checked out. */
  checkedOutIn(branch: string): Promise<string[]>;
  /** A new commit on `parent`, which a new branch is put on, or one that is at `parent` and nowhere checked out; undefined: nothing changes. */
  commitOn(branch: string, parent: string, commit: LocalCommit): Promise<string | undefined>;
};

export type LocalCommit = Omit<NewCommit, 'parents' | 'at'>;

/** Opens the repository that a folder is in, or is. Throws GitError where there is none, or it is of a kind that cannot be read. */
export async function openLocal(folder: string, clock: Clock): Promise<LocalRepository> {
  const own = await findGitdir(resolve(folder));
  if (own === undefined) throw new GitError('not-found', `${folder} is no Git repository, nor in one`);
  const common = await disk.readFile(join(own, 'commondir'), 'utf8').catch(() => '.');
  const gitdir = resolve(own, common.trim());
  const format = (await config(gitdir, 'extensions.refstorage')) ?? 'files';
  const hash = (await config(gitdir, 'extensions.objectformat')) ?? 'sha1';
  if (format !== 'files' || hash !== 'sha1') {
    const how = format !== 'files' ? `its references as ${format}` : `its objects by ${hash}`;
    throw new GitError(
      'rejected',
      `${folder} keeps ${how}, which cannot be read: give the URL of a repository that does not`,
    );
  }
  return new Local(own, gitdir, clock);
}

/** A value of the configuration as text; undefined where it is not set. */
async function config(gitdir: string, path: string): Promise<string | undefined> {
  const value: unknown = await git.getConfig({ fs, gitdir, path }).catch(() => undefined);
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
}

/** As git looks for it: here, then in each folder above. */
async function findGitdir(folder: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    const found = (await gitdirAt(join(at, '.git'))) ?? (await bareAt(at));
    if (found !== undefined || dirname(at) === at) return found;
  }
}

async function gitdirAt(path: string): Promise<string | undefined> {
  const stat = await disk.stat(path).catch(() => undefined);
  if (stat === undefined) return undefined;
  if (stat.isDirectory()) return path;
  const [, place] = /^gitdir: (.+)$/m.exec(await disk.readFile(path, 'utf8')) ?? [];
  return place === undefined ? undefined : resolve(dirname(path), place.trim());
}

async function bareAt(folder: string): Promise<string | undefined> {
  const parts = ['HEAD', 'objects', 'refs'].map((name) => disk.access(join(folder, name), constants.R_OK));
  return Promise.all(parts).then(
    () => folder,
    () => undefined,
  );
}

class Local implements LocalRepository {
  readonly gitdir: string;
  readonly #own: string;
  readonly #clock: Clock;
  readonly #cache = {};

  constructor(own: string, gitdir: string, clock: Clock) {
    this.#own = own;
    this.gitdir = gitdir;
    this.#clock = clock;
  }

  readonly #store = (): ObjectStore => ({ fs, gitdir: this.gitdir, cache: this.#cache });

  async resolve(name: string): Promise<string | undefined> {
    if (isOid(name)) return (await this.commit(name)) === undefined ? undefined : name;
    const named = await this.#reference(name);
    if (named !== undefined || !/^[0-9a-f]{4,39}$/.test(name)) return named;
    const oid = await git.expandOid({ ...this.#store(), oid: name }).catch(() => undefined);
    return oid === undefined || (await this.commit(oid)) === undefined ? undefined : oid;
  }

  /** A tag leads to its commit. */
  async #reference(name: string): Promise<string | undefined> {
    const oid = await git.resolveRef({ ...this.#store(), ref: name }).catch(() => undefined);
    if (oid === undefined) return undefined;
    const found = await git.readCommit({ ...this.#store(), oid }).catch(() => undefined);
    return found?.oid;
  }

  async head(): Promise<string | undefined> {
    return branchIn(await disk.readFile(join(this.#own, 'HEAD'), 'utf8').catch(() => ''));
  }

  async remotes(): Promise<ReadonlyMap<string, string>> {
    const remotes = await git.listRemotes({ fs, gitdir: this.gitdir });
    return new Map(remotes.map(({ remote, url }) => [remote, url]));
  }

  async isShallow(): Promise<boolean> {
    return (await disk.readFile(join(this.gitdir, 'shallow'), 'utf8').catch(() => '')).trim() !== '';
  }

  async checkedOutIn(branch: string): Promise<string[]> {
    if ((await config(this.gitdir, 'core.bare')) === 'true') return [];
    const others = await disk.readdir(join(this.gitdir, 'worktrees')).catch(() => []);
    const heads = [
      [join(this.gitdir, 'HEAD'), dirname(this.gitdir)],
      ...others.map((name) => [join(this.gitdir, 'worktrees', name, 'HEAD'), name]),
    ] as const;
    const found: string[] = [];
    for (const [head = '', place = ''] of heads) {
      if (branchIn(await disk.readFile(head, 'utf8').catch(() => '')) === branch) found.push(place);
    }
    return found;
  }

  async commit(oid: string): Promise<Commit | undefined> {
    return storedCommit(this.#store(), oid).catch((error: unknown) => Promise.reject(asGitError(error)));
  }

  tree(oid: string): Promise<TreeEntry[]> {
    return this.#told(() => this.#readTree(oid));
  }

  blob(oid: string): Promise<Uint8Array> {
    return this.#told(() => this.#object(oid, 'blob'));
  }

  async files(commit: string, path: string): Promise<FileEntry[]> {
    const { tree } = await this.#known(commit);
    return this.#told(() => listFiles(tree, path, this.#readTree));
  }

  read(oid: string): Promise<string> {
    return this.#told(async () => {
      const blob = await this.#object(oid, 'blob');
      new SourceBudget(SOURCE_LIMITS).hold('fileBytes', blob.byteLength);
      return Buffer.from(blob).toString('utf8');
    });
  }

  async commitOn(branch: string, parent: string, commit: LocalCommit): Promise<string | undefined> {
    checkPaths(commit.changes.keys(), undefined);
    const { tree } = await this.#known(parent);
    const ref = `refs/heads/${branch}`;
    const [place] = await this.checkedOutIn(branch);
    if (place !== undefined)
      throw new GitError(
        'rejected',
        `${branch} is checked out in ${place}, whose files would no longer be those of its commit`,
      );
    const before = await this.#reference(ref);
    if (before !== undefined && before !== parent)
      throw new GitError('rejected', `${branch} is at ${before.slice(0, 7)}, and not at ${parent.slice(0, 7)}`);
    const at = { store: this.#store, readTree: this.#readTree };
    const written = await writeCommit(tree, { ...commit, parents: [parent], at: this.#clock.now() }, at);
    if (written === undefined) return undefined;
    await git.writeRef({ ...this.#store(), ref, value: written.oid, force: true });
    return written.oid;
  }

  async #known(oid: string): Promise<Commit> {
    const commit = await this.commit(oid);
    if (!commit) throw new GitError('not-found', `commit ${oid} is not in ${this.gitdir}`);
    return commit;
  }

  readonly #readTree: ReadTree = async (oid) => parseTree(await this.#object(oid, 'tree'));

  #object(oid: string, type: 'blob' | 'tree'): Promise<Uint8Array> {
    return storedObject(this.#store(), oid, type);
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isMissing(error)) throw asGitError(error);
      throw new GitError('not-found', await this.#whyMissing());
    }
  }

  /** A clone may leave objects elsewhere. */
  async #whyMissing(): Promise<string> {
    const borrows = await disk.access(join(this.gitdir, 'objects', 'info', 'alternates')).then(
      () => true,
      () => false,
    );
    if (borrows)
      return `${this.gitdir} borrows objects of another repository, which is not followed: run git repack -a -d there`;
    return `${this.gitdir} does not have all files of that commit: it is a partial clone, or damaged; make a full one, or give its URL`;
  }
}

const branchIn = (head: string): string | undefined => /^ref: refs\/heads\/(\S+)\s*$/.exec(head)?.[1];
