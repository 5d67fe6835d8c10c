// The commit as it is shown in statuses and annotations.
import { shortCommit, type RevisionRef } from '../api/revision.ts';
import type { Commit } from '../git/types.ts';

export function revisionRef(commit: Commit, repo: string, path?: string): RevisionRef {
  return {
    commit: commit.oid,
    short: shortCommit(commit.oid),
    repo,
    ...(path === undefined || path === '' ? {} : { path }),
    author: commit.author.name.slice(0, 512),
    date: commit.date,
    subject: commit.subject.slice(0, 1024),
  };
}
