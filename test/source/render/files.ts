// Files of a commit out of texts.
import type { CommitFiles } from '../../../src/source/render/renderer.ts';

/** By path; folders are there where something is in them. */
export function filesOf(texts: Readonly<Record<string, string>>): CommitFiles {
  const isFolder = (path: string): boolean =>
    path === '' || Object.keys(texts).some((each) => each.startsWith(`${path}/`));
  return {
    find: (path) => {
      const type = texts[path] === undefined ? (isFolder(path) ? 'folder' : undefined) : 'file';
      return Promise.resolve(type && { type, path });
    },
    names: (folder) => {
      const inside = Object.keys(texts).filter((path) => folder === '' || path.startsWith(`${folder}/`));
      const names = inside.map((path) => path.slice(folder === '' ? 0 : folder.length + 1).split('/')[0] ?? '');
      return Promise.resolve([...new Set(names)].sort());
    },
    read: (path) => Promise.resolve(new TextEncoder().encode(texts[path])),
  };
}
