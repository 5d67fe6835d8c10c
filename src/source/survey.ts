// What is in a folder beside manifests, for those who wonder why nothing was found: names by their kind, and not what is in the files.
import type { GitMirror } from '../git/types.ts';
import { joinPath, resolvePath } from './paths.ts';
import { excluder } from './patterns.ts';
import { rendererOf } from './render/renderers.ts';

export interface Survey {
  /** How many files there are of each ending, such as `.jsonnet`; hidden ones and those without an ending are left out. */
  endings: ReadonlyMap<string, number>;
  /** Names that begin with a dot, which declare nothing; from the folder, up to five. */
  hidden: readonly string[];
  /** Folders that a tool renders, each as a whole, from the root of the repository. */
  rendered: readonly string[];
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
  const found = { endings: new Map<string, number>(), hidden: new Array<string>(), rendered: new Array<string>() };
  const excluded = excluder(exclude);
  const start = await resolvePath({ tree, path }, objects);
  const todo = start.type === 'tree' ? [{ oid: start.oid, at: '' }] : [];
  for (let seen = 0, next = todo.shift(); next !== undefined && seen < MOST_FOLDERS; seen++, next = todo.shift()) {
    const { at } = next;
    const entries = (await objects.tree(next.oid)).filter(({ name }) => !excluded(joinPath(at, name)));
    if (rendererOf(entries.map(({ name }) => name)) !== undefined) found.rendered.push(joinPath(start.path, at));
    const shown = entries.filter(({ name }) => !name.startsWith('.'));
    const hidden = entries.filter(({ name }) => name.startsWith('.')).map(({ name }) => joinPath(at, name));
    found.hidden.push(...hidden.slice(0, MOST_HIDDEN - found.hidden.length));
    for (const { name } of shown.filter(({ type }) => type === 'file')) count(found.endings, name);
    todo.push(...shown.filter(({ type }) => type === 'tree').map(({ name, oid }) => ({ oid, at: joinPath(at, name) })));
  }
  return found;
}

function count(endings: Map<string, number>, name: string): void {
  const ending = /\.[^.]+$/.exec(name)?.[0];
  if (ending !== undefined) endings.set(ending, (endings.get(ending) ?? 0) + 1);
}

/** The nearest folder above a path that a tool renders as a whole; undefined where there is none. */
export async function renderedAround(
  tree: string,
  path: string,
  objects: Pick<GitMirror, 'tree' | 'blob'>,
): Promise<string | undefined> {
  const names = path.split('/').filter((part) => part !== '');
  for (let above = names.slice(0, -1); names.length > 0; above = above.slice(0, -1)) {
    const folder = await resolvePath({ tree, path: above.join('/') }, objects);
    const entries = folder.type === 'tree' ? await objects.tree(folder.oid) : [];
    if (rendererOf(entries.map(({ name }) => name)) !== undefined) return folder.path;
    if (above.length === 0) return undefined;
  }
  return undefined;
}
