// All files of a tree that are manifests by their name, wherever they are, and whatever else is there: for those who look for some of them.
import { isManifest } from '../application/source/manifests.ts';
import type { GitMirror } from '../git/types.ts';
import { SourceBudget } from '../ports/source-budget.ts';
import { joinPath } from './paths.ts';

export interface ManifestFile {
  path: string;
  oid: string;
}

/** Sorted by path; links, submodules and names that begin with a dot are left out. Throws LimitExceeded. */
export async function manifestFiles(tree: string, objects: Pick<GitMirror, 'tree'>): Promise<ManifestFile[]> {
  const budget = new SourceBudget();
  const found: ManifestFile[] = [];
  const todo = [{ oid: tree, at: '' }];
  for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
    budget.spend('folders', 1, next.at);
    const entries = await objects.tree(next.oid);
    budget.spend('entries', entries.length, next.at);
    for (const { name, type, oid } of entries.filter((entry) => !entry.name.startsWith('.'))) {
      const path = joinPath(next.at, name);
      if (type === 'tree') todo.push({ oid, at: path });
      else if (type === 'file' && isManifest(name)) found.push({ path, oid });
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
