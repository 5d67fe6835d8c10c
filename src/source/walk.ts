// From a commit's tree to the bytes of its manifests: counted while walking, links followed within the repository, and whatever could
// silently mean fewer objects refused by its path.
import { isManifest } from '../application/source/manifests.ts';
import { GitError, type GitMirror, type TreeEntry } from '../git/types.ts';
import type { SourceBudget } from '../ports/source-budget.ts';
import { excluder } from './patterns.ts';
import { checkName, followLink, joinPath, nameOf, resolvePath, type Found } from './paths.ts';

export interface WalkRequest {
  /** Id of the root tree. */
  tree: string;
  /** Folder or file. */
  path: string;
  exclude: readonly string[];
}

export interface FoundFile {
  /** Its real path, also where a link named it. */
  path: string;
  oid: string;
}

/** Files whose presence says that a folder is input of a tool. */
const RENDERED: Readonly<Record<string, string>> = {
  'kustomization.yaml': 'Kustomize',
  'kustomization.yml': 'Kustomize',
  Kustomization: 'Kustomize',
  'Chart.yaml': 'Helm',
};

type Objects = Pick<GitMirror, 'tree' | 'blob'>;

/** All manifests below a path, sorted by path. Throws GitError, and LimitExceeded. */
export async function findManifests(
  request: WalkRequest,
  objects: Objects,
  budget: SourceBudget,
): Promise<FoundFile[]> {
  const remembered = { tree: remembering((oid) => objects.tree(oid)), blob: (oid: string) => objects.blob(oid) };
  const start = await resolvePath(request, remembered);
  const walk = new Walk(request, remembered, budget);
  if (start.type === 'tree') await walk.folder({ oid: start.oid, path: start.path, depth: 0 });
  else walk.file(start.path, start.oid);
  return walk.files();
}

const REMEMBERED_ENTRIES = 200_000;

/** Folders that are named again and again are read once. */
function remembering(readTree: Objects['tree']): Objects['tree'] {
  const known = new Map<string, TreeEntry[]>();
  let left = REMEMBERED_ENTRIES;
  return async (oid) => {
    const entries = known.get(oid) ?? (await readTree(oid));
    if (!known.has(oid) && (left -= entries.length + 1) > 0) known.set(oid, entries);
    return entries;
  };
}

class Walk {
  readonly #request: WalkRequest;
  readonly #objects: Objects;
  readonly #budget: SourceBudget;
  readonly #excluded: (path: string) => boolean;
  readonly #found = new Map<string, string>();
  readonly #root: string;

  constructor(request: WalkRequest, objects: Objects, budget: SourceBudget) {
    this.#request = request;
    this.#objects = objects;
    this.#budget = budget;
    this.#excluded = excluder(request.exclude);
    this.#root = request.path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/');
  }

  files(): FoundFile[] {
    return [...this.#found].map(([path, oid]) => ({ path, oid })).sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  file(path: string, oid: string): void {
    if (!this.#found.has(path)) this.#budget.spend('files', 1, path);
    this.#found.set(path, oid);
  }

  async folder(at: { oid: string; path: string; depth: number }): Promise<void> {
    this.#budget.spend('folders', 1, at.path || undefined);
    this.#budget.hold('depth', at.depth, at.path);
    const entries = await this.#objects.tree(at.oid);
    this.#budget.spend('entries', entries.length, at.path || undefined);
    const seen = new Set<string>();
    for (const entry of entries) {
      const path = joinPath(at.path, entry.name);
      if (this.#isLeftOut(entry, path)) continue;
      if (seen.has(entry.name)) throw new GitError('rejected', `${path} is twice in its folder; repair the repository`);
      seen.add(entry.name);
      await this.#entry(entry, { path, depth: at.depth + 1 });
    }
  }

  /** Hidden names declare nothing, nor does what the Application excludes. */
  #isLeftOut(entry: TreeEntry, path: string): boolean {
    if (/^\.{1,2}$/.test(entry.name)) return false;
    return entry.name.startsWith('.') || this.#excluded(path.slice(this.#root === '' ? 0 : this.#root.length + 1));
  }

  async #entry(entry: TreeEntry, at: { path: string; depth: number }): Promise<void> {
    if (entry.type === 'file' && !isManifest(nameOf(entry)) && !Object.hasOwn(RENDERED, entry.name)) return;
    checkName(entry, at.path);
    switch (entry.type) {
      case 'tree':
        return this.folder({ ...at, oid: entry.oid });
      case 'file':
        return this.#manifest(entry.name, at.path, entry.oid);
      case 'link':
        return this.#link(at.path);
      case 'submodule':
        throw new GitError(
          'rejected',
          `${at.path} is a submodule, which is not fetched; commit its files, or exclude it`,
        );
      case 'unknown':
        throw new GitError('rejected', `${at.path} has the unknown mode ${entry.mode}; commit it as a file or folder`);
    }
  }

  #manifest(name: string, path: string, oid: string): void {
    const tool = Object.hasOwn(RENDERED, name) ? RENDERED[name] : undefined;
    if (tool !== undefined) throw new GitError('rejected', `${path}: ${this.#toRender(path, tool)}`);
    this.file(path, oid);
  }

  /** A folder is rendered as a whole, where it is the one that the Application names. */
  #toRender(path: string, tool: string): string {
    const folder = path.split('/').slice(0, -1).join('/');
    if (folder === this.#root) return `this folder is input of ${tool}, which is not rendered yet; exclude the file`;
    const advice = `name ${folder || 'its folder'} as spec.source.path of an Application of its own, or exclude the file`;
    return `this is input of ${tool}, among plain manifests; ${advice}`;
  }

  async #link(path: string): Promise<void> {
    this.#budget.spend('links', 1, path);
    const target: Found = await followLink(path, this.#request.tree, this.#objects);
    if (target.type !== 'file') {
      const advice = 'only links to files are followed; commit its files, or exclude it';
      throw new GitError('rejected', `${path} is a link to the folder ${target.path || '/'}; ${advice}`);
    }
    const name = path.split('/').at(-1) ?? '';
    if (isManifest(name) || Object.hasOwn(RENDERED, name)) this.#manifest(name, target.path, target.oid);
  }
}
