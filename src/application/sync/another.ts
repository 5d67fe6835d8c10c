// Signs that another process has applied what this one has not read: the record they share, or a stamp on an object, names what neither
// what is in force here nor what was before declares. To such a process what the other has applied would be drift. Pure.
import type { ApplicationStatus } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS } from '../../api/names.ts';
import { objectKey, type ObjectKey } from '../../api/object-key.ts';
import type { Declared } from '../seen.ts';

export interface Sight {
  accepted: Declared | undefined;
  previous: Declared | undefined;
  status: ApplicationStatus;
  live: (key: ObjectKey) => KubeObject | undefined;
}

/** Each sign in words that are the same as long as it is the same. */
export function signsOfAnother({ accepted, previous, status, live }: Sight): string[] {
  if (accepted === undefined) return [];
  const commit = status.revision?.commit;
  const isOther = commit !== undefined && commit !== accepted.commit.oid && commit !== previous?.commit.oid;
  const before = new Map(previous?.desired.map(({ key, hash }) => [key, hash]));
  const recorded = new Map(status.resources?.map((entry) => [objectKey(entry), entry.hash]));
  const stamped = accepted.desired.flatMap(({ key, hash }) => {
    const found = live(key)?.metadata.annotations?.[ANNOTATIONS.contentHash];
    // Where something else than what is declared is on record as applied, the stamp is that.
    const isOurs = found === undefined || found === hash || found === before.get(key) || recorded.get(key) !== hash;
    return isOurs ? [] : [`${key} ${found}`];
  });
  return [...(isOther ? [`record ${commit}`] : []), ...stamped];
}
