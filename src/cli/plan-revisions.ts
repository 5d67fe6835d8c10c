// What `sluice plan` compares: from where the branch left the one that it will be merged into, to what is checked out; or as it was named.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { openRepository, type LocalRepository } from '../git/local-repository.ts';
import { placeOf } from '../git/repository-folders.ts';
import { WORKING_TREE } from '../git/working-tree.ts';
import type { Revision } from '../plan/types.ts';
import type { SourceCommit } from '../ports/source-reader.ts';
import type { Files } from './checkout.ts';
import type { PlanOptions } from './plan-options.ts';
import { UsageError } from './usage-error.ts';

export interface Side {
  files: Files;
  revision: Revision;
}

export interface Sides {
  repository: LocalRepository;
  /** Absolute, of the checkout. */
  root: string;
  from: Side;
  to: Side;
}

/** Throws UsageError where there is no repository, GitError where it has no such revision. */
export async function sidesOf(options: Pick<PlanOptions, 'repo' | 'from' | 'to'>, cwd: string): Promise<Sides> {
  const folder = resolve(cwd, options.repo ?? '.');
  if (!existsSync(folder)) throw new UsageError(`--repo ${options.repo}: there is no such folder`);
  const { root } = placeOf(folder);
  const repository = openRepository(root);
  if (repository === undefined)
    throw new UsageError(`${folder} is in no repository of Git; run it in a checkout, or name one by --repo DIR`);
  const head = await repository.commit(options.to ?? 'HEAD');
  const to = options.to === undefined ? working(repository) : sideAt(repository, head, options.to);
  return { repository, root, from: await fromOf(repository, options.from, head), to };
}

function working({ working: objects }: LocalRepository): Side {
  return { files: { objects, tree: WORKING_TREE }, revision: { name: 'the working tree' } };
}

const sideAt = ({ objects }: LocalRepository, commit: SourceCommit, name: string): Side => ({
  files: { objects, tree: commit.tree, commit },
  revision: { name, commit: commit.oid },
});

const DOTS = '...';

/** `X...`, as Git has it, is where what is planned left X. */
async function fromOf(repository: LocalRepository, from: string | undefined, head: SourceCommit): Promise<Side> {
  if (from !== undefined && !from.endsWith(DOTS)) return sideAt(repository, await repository.commit(from), from);
  const branch = from === undefined ? await repository.defaultBranch() : from.slice(0, -DOTS.length);
  const base = await repository.mergeBase(await repository.commit(branch), head);
  return sideAt(repository, base, `the merge base with ${branch}`);
}
