// The tree behind refs/notes/sluice: one file per commit, named by its id, flat or in folders of two characters as git fans them out.
import type { ReadTree } from './trees.ts';
import type { NoteSection } from '../ports/source-reader.ts';
import type { FileEntry } from './types.ts';

/** A note is no place for logs: what would make it longer is left out. */
const MAX_CHARS = 262_144;

/** The text of a note with the sections that it does not have yet, as far as there is room. */
export function withSections(text: string, sections: readonly NoteSection[]): string {
  return sections.reduce((note, section) => {
    if (isIn(note, section) || note.length + section.text.length > MAX_CHARS) return note;
    return `${note}${note === '' || note.endsWith('\n') ? '' : '\n'}${note === '' ? '' : '\n'}${section.text}`;
  }, text);
}

/** A section without a line that tells whose it is counts as anybody's: an earlier version wrote it. */
function isIn(note: string, { title, told }: NoteSection): boolean {
  const lines = note.split('\n');
  if (!lines.includes(title)) return false;
  const others = told === undefined ? [] : lines.filter((line) => line.startsWith(told.any));
  return told === undefined || others.length === 0 || others.some((line) => line.startsWith(told.own));
}

/** The note of a commit, looked up by its name alone. */
export async function findNote(root: string, commit: string, readTree: ReadTree): Promise<FileEntry | undefined> {
  let [tree, folder] = [root, ''];
  for (let rest = commit; rest !== ''; rest = rest.slice(2)) {
    const entries = await readTree(tree);
    const file = entries.find(({ name, type }) => name === rest && type === 'file');
    if (file) return { path: `${folder}${rest}`, oid: file.oid };
    const next = entries.find(({ name, type }) => name === rest.slice(0, 2) && type === 'tree');
    if (!next) return undefined;
    tree = next.oid;
    folder += `${next.name}/`;
  }
  return undefined;
}

/** Where the note of a commit goes: flat, or fanned out once where the tree already is. */
export async function notePath(root: string | undefined, commit: string, readTree: ReadTree): Promise<string> {
  if (root === undefined) return commit;
  const fanned = (await readTree(root)).some(({ name, type }) => type === 'tree' && /^[0-9a-f]{2}$/.test(name));
  return fanned ? `${commit.slice(0, 2)}/${commit.slice(2)}` : commit;
}
