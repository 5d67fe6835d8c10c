// The files of a checkout as a tree of Git's objects, as they are on disk: whatever reads commits reads them, too. Ids are paths from the root.
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { LimitExceeded, SOURCE_LIMITS } from '../ports/source-budget.ts';
import type { GitMirror, TreeEntry } from './types.ts';

/** What readers of manifests ask of a commit, or of what stands in its place. */
export type TreeObjects = Pick<GitMirror, 'tree' | 'blob'>;

/** The id of the tree of the root. */
export const WORKING_TREE = '';

/** The objects below a folder; `isIgnored` says what no commit would hold, by path, a folder's with a slash behind it. Throws LimitExceeded for what is larger than an object may be. */
export function workingTree(root: string, isIgnored: (path: string) => Promise<boolean>): TreeObjects {
  return {
    async tree(folder) {
      const found = await readdir(join(root, folder), { withFileTypes: true });
      const entries: TreeEntry[] = [];
      for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        const type = await typeOf(entry, join(root, path));
        if (type !== undefined && !(await isIgnored(type === 'file' || type === 'link' ? path : `${path}/`)))
          entries.push(entryOf(entry.name, path, type));
      }
      return entries;
    },
    async blob(path) {
      const file = join(root, path);
      const { size, isLink } = await lstat(file).then((stat) => ({ size: stat.size, isLink: stat.isSymbolicLink() }));
      if (isLink) return Buffer.from(await readlink(file));
      if (size > SOURCE_LIMITS.objectBytes) throw new LimitExceeded('objectBytes', SOURCE_LIMITS.objectBytes, path);
      return readFile(file);
    },
  };
}

const MODES = { tree: '40000', file: '100644', link: '120000', submodule: '160000' } as const;

/** A name that is not UTF-8 comes with the character that stands for what could not be read. */
const entryOf = (name: string, path: string, type: keyof typeof MODES): TreeEntry => ({
  name,
  mode: MODES[type],
  type,
  oid: path,
  ...(name.includes('\uFFFD') ? { raw: Buffer.from(name) } : {}),
});

/** Undefined for what Git keeps for itself, and for what it does not keep: sockets and devices. */
async function typeOf(entry: Dirent, path: string): Promise<keyof typeof MODES | undefined> {
  if (entry.name === '.git') return undefined;
  if (entry.isSymbolicLink()) return 'link';
  if (entry.isFile()) return 'file';
  if (!entry.isDirectory()) return undefined;
  return (await lstat(join(path, '.git')).catch(() => undefined)) === undefined ? 'tree' : 'submodule';
}
