// Objects of a repository on disk, as isomorphic-git keeps them: each asked for as what it is to be.
import type fs from 'node:fs';
import git from 'isomorphic-git';
import { isMissing } from './failure.ts';
import { isOid, parseCommit } from './objects.ts';
import { GitError, type Commit } from './types.ts';

/** Where objects are kept, as the library takes it. */
export interface ObjectStore {
  fs: typeof fs;
  gitdir: string;
  cache: object;
}

/** Its bytes. Throws GitError `rejected` where it is of another type, and what the library throws where it is not there. */
export async function storedObject(
  store: ObjectStore,
  oid: string,
  type: 'blob' | 'tree' | 'commit',
): Promise<Uint8Array> {
  const found = await git.readObject({ ...store, oid, format: 'content' });
  if (found.type !== type || !(found.object instanceof Uint8Array))
    throw new GitError('rejected', `the repository names ${oid} as a ${type}, which it is not`);
  return found.object;
}

/** A commit; undefined where it is not there. Throws as `storedObject` does. */
export async function storedCommit(store: ObjectStore, oid: string): Promise<Commit | undefined> {
  if (!isOid(oid)) return undefined;
  try {
    return parseCommit(oid, await storedObject(store, oid, 'commit'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
