// How many pods each ReplicaSet of a Deployment should have: the arithmetic of rolling updates, pure.
import {
  MAX_REPLICAS,
  allOf,
  availableOf,
  bounds,
  isRolling,
  newSize,
  replicasOf,
  sum,
  type Family,
} from './deployment.ts';
import type { ReplicaSet } from './replica-sets.ts';

export interface Resize {
  rs: ReplicaSet;
  replicas: number;
}

const changed = ({ rs, replicas }: Resize): boolean => replicasOf(rs) !== replicas;

/** The next step of a rolling update: the new ReplicaSet grows as far as it may, and only then the old ones shrink. */
export function rollingStep(family: Family): Resize[] {
  const { current } = family;
  const growth = current === undefined ? [] : [{ rs: current, replicas: newSize(family) }].filter(changed);
  return growth.length > 0 ? growth : shrinkOld(family).filter(changed);
}

/** Old pods that serve nobody go first; then as many of the others as the available ones allow. */
function shrinkOld(family: Family): Resize[] {
  const { deployment, current, old } = family;
  const minAvailable = replicasOf(deployment) - bounds(deployment).maxUnavailable;
  const newUnavailable = current === undefined ? 0 : replicasOf(current) - availableOf(current);
  const room = sum(allOf(family), replicasOf) - minAvailable - newUnavailable;
  if (sum(old, replicasOf) === 0 || room <= 0) return [];
  const sizes = old.map((rs) => ({ rs, replicas: replicasOf(rs) }));
  takeAway(sizes, room, ({ rs, replicas }) => Math.max(0, replicas - availableOf(rs)));
  const spare = sum(allOf(family), availableOf) - minAvailable;
  takeAway(sizes, spare, ({ replicas }) => replicas);
  return sizes;
}

/** Takes at most `limit` pods, and of each ReplicaSet at most what `most` says. */
function takeAway(sizes: Resize[], limit: number, most: (size: Resize) => number): void {
  let left = Math.max(0, limit);
  for (const size of sizes) {
    const taken = Math.min(left, most(size));
    size.replicas -= taken;
    left -= taken;
  }
}

/** What a changed `spec.replicas` (or a pause) makes of the sizes, without moving the rollout on. */
export function rescale(family: Family): Resize[] {
  const { deployment, current, old } = family;
  const wanted = replicasOf(deployment);
  const active = allOf(family).filter((rs) => replicasOf(rs) > 0);
  const only = active.length === 0 ? (current ?? old.at(-1)) : active[0];
  if (active.length <= 1) return only === undefined ? [] : [{ rs: only, replicas: wanted }].filter(changed);
  if (current !== undefined && replicasOf(current) === wanted && availableOf(current) === wanted)
    return old.map((rs) => ({ rs, replicas: 0 })).filter(changed);
  return isRolling(deployment) ? proportions(family, active).filter(changed) : [];
}

/** Spreads the difference over the ReplicaSets by their share; what rounding leaves goes to the largest. */
function proportions(family: Family, active: readonly ReplicaSet[]): Resize[] {
  const wanted = replicasOf(family.deployment);
  const allowed = wanted > 0 ? wanted + bounds(family.deployment).maxSurge : 0;
  const total = sum(active, replicasOf);
  const toAdd = allowed - total;
  const newestFirst = (a: ReplicaSet, b: ReplicaSet): number => active.indexOf(b) - active.indexOf(a);
  const oldestFirst = (a: ReplicaSet, b: ReplicaSet): number => active.indexOf(a) - active.indexOf(b);
  const tie = toAdd > 0 ? newestFirst : oldestFirst;
  const sorted = active.toSorted((a, b) => replicasOf(b) - replicasOf(a) || tie(a, b));
  let left = toAdd;
  const sizes = sorted.map((rs) => {
    const size = replicasOf(rs);
    const before = Number(rs.metadata.annotations?.[MAX_REPLICAS]) || wanted;
    const share = Math.round((size * allowed) / before) - size;
    const part = toAdd > 0 ? Math.max(0, Math.min(share, left)) : Math.min(0, Math.max(share, left));
    left -= part;
    return { rs, replicas: size + part };
  });
  const largest = sizes[0];
  if (largest !== undefined) largest.replicas = Math.max(0, largest.replicas + left);
  return sizes;
}
