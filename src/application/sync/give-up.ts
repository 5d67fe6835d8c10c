// A commit that had been accepted and cannot be carried out: told, and what was in force before is put back.
import type { ObjectRef } from '../../api/application.ts';
import { nameOf } from '../../api/object-key.ts';
import type { Doing } from '../doing.ts';
import { recordedCommit } from './before.ts';

/** Nothing is given up where there was nothing before. */
export function giveUp(ref: ObjectRef, message: string, { memory, seen }: Doing): void {
  const { accepted, previous } = memory;
  if (!accepted || (!previous && recordedCommit(seen, accepted.commit.oid) === undefined)) return;
  memory.giveUp(accepted.id, `${nameOf(ref)}: ${message}`, seen.now);
}
