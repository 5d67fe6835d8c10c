// What shall be in the cluster: what Git declares, with stable content in the place of what is held. Pure.
import type { Hold, ObjectRef, Return } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { objectKey, refOf, type ObjectKey } from '../../api/object-key.ts';
import type { HeldNote } from '../../api/annotations.ts';
import type { DesiredObject } from '../source/desired.ts';
import { stageOf } from '../sync/stages.ts';
import { contentHash } from '../source/content-hash.ts';
import { isSameData, standIn, standInData } from './content.ts';
import { isRollout, readKeys } from './dependents.ts';
import { holdKey } from './hold.ts';
import type { SnapshotObject, StableSnapshot } from './snapshot.ts';

/** An object as it shall be in the cluster now. */
export interface WantedObject {
  key: ObjectKey;
  ref: ObjectRef;
  object: KubeObject;
  hash: string;
  /** File that declares it. */
  path: string;
  /** Set while content of a hold is kept back and this is what is applied instead. */
  hold?: Hold;
  /** Set while a lost Rollout comes back, and this is part of what it comes back with. */
  returning?: Return;
  /** It goes back to earlier content: where the API server refuses that because it is immutable, it is deleted and made anew. */
  replace?: true;
}

export interface Wanted {
  objects: WantedObject[];
  /** Declared, but kept back without something to put in their place: neither applied nor deleted. */
  keptBack: { key: ObjectKey; ref: ObjectRef; hold: Hold }[];
  /** Declared, and left as they are for now. */
  leftAlone?: { key: ObjectKey; ref: ObjectRef }[];
}

/** Without the objects of some keys, which nobody touches for now. */
export function leavingAlone(wanted: Wanted, keys: ReadonlySet<ObjectKey>): Wanted {
  if (keys.size === 0) return wanted;
  // Going back waits for nothing.
  const isLeft = ({ key, hold, returning }: WantedObject): boolean =>
    keys.has(key) && hold === undefined && returning === undefined;
  const leftAlone = wanted.objects.filter(isLeft);
  return { ...wanted, objects: wanted.objects.filter((object) => !isLeft(object)), leftAlone };
}

/** Why stable content takes the place of what is declared. */
type Cause = { hold: Hold } | { returning: Return };

/** What Git declares, with the stable content in place of what is held or has yet to come back. */
export function wantedObjects(
  desired: readonly DesiredObject[],
  holds: readonly Hold[],
  snapshots: ReadonlyMap<string, StableSnapshot>,
  returns: readonly Return[] = [],
): Wanted {
  const declared = new Map(desired.map((object) => [object.key, object]));
  const wanted = new Map<string, WantedObject>(
    desired.map(({ key, ref, object, hash, source }) => [key, { key, ref, object, hash, path: source.path }]),
  );
  const keptBack: Wanted['keptBack'] = [];
  for (const returning of returns) {
    for (const object of inPlace({ returning }, snapshots.get(holdKey(returning)), declared))
      wanted.set(object.key, object);
  }
  for (const hold of holds) {
    const snapshot = snapshots.get(holdKey(hold));
    for (const object of inPlace({ hold }, snapshot, declared)) wanted.set(object.key, object);
    for (const { key, ref } of withoutStable(hold, snapshot, declared)) {
      wanted.delete(key);
      keptBack.push({ key, ref, hold });
    }
  }
  return { objects: [...wanted.values()].sort(byStage), keptBack };
}

/** The stable content, where it differs from what is declared or is not declared at all. */
function inPlace(
  cause: Cause,
  snapshot: StableSnapshot | undefined,
  declared: ReadonlyMap<string, DesiredObject>,
): WantedObject[] {
  const rollout = snapshot?.objects.find(({ object }) => isRollout(object));
  if (!snapshot || !rollout) return [];
  const reads = readKeys(rollout.object);
  return snapshot.objects.flatMap((stable): WantedObject[] => {
    const { key, path } = stable;
    const now = declared.get(key);
    const object = now ? instead(cause, now, stable, reads) : stable.object;
    if (object === undefined) return [];
    return [{ key, ref: refOf(object), object, hash: contentHash(object), path, ...cause, replace: true }];
  });
}

/** What takes the place of a declared object; undefined where it is applied as it is declared. */
function instead(
  cause: Cause,
  { key, object, hash }: DesiredObject,
  stable: SnapshotObject,
  reads: ReadonlySet<ObjectKey>,
): KubeObject | undefined {
  if (isRollout(object)) return standIn(object, stable.object);
  if (reads.has(key)) return isSameData(object, stable.object) ? undefined : standInData(object, stable.object);
  if ('returning' in cause) return hash === stable.hash ? undefined : stable.object;
  return isRejectedStill(cause.hold, key, hash) ? stable.object : undefined;
}

const isRejectedStill = (hold: Hold, key: ObjectKey, hash: string): boolean =>
  hold.objects.some((each) => objectKey(each) === key && each.hash === hash);

/** What was rejected and has no stable content: the Rollout where none is on record, and objects that came with what was rejected. */
function withoutStable(
  hold: Hold,
  snapshot: StableSnapshot | undefined,
  declared: ReadonlyMap<string, DesiredObject>,
): { key: ObjectKey; ref: ObjectRef }[] {
  const stable = new Set(snapshot?.objects.map(({ key }) => key));
  const rollout = declared.get(holdKey(hold));
  const reads = rollout ? readKeys(rollout.object) : new Set<ObjectKey>();
  return hold.objects.flatMap(({ hash, ...ref }) => {
    const key = objectKey(ref);
    const now = declared.get(key);
    const changed = now !== undefined && now.hash !== hash && key !== holdKey(hold) && !reads.has(key);
    return stable.has(key) || changed ? [] : [{ key, ref }];
  });
}

/** What an object's status is once it is as it is wanted: less than in sync where that is not what Git declares. */
export function statusOfWanted({ hold, returning }: WantedObject): 'Held' | 'OutOfSync' | 'Synced' {
  if (hold) return 'Held';
  return returning ? 'OutOfSync' : 'Synced';
}

export function heldNote(hold: Hold): HeldNote {
  const { rejected, stable, reason } = hold;
  return { rejected, ...(stable === undefined ? {} : { stable }), reason };
}

const byStage = (a: WantedObject, b: WantedObject): number => stageOf(a.ref) - stageOf(b.ref);

/** The Rollouts among wanted objects. */
export const rolloutsIn = (objects: readonly WantedObject[]): WantedObject[] =>
  objects.filter(({ object }) => isRollout(object));
