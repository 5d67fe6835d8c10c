// Files of a commit as renderers see them: by path, links followed within the repository, all of it counted.
import { GitError, type GitMirror, type TreeEntry } from '../../git/types.ts';
import type { SourceBudget } from '../../ports/source-budget.ts';
import { checkName, followLink, joinPath, type Found } from '../paths.ts';
import type { CommitFiles, FoundPath } from './renderer.ts';

type Objects = Pick<GitMirror, 'tree' | 'blob'>;

/** Files of the tree with this id. Each is counted once, however often it is read. */
export function commitFiles(tree: string, objects: Objects, budget: SourceBudget): CommitFiles {
  return new TreeFiles(tree, objects, budget);
}

class TreeFiles implements CommitFiles {
  readonly #root: string;
  readonly #objects: Objects;
  readonly #budget: SourceBudget;
  readonly #folders = new Map<string, TreeEntry[]>();
  readonly #read = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(root: string, objects: Objects, budget: SourceBudget) {
    this.#root = root;
    this.#objects = objects;
    this.#budget = budget;
  }

  async find(path: string): Promise<FoundPath | undefined> {
    const found = await this.#find(path);
    return found && { type: found.type === 'tree' ? 'folder' : 'file', path: found.path };
  }

  async names(folder: string): Promise<readonly string[]> {
    const found = await this.#find(folder);
    if (found?.type !== 'tree') throw new GitError('rejected', `${folder || '/'} is no folder`);
    const entries = await this.#entries(found);
    for (const entry of entries) checkName(entry, joinPath(folder, entry.name));
    return entries.map(({ name }) => name).sort();
  }

  async read(path: string): Promise<Uint8Array> {
    const known = this.#read.get(path);
    if (known) return known;
    const found = await this.#find(path);
    if (found?.type !== 'file') throw new GitError('rejected', `${path} is no file`);
    this.#budget.spend('files', 1, path);
    const bytes = await this.#objects.blob(found.oid);
    this.#budget.hold('fileBytes', bytes.byteLength, path);
    this.#budget.hold('manifestBytes', (this.#bytes += bytes.byteLength), path);
    this.#read.set(path, bytes);
    return bytes;
  }

  async #find(path: string): Promise<Found | undefined> {
    let at: Found = { path: '', oid: this.#root, type: 'tree' };
    for (const name of path.split('/').filter((part) => part !== '' && part !== '.')) {
      if (at.type !== 'tree') return undefined;
      const next = await this.#step(at, name);
      if (next === undefined) return undefined;
      at = next;
    }
    return at;
  }

  async #step(at: Found, name: string): Promise<Found | undefined> {
    const entry = (await this.#entries(at)).find((each) => each.name === name);
    const path = joinPath(at.path, name);
    switch (entry?.type) {
      case undefined:
        return undefined;
      case 'file':
      case 'tree':
        return { path, oid: entry.oid, type: entry.type };
      case 'link':
        this.#budget.spend('links', 1, path);
        return followLink(path, this.#root, this.#objects);
      case 'submodule':
        throw new GitError('rejected', `${path} is a submodule, which is not fetched; commit its files`);
      case 'unknown':
        throw new GitError('rejected', `${path} has the unknown mode ${entry.mode}; commit it as a file or folder`);
    }
  }

  /** A folder is counted when it is read first. */
  async #entries({ oid, path }: Found): Promise<TreeEntry[]> {
    const known = this.#folders.get(oid);
    if (known) return known;
    this.#budget.spend('folders', 1, path || undefined);
    const entries = await this.#objects.tree(oid);
    this.#budget.spend('entries', entries.length, path || undefined);
    this.#folders.set(oid, entries);
    return entries;
  }
}
