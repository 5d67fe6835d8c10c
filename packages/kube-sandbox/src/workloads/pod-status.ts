// The statuses that a kubelet writes, as pure functions of the pod, the time and what happened.
import { equal } from '../apiserver/json.ts';
import { toTime } from '../clock.ts';
import type { ContainerStatus, Pod, PodCondition, PodStatus } from './pod.ts';

/** What is the same for every status of one pod. */
export interface Writing {
  /** Milliseconds since the epoch. */
  now: number;
  podIP: string;
  /** A fresh container id. */
  newId: () => string;
}

const names = (statuses: readonly ContainerStatus[]): string => statuses.map(({ name }) => name).join(' ');

/** True when every readiness gate of the pod is open. */
function gatesAreOpen(pod: Pod): boolean {
  const gates = (pod.spec['readinessGates'] ?? []) as { conditionType: string }[];
  return gates.every(({ conditionType }) =>
    pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
  );
}

type Judged = Pick<PodCondition, 'status' | 'reason' | 'message'>;

function judge(pod: Pod, statuses: readonly ContainerStatus[]): Record<string, Judged> {
  const unready = statuses.filter(({ ready }) => !ready);
  const ended = pod.status?.phase === 'Succeeded';
  const why: Judged = ended
    ? { status: 'False', reason: 'PodCompleted' }
    : {
        status: 'False',
        reason: 'ContainersNotReady',
        message: `containers with unready status: [${names(unready)}]`,
      };
  const containers: Judged = unready.length === 0 ? { status: 'True' } : why;
  const gated: Judged = {
    status: 'False',
    reason: 'ReadinessGatesNotReady',
    message: 'not every readiness gate of the pod is True',
  };
  return {
    PodScheduled: { status: 'True' },
    Initialized: { status: 'True' },
    ContainersReady: containers,
    Ready: containers.status === 'True' && !gatesAreOpen(pod) ? gated : containers,
  };
}

/** The conditions that follow from the containers; a condition keeps its time while its status stays, and others stay as they are. */
function conditionsOf(pod: Pod, statuses: readonly ContainerStatus[], now: number): PodCondition[] {
  const before = pod.status?.conditions ?? [];
  const judged = judge(pod, statuses);
  const own = Object.entries(judged).map(([type, verdict]): PodCondition => {
    const old = before.find((condition) => condition.type === type);
    const since = old?.status === verdict.status ? old.lastTransitionTime : undefined;
    return { type, ...verdict, lastProbeTime: null, lastTransitionTime: since ?? toTime(now) };
  });
  return [...before.filter(({ type }) => judged[type] === undefined), ...own];
}

const settled = (pod: Pod, status: PodStatus, now: number): PodStatus => ({
  ...status,
  conditions: conditionsOf({ ...pod, status }, status.containerStatuses ?? [], now),
});

const statusesOf = (pod: Pod): ContainerStatus[] =>
  pod.spec.containers.map(({ name, image = '' }) => {
    const before = pod.status?.containerStatuses?.find((status) => status.name === name);
    return {
      name,
      image,
      imageID: '',
      ready: false,
      started: false,
      restartCount: before?.restartCount ?? 0,
      state: {},
      lastState: before?.lastState ?? {},
    };
  });

const hostOf = ({ now, podIP }: Writing): PodStatus => ({
  hostIP: '10.0.0.1',
  hostIPs: [{ ip: '10.0.0.1' }],
  podIP,
  podIPs: [{ ip: podIP }],
  startTime: toTime(now),
});

/** Bound to the node, and an image cannot be had. */
export function pullFailing(pod: Pod, images: ReadonlySet<string>, { now }: Writing): PodStatus {
  const containerStatuses = statusesOf(pod).map((status) => ({
    ...status,
    state: images.has(status.image)
      ? {
          waiting: {
            reason: 'ErrImagePull',
            message: `failed to pull and unpack image "${status.image}": not found`,
          },
        }
      : { waiting: { reason: 'ContainerCreating' } },
  }));
  const startTime = pod.status?.['startTime'] ?? toTime(now);
  return settled(pod, { ...pod.status, phase: 'Pending', startTime, containerStatuses }, now);
}

/** All containers have started; none is ready yet. */
export function running(pod: Pod, writing: Writing): PodStatus {
  const { now, newId } = writing;
  const containerStatuses = statusesOf(pod).map((status) => ({
    ...status,
    imageID: status.image,
    started: true,
    containerID: newId(),
    state: { running: { startedAt: toTime(now) } },
  }));
  return settled(pod, { ...pod.status, phase: 'Running', ...hostOf(writing), containerStatuses }, now);
}

/** The containers pass their readiness checks, or no longer do. */
export function withReadiness(pod: Pod, ready: boolean, now: number): PodStatus {
  const containerStatuses = (pod.status?.containerStatuses ?? []).map((status) => ({ ...status, ready }));
  return settled(pod, { ...pod.status, containerStatuses }, now);
}

function ended(status: ContainerStatus, exitCode: number, now: number): Record<string, unknown> {
  const startedAt = (status.state['running'] as { startedAt?: string } | undefined)?.startedAt ?? toTime(now);
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  const { containerID = '' } = status;
  return { terminated: { exitCode, reason, startedAt, finishedAt: toTime(now), containerID } };
}

/** The containers ended with this code and were started again. */
export function restarted(pod: Pod, exitCode: number, { now, newId }: Writing): PodStatus {
  const containerStatuses = (pod.status?.containerStatuses ?? []).map((status) => ({
    ...status,
    ready: false,
    restartCount: status.restartCount + 1,
    lastState: ended(status, exitCode, now),
    containerID: newId(),
    state: { running: { startedAt: toTime(now) } },
  }));
  return settled(pod, { ...pod.status, containerStatuses }, now);
}

/** The containers ended with this code for good. */
export function completed(pod: Pod, exitCode: number, now: number): PodStatus {
  const containerStatuses = (pod.status?.containerStatuses ?? []).map((status) => ({
    ...status,
    ready: false,
    started: false,
    state: ended(status, exitCode, now),
  }));
  const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
  return settled(pod, { ...pod.status, phase, containerStatuses }, now);
}

/** False when the two say the same. */
export const differs = (status: PodStatus, pod: Pod): boolean => !equal(status, pod.status);
