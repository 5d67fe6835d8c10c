// Files with values that an Application names beside the chart's own.
import { nearest } from '../../api/nearest.ts';
import { GitError } from '../../git/types.ts';
import { joinPath, within } from '../paths.ts';
import type { CommitFiles } from '../render/renderer.ts';

/** Their paths from the root of the repository. Throws GitError `rejected`, with the field in front. */
export async function valueFilesOf(chart: string, named: readonly string[], commit: CommitFiles): Promise<string[]> {
  const files: string[] = [];
  for (const [index, file] of named.entries()) {
    const at = `spec.source.helm.valueFiles[${index}]`;
    const path = file.startsWith('/') || file.includes('://') ? undefined : within(chart, file);
    if (path === undefined) throw new GitError('rejected', `${at}: ${file} leads out of the repository`);
    const found = await commit.find(path);
    if (found?.type === 'folder') throw new GitError('rejected', `${at}: ${path} is a folder; name a file in it`);
    if (found === undefined)
      throw new GitError('rejected', `${at}: there is no ${path} in the commit${await hint(path, commit)}`);
    files.push(path);
  }
  return files;
}

async function hint(path: string, commit: CommitFiles): Promise<string> {
  const [name = '', ...folders] = path.split('/').reverse();
  const folder = folders.reverse().join('/');
  if ((await commit.find(folder))?.type !== 'folder') return '';
  const near = nearest(name, await commit.names(folder));
  return near === undefined ? '' : `; did you mean ${joinPath(folder, near)}?`;
}
