// A Rollout together with what it depends on: the unit that is held, kept as a snapshot, and reverted.
import type { ObjectRef, ResourceStatus } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS } from '../../api/names.ts';
import { dependencyKeys, isRollout } from './dependents.ts';
import type { DesiredObject } from '../source/desired.ts';
import { objectKey, objectKeyOf, type ObjectKey } from '../../api/object-key.ts';
import { setHash } from '../source/content-hash.ts';

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
  /** Hash over the contents of all members. */
  hash: string;
}

/** The sets that a commit declares, by the key of the Rollout. */
export function declaredSets(desired: readonly DesiredObject[]): Map<string, RolloutSet> {
  const byKey = new Map(desired.map((object) => [object.key, object]));
  const sets = desired
    .filter(({ object }) => isRollout(object))
    .map((rollout) => buildSet(rollout, dependencyKeys(rollout.object), byKey));
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
    const hash = live.metadata.annotations?.[ANNOTATIONS.contentHash];
    if (!entry || hash === undefined) continue;
    sets.set(entry.key, buildSet({ ...entry, hash }, dependencyKeys(live), byKey));
  }
  return sets;
}

function buildSet(rollout: Member, dependencies: Set<string>, byKey: ReadonlyMap<string, Member>): RolloutSet {
  const members = [...dependencies].sort().flatMap((key) => {
    const member = byKey.get(key);
    return member === undefined || key === rollout.key ? [] : [pick(member)];
  });
  const all = [pick(rollout), ...members];
  return { key: rollout.key, rollout: pick(rollout), members: all, hash: setHash(all) };
}

const pick = ({ key, ref, hash }: Member): Member => ({ key, ref, hash });
