// Trees of a repository: walking them safely, comparing two by their ids, and writing changed ones. Nothing is ever checked out.
import type { TreeEntry } from 'isomorphic-git';
import { GitError, type FileChange, type FileEntry } from './types.ts';

/** What the walkers need: entries of a tree by its id. */
export type ReadTree = (oid: string) => Promise<TreeEntry[]>;
export type WriteTree = (entries: TreeEntry[]) => Promise<string>;

const MAX_DEPTH = 32;
const MAX_FILES = 20_000;

/** Names that would leave the tree or mean something to a file system or to Git, and links, submodules: never followed. */
export function isSafe(entry: TreeEntry): boolean {
  const regular = entry.type === 'tree' || (entry.type === 'blob' && /^100(644|755|664)$/.test(entry.mode));
  const name = entry.path;
  // oxlint-disable-next-line no-control-regex -- a NUL in a name is exactly what is looked for
  return regular && !/^(\.{0,2}|\.git.*|__proto__)$/i.test(name) && !/[/\\\u0000]/.test(name);
}

async function entriesAt(tree: string, readTree: ReadTree): Promise<Map<string, TreeEntry>> {
  const entries = await readTree(tree);
  return new Map(entries.filter(isSafe).map((entry) => [entry.path, entry]));
}

const segments = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');
const join = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** The entry at `path`, or undefined; an empty path is the root tree itself. */
export async function entryAt(
  root: string,
  path: string,
  readTree: ReadTree,
): Promise<{ oid: string; type: 'blob' | 'tree' | 'commit' } | undefined> {
  let at: { oid: string; type: 'blob' | 'tree' | 'commit' } = { oid: root, type: 'tree' };
  for (const name of segments(path)) {
    if (at.type !== 'tree') return undefined;
    const next = (await entriesAt(at.oid, readTree)).get(name);
    if (!next) return undefined;
    at = next;
  }
  return at;
}

/** All regular files below `path`, sorted by path. */
export async function listFiles(root: string, path: string, readTree: ReadTree): Promise<FileEntry[]> {
  const start = await entryAt(root, path, readTree);
  const folder = segments(path).join('/');
  if (!start) return [];
  if (start.type === 'blob') return [{ path: folder, oid: start.oid }];
  const found: FileEntry[] = [];
  await walk({ oid: start.oid, folder, depth: 0 }, readTree, found);
  return found.sort(byPath);
}

const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

async function walk(
  at: { oid: string; folder: string; depth: number },
  readTree: ReadTree,
  found: FileEntry[],
): Promise<void> {
  if (at.depth > MAX_DEPTH)
    throw new GitError('too-large', `${at.folder}: folders are nested deeper than ${MAX_DEPTH}`);
  for (const entry of (await entriesAt(at.oid, readTree)).values()) {
    const path = join(at.folder, entry.path);
    if (entry.type === 'tree') await walk({ oid: entry.oid, folder: path, depth: at.depth + 1 }, readTree, found);
    else found.push({ path, oid: entry.oid });
    if (found.length > MAX_FILES)
      throw new GitError('too-large', `more than ${MAX_FILES} files; narrow spec.source.path`);
  }
}

/** Files below `path` that differ between two root trees. */
export async function diffTrees(from: string, to: string, path: string, readTree: ReadTree): Promise<FileChange[]> {
  const [a, b] = await Promise.all([entryAt(from, path, readTree), entryAt(to, path, readTree)]);
  const changes: FileChange[] = [];
  await compare({ path: segments(path).join('/'), from: a, to: b }, readTree, changes);
  return changes.sort(byPath);
}

interface Node {
  oid: string;
  type: string;
}

interface Pair {
  path: string;
  from: Node | undefined;
  to: Node | undefined;
}

async function compare(pair: Pair, readTree: ReadTree, changes: FileChange[]): Promise<void> {
  if (pair.from?.oid === pair.to?.oid) return;
  const file = { ...blob('from', pair.from), ...blob('to', pair.to) };
  if (Object.keys(file).length > 0) changes.push({ path: pair.path, ...file });
  const [from, to] = await Promise.all([children(pair.from, readTree), children(pair.to, readTree)]);
  for (const name of new Set([...from.keys(), ...to.keys()])) {
    await compare({ path: join(pair.path, name), from: from.get(name), to: to.get(name) }, readTree, changes);
  }
}

const blob = (side: 'from' | 'to', node: Node | undefined): { from?: string; to?: string } =>
  node?.type === 'blob' ? { [side]: node.oid } : {};

async function children(node: Node | undefined, readTree: ReadTree): Promise<Map<string, TreeEntry>> {
  return node?.type === 'tree' ? entriesAt(node.oid, readTree) : new Map<string, TreeEntry>();
}

/** The id of the tree that results from setting (blob id) or deleting (null) files; empty folders vanish. */
export async function writeChanges(
  root: string | undefined,
  changes: ReadonlyMap<string, string | null>,
  io: { readTree: ReadTree; writeTree: WriteTree },
): Promise<string> {
  const entries = new Map((root === undefined ? [] : await io.readTree(root)).map((entry) => [entry.path, entry]));
  const below = new Map<string, Map<string, string | null>>();
  for (const [path, oid] of changes) {
    const [name = '', ...rest] = segments(path);
    if (rest.length > 0) {
      below.set(name, (below.get(name) ?? new Map<string, string | null>()).set(rest.join('/'), oid));
    } else if (oid === null) entries.delete(name);
    else entries.set(name, { mode: entries.get(name)?.mode ?? '100644', path: name, oid, type: 'blob' });
  }
  for (const [name, inside] of below) {
    const present = entries.get(name);
    const oid = await writeChanges(present?.type === 'tree' ? present.oid : undefined, inside, io);
    const empty = (await io.readTree(oid)).length === 0;
    if (empty) entries.delete(name);
    else entries.set(name, { mode: '040000', path: name, oid, type: 'tree' });
  }
  return io.writeTree([...entries.values()]);
}
