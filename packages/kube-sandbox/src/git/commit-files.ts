// A commit made inside a bare repository, as a forge's editor makes one: no clone, no checkout, no push.
import { git } from './git.ts';

export interface CommitOptions {
  branch: string;
  /** Text by path; null deletes the file. What is not named stays. */
  files: Readonly<Record<string, string | null>>;
  message: string;
  /** Default: Ada <ada@example.com>. */
  author?: { name: string; email: string };
}

const ADA = { name: 'Ada', email: 'ada@example.com' };

const dataOf = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;

/** A path as fast-import reads any. */
const quoted = (path: string): string =>
  `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

const changeOf = ([path, text]: [string, string | null]): string =>
  text === null ? `D ${quoted(path)}\n` : `M 100644 inline ${quoted(path)}\n${dataOf(text)}`;

/** Returns the commit's id. One call of git takes in all files, however many they are. */
export function commitFiles(dir: string, { branch, files, message, author = ADA }: CommitOptions): string {
  const ref = `refs/heads/${branch}`;
  const refNow = (): string => git(['--git-dir', dir, 'for-each-ref', '--format=%(objectname)', ref]).trim();
  const parent = refNow();
  const who = `${author.name} <${author.email}> now`;
  const stream = [
    `commit ${ref}\nauthor ${who}\ncommitter ${who}\n${dataOf(`${message}\n`)}`,
    parent === '' ? '' : `from ${parent}\n`,
    ...Object.entries(files).map(changeOf),
  ];
  git(['--git-dir', dir, 'fast-import', '--quiet', '--date-format=now'], { input: stream.join('') });
  return refNow();
}
