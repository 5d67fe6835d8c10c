// A new commit in the objects of a repository on disk: its files, the folders that change with them, and itself.
import git from 'isomorphic-git';
import type { SigningKey } from '../ports/source-reader.ts';
import type { ObjectStore } from './stored.ts';
import { formatCommit, formatTree } from './objects.ts';
import { writeChanges, type ReadTree } from './trees.ts';
import type { Committer, TreeEntry } from './types.ts';

export interface NewCommit {
  changes: ReadonlyMap<string, string | null>;
  message: string;
  author: Committer;
  parents: readonly string[];
  /** Milliseconds since the epoch. */
  at: number;
}

async function signedWith(key: SigningKey, commit: Buffer): Promise<Buffer> {
  // Most commits are not signed: the library that reads keys is loaded for the first one.
  const { signCommit } = await import('./signature/sign.ts');
  return signCommit(commit, key);
}

/** Writes it upon a tree; undefined where it would change nothing. No reference is moved. `made` are the ids of all new objects. */
export async function writeCommit(
  root: string | undefined,
  { changes, message, author, parents, at }: NewCommit,
  { store, readTree }: { store: () => ObjectStore; readTree: ReadTree },
): Promise<{ oid: string; made: string[] } | undefined> {
  const made = new Set<string>();
  const write = async (type: 'blob' | 'tree' | 'commit', object: Buffer): Promise<string> => {
    const oid = await git.writeObject({ ...store(), type, object, format: 'content' });
    made.add(oid);
    return oid;
  };
  const blobs = new Map<string, string | null>();
  for (const [path, text] of changes)
    blobs.set(path, text === null ? null : await write('blob', Buffer.from(text, 'utf8')));
  const writeTree = (entries: TreeEntry[]): Promise<string> => write('tree', formatTree(entries));
  const tree = await writeChanges(root, blobs, { readTree, writeTree });
  if (tree === root) return undefined;
  const commit = formatCommit({ tree, parents, author, at, message });
  const oid = await write('commit', author.signing === undefined ? commit : await signedWith(author.signing, commit));
  return { oid, made: [...made] };
}
