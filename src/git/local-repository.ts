// The repository of a checkout on this machine, read as it is: which commit a revision means, and the objects of it. Nothing is written and
// nothing is fetched.
import fs from 'node:fs';
import { join } from 'node:path';
import git from 'isomorphic-git';
import { asGitError, isMissing } from './failure.ts';
import { isOid, parseCommit, parseTree } from './objects.ts';
import { foldersOf, type RepositoryFolders } from './repository-folders.ts';
import { GitError, type Commit } from './types.ts';
import { workingTree, type TreeObjects } from './working-tree.ts';

export interface LocalRepository {
  /** Of commits, by the ids of their trees. */
  readonly objects: TreeObjects;
  /** What is checked out, without what Git ignores. */
  readonly working: TreeObjects;
  /** Paths that were met in what is checked out, and that Git ignores. */
  readonly ignored: ReadonlySet<string>;
  /** Whether no commit would hold what is at a path; that of a folder ends with a slash. */
  isIgnored(path: string): Promise<boolean>;
  /** URLs of its remotes. */
  remotes(): Promise<string[]>;
  /** What a revision means: HEAD, a branch, a tag, an id or its beginning, each with `~2` or `^`. Throws GitError `not-found`. */
  commit(revision: string): Promise<Commit>;
  /** The branch that others are merged into, as a revision. Throws GitError `not-found`. */
  defaultBranch(): Promise<string>;
  /** The commit that two have in common. Throws GitError `not-found`. */
  mergeBase(one: Commit, other: Commit): Promise<Commit>;
}

/** The repository whose checkout has this root; undefined where there is none. Throws GitError for one that cannot be read. */
export function openRepository(root: string): LocalRepository | undefined {
  const folders = foldersOf(root);
  return folders === undefined ? undefined : new Repository(folders);
}

const DEFAULT_BRANCHES = ['origin/HEAD', 'origin/main', 'origin/master', 'main', 'master'];

class Repository implements LocalRepository {
  readonly objects: TreeObjects = {
    tree: async (oid) => parseTree(await this.#object(oid, 'tree')),
    blob: (oid) => this.#object(oid, 'blob'),
  };
  readonly working: TreeObjects;
  readonly ignored = new Set<string>();
  readonly #folders: RepositoryFolders;
  readonly #cache: object = {};
  #tracked: Promise<ReadonlySet<string>> | undefined;

  constructor(folders: RepositoryFolders) {
    this.#folders = folders;
    this.working = workingTree(folders.root, (path) => this.#leavesOut(path));
  }

  async remotes(): Promise<string[]> {
    const remotes = await git.listRemotes({ fs, gitdir: this.#folders.common });
    return remotes.map(({ url }) => url);
  }

  async commit(revision: string): Promise<Commit> {
    const [, name = '', steps = ''] = /^(.+?)((?:[~^]\d*)*)$/s.exec(revision) ?? [];
    let commit = await this.#known(await this.#oid(name === '@' ? 'HEAD' : name), revision);
    for (const [, kind, count] of steps.matchAll(/([~^])(\d*)/g)) {
      const times = count === '' ? 1 : Number(count);
      if (kind === '^') commit = times === 0 ? commit : await this.#parent(commit, times, revision);
      else for (let left = times; left > 0; left--) commit = await this.#parent(commit, 1, revision);
    }
    return commit;
  }

  async defaultBranch(): Promise<string> {
    for (const name of DEFAULT_BRANCHES)
      if ((await this.#resolve(`refs/${remoteOrLocal(name)}`)) !== undefined) return name;
    const advice = 'name the commit to compare with, such as --from HEAD';
    throw new GitError('not-found', `there is neither origin/HEAD nor a branch main or master here; ${advice}`);
  }

  async mergeBase(one: Commit, other: Commit): Promise<Commit> {
    const oids = [one.oid, other.oid];
    const found: unknown[] = await git
      .findMergeBase({ fs, gitdir: this.#folders.common, oids, cache: this.#cache })
      .catch((error: unknown) => Promise.reject(asGitError(error)));
    const [first] = found;
    if (typeof first === 'string') return this.#known(first, first);
    const isShallow = fs.existsSync(join(this.#folders.common, 'shallow'));
    const advice = isShallow ? 'the history here is cut off (git fetch --unshallow)' : 'name a commit to compare with';
    throw new GitError('not-found', `${short(one)} and ${short(other)} have no commit in common here; ${advice}`);
  }

  async #parent(commit: Commit, nth: number, revision: string): Promise<Commit> {
    const oid = commit.parents[nth - 1];
    if (oid !== undefined) return this.#known(oid, revision);
    throw new GitError(
      'not-found',
      `there is no ${revision} here: ${short(commit)} has ${commit.parents.length} parents`,
    );
  }

  async #known(oid: string | undefined, revision: string): Promise<Commit> {
    if (oid === undefined) throw new GitError('not-found', `there is no revision ${revision} here`);
    return parseCommit(oid, await this.#object(oid, 'commit'));
  }

  /** As Git looks for a name: a reference of this worktree, a tag, a branch, one of a remote, then an id. */
  async #oid(name: string): Promise<string | undefined> {
    if (isOid(name)) return this.#peeled(name);
    const refs = ['', 'refs/', 'refs/tags/', 'refs/heads/', 'refs/remotes/'].map((prefix) => `${prefix}${name}`);
    for (const ref of [...refs, `refs/remotes/${name}/HEAD`]) {
      const oid = await this.#resolve(ref);
      if (oid !== undefined) return this.#peeled(oid);
    }
    return /^[0-9a-f]{4,39}$/.test(name) ? this.#expanded(name) : undefined;
  }

  /** What a reference leads to; HEAD and its like are of the worktree, all others are shared. */
  async #resolve(ref: string): Promise<string | undefined> {
    if (!/^(HEAD|FETCH_HEAD|ORIG_HEAD|MERGE_HEAD|refs\/.+)$/.test(ref) || ref.includes('..')) return undefined;
    const own = join(this.#folders.gitdir, ref);
    if (!ref.startsWith('refs/') && fs.existsSync(own)) return this.#ofWorktree(own);
    return git.resolveRef({ fs, gitdir: this.#folders.common, ref }).catch(() => undefined);
  }

  async #ofWorktree(file: string): Promise<string | undefined> {
    const text = (await fs.promises.readFile(file, 'utf8')).trim();
    const [, target] = /^ref: (refs\/.+)$/.exec(text) ?? [];
    if (target !== undefined) return this.#resolve(target);
    const [first = ''] = text.split(/\s/, 1);
    return isOid(first) ? first : undefined;
  }

  async #expanded(start: string): Promise<string | undefined> {
    try {
      return await this.#peeled(
        await git.expandOid({ fs, gitdir: this.#folders.common, oid: start, cache: this.#cache }),
      );
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw new GitError('not-found', `${start}: ${asGitError(error).message}`);
    }
  }

  /** An annotated tag stands for what it is on. */
  async #peeled(oid: string): Promise<string> {
    const { common: gitdir } = this.#folders;
    const found = await this.#read(oid, () =>
      git.readObject({ fs, gitdir, oid, format: 'content', cache: this.#cache }),
    );
    if (found.type !== 'tag') return oid;
    const [, target] = /^object ([0-9a-f]{40})$/m.exec(Buffer.from(found.object as Uint8Array).toString('utf8')) ?? [];
    return target === undefined ? oid : this.#peeled(target);
  }

  async #object(oid: string, type: 'blob' | 'tree' | 'commit'): Promise<Uint8Array> {
    const { common: gitdir } = this.#folders;
    const found = await this.#read(oid, () =>
      git.readObject({ fs, gitdir, oid, format: 'content', cache: this.#cache }),
    );
    if (found.type !== type) throw new GitError('rejected', `${oid.slice(0, 7)} is no ${type} but a ${found.type}`);
    return found.object as Uint8Array;
  }

  async #read<T>(oid: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!isMissing(error)) throw asGitError(error);
      const advice =
        'a clone without all of its history or files lacks it (git fetch --unshallow, git fetch --refetch)';
      throw new GitError('not-found', `the object ${oid.slice(0, 7)} is not in this repository; ${advice}`);
    }
  }

  async #leavesOut(path: string): Promise<boolean> {
    const leaves = await this.isIgnored(path);
    if (leaves) this.ignored.add(path.replace(/\/$/, ''));
    return leaves;
  }

  /** What is in the index is part of the next commit, whatever .gitignore says. */
  async isIgnored(path: string): Promise<boolean> {
    this.#tracked ??= this.#listTracked();
    if ((await this.#tracked).has(path.replace(/\/$/, ''))) return false;
    const { root: dir, gitdir, common } = this.#folders;
    const info = fs.existsSync(join(common, 'info')) ? common : gitdir;
    return git.isIgnored({ fs, dir, gitdir: info, filepath: path });
  }

  /** Files and the folders that they are in. An index in a form that is not known is none. */
  async #listTracked(): Promise<ReadonlySet<string>> {
    const files = await git.listFiles({ fs, gitdir: this.#folders.gitdir, cache: this.#cache }).catch(() => []);
    const paths = new Set(files);
    for (const file of files)
      for (let end = file.lastIndexOf('/'); end > 0; end = file.lastIndexOf('/', end - 1)) {
        const folder = file.slice(0, end);
        if (paths.has(folder)) break;
        paths.add(folder);
      }
    return paths;
  }
}

const short = ({ oid }: Commit): string => oid.slice(0, 7);
const remoteOrLocal = (name: string): string => (name.includes('/') ? `remotes/${name}` : `heads/${name}`);
