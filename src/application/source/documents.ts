// A file cut into its YAML documents without losing a character: the pieces joined are the file. Write-back replaces pieces.

export interface Piece {
  /** Text of the document, its leading `---` line included. */
  text: string;
  /** Line of the file on which it begins, from 1. */
  line: number;
}

/** Documents in order, one at a time: a reader that counts may stop. A JSON file is one document. */
export function* documentsOf(text: string): Generator<Piece, void, undefined> {
  let start = 0;
  let startLine = 1;
  let line = 1;
  for (let at = 0; at < text.length; line++) {
    const end = text.indexOf('\n', at);
    const next = end === -1 ? text.length : end + 1;
    if (at > start && text.startsWith('---', at) && /^---(\s|$)/.test(text.slice(at, at + 4))) {
      yield { text: text.slice(start, at), line: startLine };
      start = at;
      startLine = line;
    }
    at = next;
  }
  yield { text: text.slice(start), line: startLine };
}

/** All documents in order. */
export const splitDocuments = (text: string): Piece[] => [...documentsOf(text)];

/** Joins pieces to a file: each but the first begins with `---`, each but the last ends its line, and no `---` stands alone in front. */
export function joinDocuments(texts: readonly string[]): string {
  let file = '';
  for (const text of texts) {
    const piece = file === '' || /^---(\s|$)/.test(text) ? text : `---\n${text}`;
    file += file === '' || file.endsWith('\n') ? piece : `\n${piece}`;
  }
  return file;
}
