// Deployments as their controller sees them: their shape, and what their spec and ReplicaSets say, as pure functions.
import type { Condition, KubeObject, PodTemplate } from '../objects.ts';
import { equal } from '../apiserver/json.ts';
import type { ReplicaSet } from './replica-sets.ts';
import type { LabelSelector } from './selector.ts';
import { withoutHash } from './template-hash.ts';

export interface DeploymentStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  unavailableReplicas?: number;
  conditions?: Condition[];
  collisionCount?: number;
}

export interface Deployment extends KubeObject {
  spec: {
    replicas?: number;
    selector: LabelSelector;
    template: PodTemplate;
    strategy?: { type?: string; rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } };
    minReadySeconds?: number;
    paused?: boolean;
    progressDeadlineSeconds?: number;
    revisionHistoryLimit?: number;
  };
  status?: DeploymentStatus;
}

export const DEPLOYMENT = { group: 'apps', kind: 'Deployment' };

export const REVISION = 'deployment.kubernetes.io/revision';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** A Deployment with its ReplicaSets, as they are now. */
export interface Family {
  deployment: Deployment;
  /** The ReplicaSet of the declared template, once there is one. */
  current: ReplicaSet | undefined;
  /** All others, the oldest first. */
  old: ReplicaSet[];
}

export const replicasOf = (object: Deployment | ReplicaSet): number => object.spec.replicas ?? 1;
export const availableOf = (rs: ReplicaSet): number => rs.status?.availableReplicas ?? 0;
export const isRolling = ({ spec }: Deployment): boolean => spec.strategy?.type !== 'Recreate';
export const allOf = ({ current, old }: Family): ReplicaSet[] => (current === undefined ? old : [...old, current]);

export const sum = (sets: readonly ReplicaSet[], count: (rs: ReplicaSet) => number): number =>
  sets.reduce((total, rs) => total + count(rs), 0);

export const revisionOf = (object: KubeObject): number => Number(object.metadata.annotations?.[REVISION] ?? 0) || 0;

export const hasTemplateOf = (rs: ReplicaSet, deployment: Deployment): boolean =>
  equal(withoutHash(rs.spec.template), withoutHash(deployment.spec.template));

function resolve(bound: number | string, replicas: number, round: (n: number) => number): number {
  if (typeof bound === 'number') return bound;
  return round((Number.parseInt(bound, 10) * replicas) / 100) || 0;
}

/** Pods above and below the wanted number that a rolling update may have; never both 0. */
export function bounds(deployment: Deployment): { maxSurge: number; maxUnavailable: number } {
  const replicas = replicasOf(deployment);
  if (!isRolling(deployment)) return { maxSurge: 0, maxUnavailable: replicas };
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec.strategy?.rollingUpdate ?? {};
  const surge = resolve(maxSurge, replicas, Math.ceil);
  const unavailable = resolve(maxUnavailable, replicas, Math.floor);
  const isStuck = surge === 0 && unavailable === 0;
  return { maxSurge: surge, maxUnavailable: Math.min(isStuck ? 1 : unavailable, Math.max(replicas, 1)) };
}

/** The size that the new ReplicaSet may have now. */
export function newSize({ deployment, current, old }: Family): number {
  const wanted = replicasOf(deployment);
  const present = current === undefined ? 0 : replicasOf(current);
  if (!isRolling(deployment)) return wanted;
  const room = wanted + bounds(deployment).maxSurge - sum(old, replicasOf) - present;
  if (present >= wanted) return wanted;
  return room <= 0 ? present : present + Math.min(room, wanted - present);
}

/** Everything runs the declared template and is available; `status` is the one about to be written. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}
