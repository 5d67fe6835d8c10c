// What is in a folder beside manifests, for those who wonder why nothing was found: names by their kind, and not what is in the files.
import type { GitMirror } from '../git/types.ts';
import { joinPath, resolvePath } from './paths.ts';
import { excluder } from './patterns.ts';

export interface Survey {
  /** How many files there are of each ending, such as `.jsonnet`; hidden ones and those without an ending are left out. */
  endings: ReadonlyMap<string, number>;
  /** Names that begin with a dot, which declare nothing; from the folder, up to five. */
  hidden: readonly string[];
}

/** More folders are not looked into. */
const MOST_FOLDERS = 500;
const MOST_HIDDEN = 5;

/** Looks through the folder at a path. Throws GitError where there is none. */
export async function survey(
  tree: string,
  { path, exclude = [] }: { path: string; exclude?: readonly string[] | undefined },
  objects: Pick<GitMirror, 'tree' | 'blob'>,
): Promise<Survey> {
  const endings = new Map<string, number>();
  const hidden: string[] = [];
  const excluded = excluder(exclude);
  const start = await resolvePath({ tree, path }, objects);
  const todo = start.type === 'tree' ? [{ oid: start.oid, at: '' }] : [];
  for (let seen = 0, next = todo.shift(); next !== undefined && seen < MOST_FOLDERS; seen++, next = todo.shift()) {
    for (const { name, type, oid } of await objects.tree(next.oid)) {
      const inside = joinPath(next.at, name);
      if (excluded(inside)) continue;
      if (name.startsWith('.')) hidden.push(inside);
      else if (type === 'tree') todo.push({ oid, at: inside });
      else if (type === 'file') count(endings, name);
    }
  }
  return { endings, hidden: hidden.slice(0, MOST_HIDDEN) };
}

function count(endings: Map<string, number>, name: string): void {
  const ending = /\.[^.]+$/.exec(name)?.[0];
  if (ending !== undefined) endings.set(ending, (endings.get(ending) ?? 0) + 1);
}
