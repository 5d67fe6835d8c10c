// A Rollout together with what it depends on: the unit that is held, kept as a snapshot, and reverted.
import type { ObjectRef, ResourceStatus } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS } from '../../api/names.ts';
import { objectKey, objectKeyOf, type ObjectKey } from '../../api/object-key.ts';
import { setHash } from '../source/content-hash.ts';
import type { DesiredObject } from '../source/desired.ts';
import { templateHash, trialHash } from './content.ts';
import { dependencyKeys, isRollout, readKeys } from './dependents.ts';

export interface Member {
  key: ObjectKey;
  ref: ObjectRef;
  hash: string;
}

export interface RolloutSet {
  /** Key of the Rollout. */
  key: ObjectKey;
  rollout: Member;
  /** The Rollout first, then its dependents. */
  members: Member[];
  /** Keys of the members that the pods read. */
  reads: ReadonlySet<ObjectKey>;
  /** Hash over the contents of all members. */
  hash: string;
  /** Hash of the pod template. */
  template: string;
  /** Hash of what would be tried: template, steps, and what both name. Unknown where only what was applied is known. */
  trial?: string;
}

/** The sets that a commit declares, by the key of the Rollout. */
export function declaredSets(desired: readonly DesiredObject[]): Map<ObjectKey, RolloutSet> {
  const byKey = new Map(desired.map((object) => [object.key, object]));
  const sets = desired
    .filter(({ object }) => isRollout(object))
    .map((rollout) => ({
      ...buildSet(rollout, rollout.object, byKey),
      trial: trialHash(rollout.object, (key) => byKey.get(key)?.object),
    }));
  return new Map(sets.map((set) => [set.key, set]));
}

/** The sets as they were last applied, told from the inventory and the live Rollouts: for times when Git cannot be read. */
export function appliedSets(
  rollouts: readonly KubeObject[],
  inventory: readonly ResourceStatus[],
): Map<string, RolloutSet> {
  const byKey = new Map<string, Member>();
  for (const entry of inventory) {
    const { group, version, kind, namespace, name, hash } = entry;
    const ref = { group, version, kind, ...(namespace === undefined ? {} : { namespace }), name };
    if (hash !== undefined) byKey.set(objectKey(ref), { key: objectKey(ref), ref, hash });
  }
  const sets = new Map<string, RolloutSet>();
  for (const live of rollouts) {
    const entry = byKey.get(objectKeyOf(live));
    const hash = live.metadata.annotations?.[ANNOTATIONS.contentHash] ?? entry?.hash;
    if (!entry || hash === undefined) continue;
    sets.set(entry.key, buildSet({ ...entry, hash }, live, byKey));
  }
  return sets;
}

function buildSet(rollout: Member, object: KubeObject, byKey: ReadonlyMap<string, Member>): RolloutSet {
  const members = [...dependencyKeys(object)].sort().flatMap((key) => {
    const member = byKey.get(key);
    return member === undefined || key === rollout.key ? [] : [pick(member)];
  });
  const all = [pick(rollout), ...members];
  const reads = readKeys(object);
  return {
    key: rollout.key,
    rollout: pick(rollout),
    members: all,
    reads: new Set(members.map(({ key }) => key).filter((key) => reads.has(key))),
    hash: setHash(all),
    template: templateHash(object),
  };
}

const pick = ({ key, ref, hash }: Member): Member => ({ key, ref, hash });
