// Commits and trees as bytes: read so that nothing a stranger wrote is a fault of ours, and trees written so that entries which are
// not touched stay as they are.
import { toTime } from '../ports/clock.ts';
import { GitError, type Commit, type Person, type TreeEntry } from './types.ts';

const MAX_COMMIT_BYTES = 256 * 2 ** 10;
const MAX_PARENTS = 64;
/** 9999-12-31, the last day that RFC 3339 can write. */
const LAST_SECOND = 253_402_300_799;

/** A commit of an object of the database. What is odd in it is left out; only what is no commit at all is refused. */
export function parseCommit(oid: string, bytes: Uint8Array): Commit {
  if (bytes.byteLength > MAX_COMMIT_BYTES) {
    const kib = MAX_COMMIT_BYTES / 2 ** 10;
    throw new GitError('too-large', `commit ${oid.slice(0, 7)} is larger than ${kib} KiB; shorten its message`);
  }
  const text = Buffer.from(bytes).toString('utf8');
  const end = text.indexOf('\n\n');
  const headers = (end === -1 ? text : text.slice(0, end)).split('\n');
  const message = end === -1 ? '' : text.slice(end + 2);
  const values = (name: string): string[] =>
    headers.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const tree = values('tree')[0];
  if (tree === undefined || !isOid(tree)) throw new GitError('rejected', `commit ${oid.slice(0, 7)} has no tree`);
  const author = parsePerson(values('author')[0] ?? '');
  const { seconds, ...committer } = parsePerson(values('committer')[0] ?? '');
  return {
    oid,
    tree,
    parents: values('parent').filter(isOid).slice(0, MAX_PARENTS),
    author: { name: author.name, email: author.email },
    committer,
    date: toTime(seconds * 1000),
    subject: message.split('\n', 1)[0] ?? '',
    message,
  };
}

export const isOid = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

function parsePerson(line: string): Person & { seconds: number } {
  const [, name = line, email = '', time = '0'] = /^(.*?) ?<([^>]*)>(?: (-?\d+))?/.exec(line) ?? [];
  const seconds = Math.min(Math.max(Number(time), 0), LAST_SECOND);
  return { name: name.trim(), email, seconds };
}

const TYPES: Readonly<Record<string, TreeEntry['type']>> = {
  '40000': 'tree',
  '040000': 'tree',
  '100644': 'file',
  '100755': 'file',
  '100664': 'file',
  '120000': 'link',
  '160000': 'submodule',
};

/** Entries of a tree in their order, whatever they are called. */
export function parseTree(bytes: Uint8Array): TreeEntry[] {
  const tree = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: TreeEntry[] = [];
  for (let at = 0; at < tree.byteLength;) {
    const space = tree.indexOf(0x20, at);
    const nul = tree.indexOf(0, space);
    if (space === -1 || nul === -1 || nul + 21 > tree.byteLength || space - at > 6) {
      throw new GitError('rejected', 'the commit holds a folder that cannot be read');
    }
    const mode = tree.toString('latin1', at, space);
    const raw = tree.subarray(space + 1, nul);
    const name = raw.toString('utf8');
    const type = Object.hasOwn(TYPES, mode) ? (TYPES[mode] ?? 'unknown') : 'unknown';
    const odd = Buffer.from(name, 'utf8').equals(raw) ? {} : { raw };
    entries.push({ name, mode, type, oid: tree.toString('hex', nul + 1, nul + 21), ...odd });
    at = nul + 21;
  }
  return entries;
}

/** The bytes of a tree, in Git's order: by name, a folder as if its name ended with `/`. */
export function formatTree(entries: readonly TreeEntry[]): Buffer {
  const sorted = entries
    .map((entry) => ({ entry, key: Buffer.concat([nameOf(entry), Buffer.from(entry.type === 'tree' ? '/' : '')]) }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
  return Buffer.concat(
    sorted.map(({ entry }) =>
      Buffer.concat([Buffer.from(`${entry.mode} `), nameOf(entry), Buffer.from([0]), Buffer.from(entry.oid, 'hex')]),
    ),
  );
}

const nameOf = ({ name, raw }: TreeEntry): Buffer => raw ?? Buffer.from(name, 'utf8');

/** The bytes of a commit without parents' history, signatures or encodings. */
export function formatCommit(commit: {
  tree: string;
  parents: readonly string[];
  author: Person;
  /** Milliseconds since the epoch. */
  at: number;
  message: string;
}): Buffer {
  const { name, email } = safePerson(commit.author);
  const stamp = `${name} <${email}> ${Math.floor(commit.at / 1000)} +0000`;
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((oid) => `parent ${oid}`),
    `author ${stamp}`,
    `committer ${stamp}`,
    '',
    commit.message.replaceAll('\0', '').replace(/\n*$/, '\n'),
  ];
  return Buffer.from(lines.join('\n'), 'utf8');
}

/** Name and email without what would break out of their line. Throws when nothing is left. */
function safePerson({ name, email }: Person): Person {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is removed
  const clean = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f<>]+/g, ' ').replaceAll(/\s+/g, ' ');
  const safe = { name: clean(name).trim(), email: clean(email).replaceAll(' ', '') };
  if (safe.name === '' || safe.email === '') {
    throw new GitError(
      'rejected',
      'writeBack.author needs a name and an email that are more than < > and control characters',
    );
  }
  return safe;
}
