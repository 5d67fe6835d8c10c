// What was in force before, by the record: for a process that remembers nothing of it. Pure.
import type { Declared, Seen } from '../seen.ts';
import { declaredHash } from './news.ts';

/** Known; to be read back by its commit; or not to be had. */
export type Before = { declared: Declared } | { commit: string } | 'unknown';

type Recorded = Pick<Seen, 'status' | 'app'>;

/** The newest commit on record as applied, other than one. */
export function recordedCommit({ status, app }: Recorded, except?: string): string | undefined {
  const revisions = [status.revision, ...(status.history ?? []).map(({ revision }) => revision)];
  return revisions.find((one) => one?.repo === app.spec.source.repoURL && one.commit !== except)?.commit;
}

/** What that commit declares, if it can still be read. */
export function recordedBefore(seen: Recorded & Pick<Seen, 'source'>, except?: string): Before {
  const commit = recordedCommit(seen, except);
  if (commit === undefined) return 'unknown';
  const declared = seen.source.earlier(commit);
  if (declared === null) return 'unknown';
  if (declared && !isAsRecorded(declared, seen)) return 'unknown';
  return declared ? { declared } : { commit };
}

/** By another path, or another renderer, the same commit may declare anything. */
const isAsRecorded = (declared: Declared, { status }: Recorded): boolean =>
  status.contentHash === undefined ||
  status.revision?.commit !== declared.commit.oid ||
  status.contentHash === declaredHash(declared);
