// Where the repository of a checkout keeps what it knows: also for a worktree or a submodule, whose `.git` is a file that names another folder.
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { GitError } from './types.ts';

export interface RepositoryFolders {
  /** Of the files that are checked out. */
  root: string;
  /** With HEAD and the index of this worktree. */
  gitdir: string;
  /** With the objects and references that all worktrees share. */
  common: string;
}

/** Where a folder is: in which checkout, and at which path there. */
export interface Place {
  /** Absolute. */
  root: string;
  /** From the root, with `/`; empty: the root itself. */
  path: string;
}

/** The nearest folder above that has a `.git`, the folder itself included; where there is none, the folder is its own root. */
export function placeOf(folder: string): Place {
  const start = resolve(folder);
  const root = rootAbove(start) ?? rootAbove(realpathSync(start));
  if (root === undefined) return { root: realpathSync(start), path: '' };
  const inside = start === root || start.startsWith(`${root}${sep}`) ? start : realpathSync(start);
  return { root, path: relative(root, inside).split(sep).join('/') };
}

function rootAbove(folder: string): string | undefined {
  if (existsSync(join(folder, '.git'))) return folder;
  const above = dirname(folder);
  return above === folder ? undefined : rootAbove(above);
}

/** Undefined where the folder is no root of a checkout. Throws GitError `rejected` for a form of repository that cannot be read. */
export function foldersOf(root: string): RepositoryFolders | undefined {
  const dotGit = join(root, '.git');
  if (!existsSync(dotGit)) return undefined;
  const gitdir = statSync(dotGit).isDirectory() ? dotGit : namedBy(dotGit);
  const shared = join(gitdir, 'commondir');
  const common = existsSync(shared) ? resolve(gitdir, readFileSync(shared, 'utf8').trim()) : gitdir;
  checkForm(common);
  return { root, gitdir, common };
}

function namedBy(file: string): string {
  const [, path] = /^gitdir: (.+?)\s*$/.exec(readFileSync(file, 'utf8')) ?? [];
  const named = path === undefined ? undefined : resolve(dirname(file), path);
  if (named !== undefined && existsSync(named)) return named;
  throw new GitError('not-found', `${file} names no folder that is there; repair it (git worktree repair)`);
}

/** What would else be read as objects that are missing. */
function checkForm(common: string): void {
  const config = join(common, 'config');
  const text = existsSync(config) ? readFileSync(config, 'utf8') : '';
  if (/^\s*objectformat\s*=\s*sha256/im.test(text))
    throw new GitError('rejected', `${common}: repositories with SHA-256 cannot be read`);
  if (/^\s*refstorage\s*=\s*reftable/im.test(text))
    throw new GitError(
      'rejected',
      `${common}: its references are kept as reftable; git refs migrate --ref-format=files`,
    );
  if (existsSync(join(common, 'objects', 'info', 'alternates')))
    throw new GitError(
      'rejected',
      `${common} borrows objects of another repository; git repack -a -d, and remove objects/info/alternates`,
    );
}
