// How far the pods of the candidate are, in words.
import type { Known } from '../known.ts';
import { replicaSet } from '../observed.ts';

export function podsText({ seen, memory: { candidate } }: Known): string {
  const rs = replicaSet(seen, candidate);
  return `${rs?.available ?? 0} of ${rs?.desired ?? 0} pods of revision ${candidate} are available`;
}
