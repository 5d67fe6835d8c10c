// Parts of a YAML document put in the place of others, line by line, so that everything around them stays as people wrote it. Whether the
// outcome says what it shall is for the caller to check: block style alone is understood.

interface Entry {
  key: string;
  /** Lines, `to` exclusive. */
  from: number;
  to: number;
}

const COMMENT = /^\s*(#.*)?$/;
const indentOf = (line: string): number => line.length - line.trimStart().length;

/**
 * `text` with the values of `keys` below `parent` (top level without one) as `source` has them; a key that `source` does not have goes.
 * Undefined where one of the two is not written in block style.
 */
export function splice(text: string, source: string, keys: readonly string[], parent?: string): string | undefined {
  const lines = text.split('\n');
  const others = source.split('\n');
  for (const key of keys) {
    const [here, there] = [blockIn(lines, parent), blockIn(others, parent)];
    if (!here || !there) return undefined;
    const [old, wanted] = [
      here.entries.find((each) => each.key === key),
      there.entries.find((each) => each.key === key),
    ];
    const piece = wanted === undefined ? [] : shifted(others.slice(wanted.from, wanted.to), here.indent - there.indent);
    if (old) lines.splice(old.from, old.to - old.from, ...piece);
    else lines.splice(here.end, 0, ...piece);
  }
  return lines.join('\n');
}

interface Block {
  entries: Entry[];
  indent: number;
  /** Line behind it. */
  end: number;
}

function blockIn(lines: readonly string[], parent: string | undefined): Block | undefined {
  const start = lines.findIndex((line) => !/^---(\s|$)/.test(line) && !COMMENT.test(line));
  if (start === -1 || indentOf(lines[start] ?? '') !== 0) return undefined;
  const top = entriesIn(lines, start, lines.length, 0);
  if (parent === undefined) return { entries: top, indent: 0, end: top.at(-1)?.to ?? lines.length };
  const entry = top.find(({ key }) => key === parent);
  return entry && blockBelow(entry, lines);
}

function blockBelow(entry: Entry, lines: readonly string[]): Block | undefined {
  if (!/:\s*(#.*)?$/.test(lines[entry.from] ?? '')) return undefined;
  const first = lines.findIndex((line, at) => at > entry.from && at < entry.to && !COMMENT.test(line));
  const indent = indentOf(lines[first] ?? '');
  return first === -1 || indent === 0
    ? undefined
    : { entries: entriesIn(lines, first, entry.to, indent), indent, end: entry.to };
}

function entriesIn(lines: readonly string[], from: number, to: number, indent: number): Entry[] {
  const starts: { key: string; at: number }[] = [];
  for (let at = from; at < to; at++) {
    const line = lines[at] ?? '';
    const key = indentOf(line) === indent ? /^\s*([A-Za-z]\w*):(\s|$)/.exec(line)?.[1] : undefined;
    if (key !== undefined) starts.push({ key, at });
  }
  return starts.map(({ key, at }, index) => ({ key, from: at, to: endOf(lines, at, starts[index + 1]?.at ?? to) }));
}

/** Blank lines and comments before the next key are that one's. */
function endOf(lines: readonly string[], from: number, to: number): number {
  let end = to;
  while (end > from + 1 && COMMENT.test(lines[end - 1] ?? '')) end--;
  return end;
}

function shifted(lines: readonly string[], by: number): string[] {
  if (by === 0) return [...lines];
  return lines.map((line) => {
    if (line.trim() === '') return line;
    return by > 0 ? ' '.repeat(by) + line : line.slice(Math.min(-by, indentOf(line)));
  });
}
