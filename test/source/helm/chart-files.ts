// Files of a commit in memory, for what only reads them.
import type { CommitFiles, FoundPath } from '../../../src/source/render/renderer.ts';

/** Files by path; a link to another path of the commit is `{ link }`. */
export type Files = Record<string, string | Uint8Array | { link: string }>;

export function filesOf(files: Files): CommitFiles {
  const real = (path: string): string => {
    const parts = path.split('/').filter((part) => part !== '');
    let at = '';
    for (const part of parts) {
      at = at === '' ? part : `${at}/${part}`;
      const found = files[at];
      if (typeof found === 'object' && 'link' in found) at = found.link;
    }
    return at;
  };
  const find = (path: string): FoundPath | undefined => {
    const at = real(path);
    if (files[at] !== undefined) return { type: 'file', path: at };
    const isFolder = at === '' || Object.keys(files).some((name) => name.startsWith(`${at}/`));
    return isFolder ? { type: 'folder', path: at } : undefined;
  };
  return {
    find: (path) => Promise.resolve(find(path)),
    names: (folder) => {
      const at = real(folder);
      const below = Object.keys(files).filter((name) => at === '' || name.startsWith(`${at}/`));
      const names = below.map((name) => name.slice(at === '' ? 0 : at.length + 1).split('/')[0] ?? '');
      return Promise.resolve([...new Set(names)].sort());
    },
    read: (path) => {
      const found = files[real(path)];
      if (found === undefined || (typeof found === 'object' && 'link' in found)) throw new Error(`${path} is no file`);
      return Promise.resolve(Buffer.from(found));
    },
  };
}
