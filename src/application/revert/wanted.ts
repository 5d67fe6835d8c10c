// What shall be in the cluster: what Git declares, with stable content in the place of what is held. Pure.
import type { Hold, ObjectRef } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { objectKey, refOf, type ObjectKey } from '../../api/object-key.ts';
import type { HeldNote } from '../../api/rollout.ts';
import type { DesiredObject } from '../source/desired.ts';
import { stageOf } from '../sync/stages.ts';
import { isRollout } from './dependents.ts';
import { holdKey } from './hold.ts';
import type { StableSnapshot } from './snapshot.ts';

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
}

export interface Wanted {
  objects: WantedObject[];
  /** Declared, but kept back without something to put in their place: neither applied nor deleted. */
  keptBack: { key: ObjectKey; ref: ObjectRef; hold: Hold }[];
}

/** What Git declares, with the stable content in place of what is held. */
export function wantedObjects(
  desired: readonly DesiredObject[],
  holds: readonly Hold[],
  snapshots: ReadonlyMap<string, StableSnapshot>,
): Wanted {
  const declared = new Map(desired.map((object) => [object.key, object]));
  const wanted = new Map<string, WantedObject>(
    desired.map(({ key, ref, object, hash, source }) => [key, { key, ref, object, hash, path: source.path }]),
  );
  const keptBack: Wanted['keptBack'] = [];
  for (const hold of holds) {
    const snapshot = snapshots.get(holdKey(hold));
    if (!snapshot) continue;
    const stable = new Set(snapshot.objects.map(({ key }) => key));
    for (const { key, object, hash, path } of snapshot.objects) {
      const held = hold.objects.some((each) => objectKey(each) === key) || !declared.has(key);
      if (held) wanted.set(key, { key, ref: refOf(object), object, hash, path, hold });
    }
    for (const { hash: _hash, ...ref } of hold.objects) {
      const key = objectKey(ref);
      if (stable.has(key)) continue;
      wanted.delete(key);
      keptBack.push({ key, ref, hold });
    }
  }
  return { objects: [...wanted.values()].sort(byStage), keptBack };
}

export function heldNote(hold: Hold): HeldNote {
  const { rejected, stable, reason } = hold;
  return { rejected, ...(stable === undefined ? {} : { stable }), reason };
}

const byStage = (a: WantedObject, b: WantedObject): number => stageOf(a.ref) - stageOf(b.ref);

/** The Rollouts among wanted objects. */
export const rolloutsIn = (objects: readonly WantedObject[]): WantedObject[] =>
  objects.filter(({ object }) => isRollout(object));
