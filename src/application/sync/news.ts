// Whether a commit declares anything else than what is in force: what is asked before it may be applied (a signature, a window, others that
// are ready) is asked of news alone. Compared by whole hashes: the short ones of objects are names, and proof of nothing. Pure.
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../rollout/hash.ts';
import { wantedObjects } from '../revert/wanted.ts';
import type { Declared, Seen } from '../seen.ts';

type Objects = readonly { key: string; object: unknown }[];

const known = new WeakMap<Declared, string>();

/** SHA-256 of all that is declared, hooks included, whatever the order. */
export function declaredHash(declared: Declared): string {
  const hash = known.get(declared) ?? hashOf(declared.desired, declared.hooks);
  known.set(declared, hash);
  return hash;
}

function hashOf(objects: Objects, hooks: Objects): string {
  const sorted = (all: Objects): unknown[] =>
    all.map(({ key, object }) => [key, object] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(canonicalJson([sorted(objects), sorted(hooks)]))
    .digest('hex');
}

/** What is on record of an earlier process, what is in force, and what that is while something is held are no news. */
export function isNews(newest: Declared, seen: Seen): boolean {
  const { accepted } = seen.memory;
  const hash = declaredHash(newest);
  if (accepted === undefined) return !isOnRecord(newest.commit.oid, hash, seen);
  return hash !== declaredHash(accepted) && hash !== hashInForce(accepted, seen);
}

/** An earlier version recorded no hash: there the commit is all that tells. */
function isOnRecord(commit: string, hash: string, { status }: Pick<Seen, 'status'>): boolean {
  return status.revision?.commit === commit && (status.contentHash === undefined || status.contentHash === hash);
}

/** With stable content in the place of what is held, as a commit declares it that takes the rejected content back. */
function hashInForce({ desired, hooks }: Declared, { status, snapshots }: Seen): string | undefined {
  const { holds = [], returns = [] } = status;
  return holds.length === 0 ? undefined : hashOf(wantedObjects(desired, holds, snapshots, returns).objects, hooks);
}
