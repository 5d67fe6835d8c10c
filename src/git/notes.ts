// The tree behind refs/notes/sluice: one file per commit, named by its id, flat or in folders of two characters as git fans them out.
import { listFiles, type ReadTree } from './trees.ts';
import type { FileEntry } from './types.ts';

/** Notes by the commit they are about. */
export async function readNotes(tree: string, readTree: ReadTree): Promise<Map<string, FileEntry>> {
  const files = await listFiles(tree, '', readTree);
  return new Map(files.map((file) => [file.path.replaceAll('/', ''), file]));
}

/** Where the note of a commit goes: flat, or fanned out once where the tree already is. */
export const notePath = (commit: string, fanned: boolean): string =>
  fanned ? `${commit.slice(0, 2)}/${commit.slice(2)}` : commit;
