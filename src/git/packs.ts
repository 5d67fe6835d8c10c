// Packs of a mirror on disk: counted before they are indexed, written so that a process that dies leaves no half of one.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import git from 'isomorphic-git';
import type { SourceBudget } from '../ports/source-budget.ts';
import { scanPack } from './pack-scan.ts';
import { GitError } from './types.ts';

const TRAILER = 20;
const folderOf = (gitdir: string): string => join(gitdir, 'objects', 'pack');

/** Puts a pack into a mirror; an empty one is left out. Throws LimitExceeded before anything of it is unpacked. */
export async function indexPack(pack: Buffer, gitdir: string, budget: SourceBudget): Promise<void> {
  if (pack.byteLength === 0 || scanPack(pack, budget) === 0) return;
  const trailer = pack.subarray(pack.byteLength - TRAILER);
  const sum = createHash('sha1')
    .update(pack.subarray(0, pack.byteLength - TRAILER))
    .digest();
  if (!sum.equals(trailer)) throw new GitError('unreachable', 'the pack was damaged on its way; it is fetched again');
  const name = `pack-${trailer.toString('hex')}`;
  const folder = folderOf(gitdir);
  const arriving = join(folder, `arriving-${name}`);
  await fs.promises.mkdir(folder, { recursive: true });
  await fs.promises.writeFile(arriving, pack);
  await fs.promises.rename(arriving, join(folder, `${name}.pack`));
  await git.indexPack({ fs, dir: gitdir, gitdir, filepath: `objects/pack/${name}.pack` });
}

/** How many packs a mirror has, and their bytes. */
export async function packFolder(gitdir: string): Promise<{ packs: number; bytes: number }> {
  const folder = folderOf(gitdir);
  const names = await fs.promises.readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map((name) => fs.promises.stat(join(folder, name)).catch(() => ({ size: 0 }))));
  return {
    packs: names.filter((name) => name.endsWith('.pack')).length,
    bytes: sizes.reduce((sum, { size }) => sum + size, 0),
  };
}
