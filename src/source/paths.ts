// Paths inside a repository: where one leads, where a link leads, and what was probably meant by one that leads nowhere.
import { GitError, type GitMirror, type TreeEntry } from '../git/types.ts';
import { nearest } from '../api/nearest.ts';

type Objects = Pick<GitMirror, 'tree' | 'blob'>;

export interface Found {
  /** From the root of the repository, without links. */
  path: string;
  oid: string;
  type: 'file' | 'tree';
}

const MAX_HOPS = 8;
const MAX_LINK_BYTES = 4096;

export const joinPath = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);
export const nameOf = ({ name }: TreeEntry): string => name;
const segments = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** Where a relative path leads from a folder; undefined where it leads out of the repository. */
export function within(folder: string, relative: string): string | undefined {
  const names = segments(folder);
  for (const name of segments(relative)) {
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) return undefined;
  }
  return names.join('/');
}

/** What is at the path of a source. Throws GitError `not-found` naming what is near, or why it cannot be taken. */
export async function resolvePath({ tree, path }: { tree: string; path: string }, objects: Objects): Promise<Found> {
  let at: Found = { path: '', oid: tree, type: 'tree' };
  for (const name of segments(path)) {
    const entries: TreeEntry[] = at.type === 'tree' ? await objects.tree(at.oid) : [];
    const entry = entries.find((each) => each.name === name);
    const inside = joinPath(at.path, name);
    if (entry?.type === 'link') {
      const target = await followLink(inside, tree, objects);
      throw new GitError('not-found', `${inside} is a link; give ${target.path || '/'} as spec.source.path`);
    }
    if (entry?.type !== 'tree' && entry?.type !== 'file') throw missing(path, at, name, entries);
    at = { path: inside, oid: entry.oid, type: entry.type };
  }
  return at;
}

function missing(path: string, at: Found, name: string, entries: readonly TreeEntry[]): GitError {
  const whole = segments(path).join('/');
  const near = nearest(name, entries.filter(({ type }) => type === 'tree').map(nameOf));
  const rest = segments(path).slice(segments(joinPath(at.path, name)).length);
  const meant = near === undefined ? '' : [...segments(at.path), near, ...rest].join('/');
  const where = at.path === '' ? 'the repository' : at.path;
  const hint = near === undefined ? `; ${where} has no ${name}` : `; did you mean ${meant}?`;
  return new GitError('not-found', `spec.source.path: there is no ${whole} in the commit${hint}`);
}

/** Where a link leads, through other links, within the repository. Throws GitError naming the link. */
export function followLink(link: string, root: string, objects: Objects): Promise<Found> {
  return new Trail(link, root, objects).follow();
}

class Trail {
  readonly #link: string;
  readonly #root: string;
  readonly #objects: Objects;
  /** Names that are left, and where the ones before have led: folders, and perhaps a file at the end. */
  #todo: string[];
  readonly #trail: TreeEntry[] = [];
  #hops = 0;

  constructor(link: string, root: string, objects: Objects) {
    this.#link = link;
    this.#root = root;
    this.#objects = objects;
    this.#todo = segments(link);
  }

  async follow(): Promise<Found> {
    for (let name = this.#todo.shift(); name !== undefined; name = this.#todo.shift()) {
      if (name === '..') this.#up();
      else await this.#into(name);
    }
    const last = this.#trail.at(-1);
    const path = this.#trail.map(nameOf).join('/');
    return { path, oid: last?.oid ?? this.#root, type: last?.type === 'file' ? 'file' : 'tree' };
  }

  #up(): void {
    if (this.#trail.pop() === undefined) throw this.#refusal('out of the repository');
  }

  async #into(name: string): Promise<void> {
    const folder = this.#trail.at(-1);
    if (folder && folder.type !== 'tree') throw this.#refusal('to nothing');
    const entry = (await this.#objects.tree(folder?.oid ?? this.#root)).find((each) => each.name === name);
    if (entry === undefined) throw this.#refusal('to nothing');
    if (entry.type === 'link') await this.#through(entry);
    else if (entry.type === 'file' || entry.type === 'tree') this.#trail.push(entry);
    else throw this.#refusal('into a submodule');
  }

  async #through(entry: TreeEntry): Promise<void> {
    if (++this.#hops > MAX_HOPS) throw this.#refusal('in a circle, or through too many others');
    const target = await targetOf(entry, this.#objects);
    if (target === undefined || target.startsWith('/')) throw this.#refusal('out of the repository');
    this.#todo = [...segments(target), ...this.#todo];
  }

  #refusal(why: string): GitError {
    return new GitError('rejected', `${this.#link} is a link ${why}; commit the file itself, or exclude it`);
  }
}

/** What a link says; undefined where it says too much or is no text. */
async function targetOf(entry: TreeEntry, objects: Objects): Promise<string | undefined> {
  const bytes = await objects.blob(entry.oid);
  if (bytes.byteLength === 0 || bytes.byteLength > MAX_LINK_BYTES || bytes.includes(0)) return undefined;
  return Buffer.from(bytes).toString('utf8');
}

/** Names that no file system or no text can hold are not read as something else. Throws GitError naming the path. */
export function checkName(entry: TreeEntry, path: string): void {
  const { name, raw } = entry;
  if (raw) throw new GitError('rejected', `${JSON.stringify(path)}: the name is not UTF-8; rename it`);
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  if (/^\.{0,2}$/.test(name) || /[/\\\u0000-\u001f\u007f]/.test(name)) {
    throw new GitError('rejected', `the commit holds a file name that is not safe: ${JSON.stringify(path)}; rename it`);
  }
}
