// A file cut into its YAML documents without losing a character: the pieces joined are the file. Write-back replaces pieces.

export interface Piece {
  /** Text of the document, its leading `---` line included. */
  text: string;
  /** Line of the file on which it begins, from 1. */
  line: number;
}

/** Documents in order. A JSON file is one document. */
export function splitDocuments(text: string): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  let startLine = 1;
  let line = 1;
  for (let at = 0; at < text.length; line++) {
    const end = text.indexOf('\n', at);
    const next = end === -1 ? text.length : end + 1;
    if (at > start && /^---(\s|$)/.test(text.slice(at, at + 4))) {
      pieces.push({ text: text.slice(start, at), line: startLine });
      start = at;
      startLine = line;
    }
    at = next;
  }
  pieces.push({ text: text.slice(start), line: startLine });
  return pieces;
}

/** Joins pieces to a file: each but the first begins with `---`, each but the last ends its line, and no `---` stands alone in front. */
export function joinDocuments(texts: readonly string[]): string {
  let file = '';
  for (const text of texts) {
    const piece = file === '' || /^---(\s|$)/.test(text) ? text : `---\n${text}`;
    file += file === '' || file.endsWith('\n') ? piece : `\n${piece}`;
  }
  return file;
}
