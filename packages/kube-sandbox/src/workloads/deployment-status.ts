// The status of a Deployment: counts over its ReplicaSets, and the conditions Available and Progressing, pure.
import type { Condition } from '../objects.ts';
import { toTime } from '../clock.ts';
import {
  allOf,
  availableOf,
  bounds,
  isComplete,
  replicasOf,
  sum,
  type Deployment,
  type DeploymentStatus,
  type Family,
} from './deployment.ts';

type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

const PROGRESSING = 'Progressing';
const AVAILABLE_REASON = 'NewReplicaSetAvailable';
const DEADLINE_REASON = 'ProgressDeadlineExceeded';

export const progressingOf = ({ status }: Deployment): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === PROGRESSING);

/** Moves the condition to the end of the list when its status or reason changed, or when it is `renewed`. */
function withCondition(list: readonly Condition[], verdict: Verdict, now: number, renewed = false): Condition[] {
  const old = list.find(({ type }) => type === verdict.type);
  if (!renewed && old?.status === verdict.status && old.reason === verdict.reason) return [...list];
  const time = toTime(now);
  const lastTransitionTime = old?.status === verdict.status ? old.lastTransitionTime : time;
  const rest = list.filter(({ type }) => type !== verdict.type);
  return [...rest, { ...verdict, lastUpdateTime: time, lastTransitionTime }];
}

/** The status with one more fact about progress. */
export function withProgress(status: DeploymentStatus, verdict: Omit<Verdict, 'type'>, now: number): DeploymentStatus {
  const conditions = withCondition(status.conditions ?? [], { type: PROGRESSING, ...verdict }, now);
  return { ...status, conditions };
}

function counts(family: Family): DeploymentStatus {
  const sets = allOf(family);
  const available = sum(sets, availableOf);
  const found: DeploymentStatus = {
    observedGeneration: family.deployment.metadata.generation ?? 0,
    replicas: sum(sets, ({ status }) => status?.replicas ?? 0),
    updatedReplicas: family.current?.status?.replicas ?? 0,
    readyReplicas: sum(sets, ({ status }) => status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(sets, replicasOf) - available),
  };
  return Object.fromEntries(Object.entries(found).filter(([, count]) => count !== 0));
}

/** Counts and availability, with the progress as it was last told. */
export function countedStatus(family: Family, now: number): DeploymentStatus {
  const { deployment } = family;
  const { collisionCount, conditions = [] } = deployment.status ?? {};
  const counted = counts(family);
  const isAvailable = (counted.availableReplicas ?? 0) >= replicasOf(deployment) - bounds(deployment).maxUnavailable;
  const verdict: Verdict = isAvailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
  return {
    ...counted,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: withCondition(conditions, verdict, now),
  };
}

function hasMoved(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas;
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** Milliseconds until no progress is too long without it; undefined when there is nothing to wait for. */
export function deadlineIn(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const condition = status.conditions?.find(({ type }) => type === PROGRESSING);
  const seconds = deployment.spec.progressDeadlineSeconds;
  const isWaiting = condition !== undefined && ![AVAILABLE_REASON, DEADLINE_REASON].includes(condition.reason);
  if (!isWaiting || seconds === undefined || isComplete(deployment, status)) return undefined;
  return Date.parse(condition.lastUpdateTime ?? condition.lastTransitionTime) + seconds * 1000 - now;
}

/** It was told as complete, and all pods are of the current revision. */
const isSettled = (deployment: Deployment, { replicas = 0, updatedReplicas = 0 }: DeploymentStatus): boolean =>
  replicas === updatedReplicas && progressingOf(deployment)?.reason === AVAILABLE_REASON;

/** Whose progress is told. */
const subjectOf = ({ deployment, current }: Family): string =>
  current === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${current.metadata.name}"`;

/** The status of a rollout under way: counts, availability and how it progresses. */
export function rolloutStatus(family: Family, now: number): DeploymentStatus {
  const { deployment } = family;
  const status = countedStatus(family, now);
  if (deployment.spec.progressDeadlineSeconds === undefined || isSettled(deployment, status)) return status;
  const subject = subjectOf(family);
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return withProgress(status, { status: 'True', reason: AVAILABLE_REASON, message }, now);
  }
  if (hasMoved(deployment.status ?? {}, status)) {
    const moved: Verdict = {
      type: PROGRESSING,
      status: 'True',
      reason: 'ReplicaSetUpdated',
      message: `${subject} is progressing.`,
    };
    return { ...status, conditions: withCondition(status.conditions ?? [], moved, now, true) };
  }
  if ((deadlineIn(deployment, status, now) ?? 1) > 0) return status;
  const message = `${subject} has timed out progressing.`;
  return withProgress(status, { status: 'False', reason: DEADLINE_REASON, message }, now);
}
