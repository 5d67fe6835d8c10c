// The commit as it is shown in statuses and annotations.
import { shortCommit, type RevisionRef } from '../api/revision.ts';
import { codeIn, peopleIn } from '../api/trailers.ts';
import type { Commit } from '../git/types.ts';

/** With who wrote and let it, and the code that it deploys, as its message tells. */
export function revisionRef(commit: Commit, repo: string, path?: string): RevisionRef {
  const { author, committer } = commit;
  const isOther = committer !== undefined && committer.name !== '' && committer.name !== author.name;
  const [people, code] = [peopleIn(commit.message), codeIn(commit.message)];
  return {
    commit: commit.oid,
    short: shortCommit(commit.oid),
    repo,
    ...(path === undefined || path === '' ? {} : { path }),
    author: author.name.slice(0, 512),
    ...(isOther ? { committer: committer.name.slice(0, 512) } : {}),
    date: commit.date,
    subject: commit.subject.slice(0, 1024),
    ...(people === undefined ? {} : { people }),
    ...(code === undefined ? {} : { code }),
  };
}
