// Trees of a repository: listing their files within limits, and writing changed ones. Nothing is ever checked out.
import { SourceBudget } from '../ports/source-budget.ts';
import { GitError, type FileEntry, type TreeEntry } from './types.ts';

/** What the walkers need: entries of a tree by its id. */
export type ReadTree = (oid: string) => Promise<TreeEntry[]>;
export type WriteTree = (entries: TreeEntry[]) => Promise<string>;

const segments = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');
const join = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** Names that would leave the tree or mean something to a file system or to Git. */
const isSafe = ({ name, type }: TreeEntry): boolean =>
  (type === 'file' || type === 'tree') && !/^(\.{0,2}|\.git.*|__proto__)$/i.test(name) && !/[/\\]/.test(name);

/** All regular files below `path`, sorted by path. Throws LimitExceeded. */
export async function listFiles(root: string, path: string, readTree: ReadTree): Promise<FileEntry[]> {
  let at: Pick<TreeEntry, 'oid' | 'type'> = { oid: root, type: 'tree' };
  for (const name of segments(path)) {
    const next = at.type === 'tree' ? (await readTree(at.oid)).find((entry) => entry.name === name) : undefined;
    if (!next || !isSafe(next)) return [];
    at = next;
  }
  const folder = segments(path).join('/');
  if (at.type !== 'tree') return [{ path: folder, oid: at.oid }];
  const walk: Walk = { found: [], budget: new SourceBudget(), readTree };
  await list({ oid: at.oid, folder, depth: 0 }, walk);
  return walk.found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

interface Walk {
  found: FileEntry[];
  budget: SourceBudget;
  readTree: ReadTree;
}

async function list(at: { oid: string; folder: string; depth: number }, walk: Walk): Promise<void> {
  walk.budget.spend('folders', 1, at.folder);
  walk.budget.hold('depth', at.depth, at.folder);
  const entries = await walk.readTree(at.oid);
  walk.budget.spend('entries', entries.length, at.folder);
  const harmful = entries.find(({ name }) => /^\.{0,2}$/.test(name) || name.includes('/'));
  if (harmful) {
    const said = JSON.stringify(harmful.name);
    throw new GitError(
      'rejected',
      `the commit holds a file name that is not safe: ${said} in ${at.folder || 'its root'}`,
    );
  }
  for (const entry of entries.filter(isSafe)) {
    const path = join(at.folder, entry.name);
    if (entry.type === 'tree') await list({ oid: entry.oid, folder: path, depth: at.depth + 1 }, walk);
    else walk.found.push({ path, oid: entry.oid });
  }
}

/** Refuses paths that leave the folder changes must be in, or that mean something to Git or to a host's automation. */
export function checkPaths(paths: Iterable<string>, below: string | undefined): void {
  const folder = below === undefined ? '' : segments(below).join('/');
  for (const path of paths) {
    const parts = path.split('/');
    // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
    const odd = parts.some((part) => /^(\.{0,2}|\.git)$/i.test(part) || /[\\\u0000-\u001f\u007f]/.test(part));
    const hosts = below !== undefined && parts.some((part) => /^\.git/i.test(part));
    const outside = folder !== '' && path !== folder && !path.startsWith(`${folder}/`);
    if (odd || hosts) throw new GitError('rejected', `refusing to write ${JSON.stringify(path)}: not a plain path`);
    if (outside) throw new GitError('rejected', `refusing to write ${path}: it is outside of ${folder}`);
  }
}

/** The id of the tree that results from setting (blob id) or deleting (null) files; empty folders vanish. */
export async function writeChanges(
  root: string | undefined,
  changes: ReadonlyMap<string, string | null>,
  io: { readTree: ReadTree; writeTree: WriteTree },
): Promise<string> {
  return (await rewrite({ oid: root, folder: '' }, changes, io)) ?? io.writeTree([]);
}

/** As writeChanges, for one folder; undefined when nothing is left in it. */
async function rewrite(
  at: { oid: string | undefined; folder: string },
  changes: ReadonlyMap<string, string | null>,
  io: { readTree: ReadTree; writeTree: WriteTree },
): Promise<string | undefined> {
  const entries = new Map((at.oid === undefined ? [] : await io.readTree(at.oid)).map((entry) => [entry.name, entry]));
  const { files, folders } = byFolder(changes);
  for (const [name, oid] of files) setFile(entries, { name, folder: at.folder }, oid);
  for (const [name, inside] of folders) {
    const present = entries.get(name);
    const folder = join(at.folder, name);
    if (present && present.type !== 'tree') throw new GitError('rejected', `${folder} is not a folder`);
    const oid = await rewrite({ oid: present?.oid, folder }, inside, io);
    if (oid === undefined) entries.delete(name);
    else entries.set(name, { mode: '40000', name, oid, type: 'tree' });
  }
  return entries.size === 0 ? undefined : io.writeTree([...entries.values()]);
}

/** The changes of a folder: those to files right in it, and to each folder in it, by their paths there. */
function byFolder(changes: ReadonlyMap<string, string | null>) {
  const files = new Map<string, string | null>();
  const folders = new Map<string, Map<string, string | null>>();
  for (const [path, oid] of changes) {
    const [name = '', ...rest] = segments(path);
    if (rest.length === 0) files.set(name, oid);
    else folders.set(name, (folders.get(name) ?? new Map<string, string | null>()).set(rest.join('/'), oid));
  }
  return { files, folders };
}

function setFile(entries: Map<string, TreeEntry>, at: { name: string; folder: string }, oid: string | null): void {
  const present = entries.get(at.name);
  if (present && present.type !== 'file') throw new GitError('rejected', `${join(at.folder, at.name)} is not a file`);
  if (oid === null) entries.delete(at.name);
  else entries.set(at.name, { mode: present?.mode ?? '100644', name: at.name, oid, type: 'file' });
}
