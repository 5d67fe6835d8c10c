// Revisions as people name them.
import { shortCommit, type RevisionRef } from '../api/revision.ts';

export const shortRevision = ({ commit }: RevisionRef): string => shortCommit(commit);

/** Its short commit, or its pod hash where no commit is known. */
export function revisionName(revision: RevisionRef | undefined, hash: string | undefined): string {
  return revision === undefined ? (hash ?? 'none') : shortRevision(revision);
}
