// Rollouts beside whose stable pods others stand: a Service that lets go of the revision's hash would select those as well, since they
// carry the same labels. Pure.
import type { ReplicaSet } from '../api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../api/names.ts';
import { qualifiedName } from '../api/object-key.ts';
import type { Rollout } from '../api/rollout.ts';

export interface Midway {
  rollout: Rollout;
  /** Pod hash of the stable revision. */
  stable: string;
  /** Undefined where it is gone. */
  stableSet: ReplicaSet | undefined;
  /** Of other revisions, with pods or about to have some. */
  others: ReplicaSet[];
}

const hasPods = ({ spec, status }: ReplicaSet): boolean => (spec.replicas ?? 1) > 0 || (status?.replicas ?? 0) > 0;
const hashOf = ({ metadata }: ReplicaSet): string => metadata.labels?.[POD_TEMPLATE_HASH] ?? '';

/** Those of `rollouts` that are in the middle; one that never had a stable revision has no pods but those of its first. */
export function midwayOf(rollouts: readonly Rollout[], replicaSets: readonly ReplicaSet[]): Midway[] {
  return rollouts.flatMap((rollout) => {
    const stable = rollout.status?.stableRS;
    if (stable === undefined || stable === '') return [];
    const own = replicaSets.filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ controller, uid }) => controller === true && uid === rollout.metadata.uid),
    );
    const others = own.filter((each) => hashOf(each) !== stable && hasPods(each));
    const stableSet = own.find((each) => hashOf(each) === stable);
    return others.length === 0 ? [] : [{ rollout, stable, stableSet, others }];
  });
}

/** A revision is on its way, and nobody has aborted it. */
export const isMoving = ({ status }: Rollout): boolean =>
  status?.abort !== true && status?.currentPodHash !== undefined && status.currentPodHash !== status.stableRS;

/** The hashes of the revisions beside the stable one that still have pods, joined by commas. */
export const othersText = ({ others }: Midway): string => others.map((each) => hashOf(each)).join(', ');

/** Why a Service cannot be let go of, for a person. */
export function describeMidway(midway: Midway): string {
  const { rollout, stable, others } = midway;
  const pods = others.reduce((sum, { spec, status }) => sum + Math.max(spec.replicas ?? 1, status?.replicas ?? 0), 0);
  const there = `there ${pods === 1 ? 'is 1 pod' : `are ${pods} pods`} of revision ${othersText(midway)}`;
  return `Rollout ${qualifiedName(rollout.metadata)}: besides its stable revision ${stable} ${there}`;
}
