// What a kubelet writes into a pod's status: a pure function of its containers.
import { toTime } from '../../../src/ports/clock.ts';
import type { Pod } from './pod.ts';

export interface ContainerState {
  /** Why it does not run yet, as `ErrImagePull`. */
  waiting?: string | undefined;
  runningSince?: number | undefined;
  pid?: number | undefined;
  ready: boolean;
  restarts: number;
  /** Of its last run. */
  exitCode?: number | undefined;
  endedAt?: number | undefined;
}

export interface PodState {
  pod: Pod;
  ip: string;
  startedAt: number;
  /** When readiness last changed. */
  readyChangedAt: number;
  /** It is being deleted: not ready, though its containers still run. */
  stopping: boolean;
  containers: ReadonlyMap<string, ContainerState>;
}

const time = (ms: number | undefined): string => toTime(ms ?? 0);

export const isReady = (state: PodState): boolean =>
  !state.stopping && [...state.containers.values()].every((container) => container.ready);

function phaseOf(state: PodState): string {
  const all = [...state.containers.values()];
  const restarts = state.pod.spec.restartPolicy ?? 'Always';
  const ended = all.every((c) => c.runningSince === undefined && c.exitCode !== undefined);
  const good = all.every((c) => c.exitCode === 0);
  if (ended && (restarts === 'Never' || (restarts === 'OnFailure' && good))) return good ? 'Succeeded' : 'Failed';
  return all.some((c) => c.runningSince !== undefined || c.restarts > 0) ? 'Running' : 'Pending';
}

function containerState(state: ContainerState): object {
  if (state.runningSince !== undefined) return { running: { startedAt: time(state.runningSince) } };
  if (state.waiting !== undefined) return { waiting: { reason: state.waiting } };
  if (state.exitCode === undefined) return { waiting: { reason: 'ContainerCreating' } };
  const reason = state.exitCode === 0 ? 'Completed' : 'Error';
  return { terminated: { exitCode: state.exitCode, reason, finishedAt: time(state.endedAt) } };
}

function containerStatus(state: PodState, { name, image }: { name: string; image: string }): object {
  const container = state.containers.get(name) ?? { ready: false, restarts: 0 };
  return {
    name,
    image,
    imageID: image,
    containerID: container.pid === undefined ? '' : `process://${container.pid}`,
    ready: container.ready && !state.stopping,
    started: container.runningSince !== undefined,
    restartCount: container.restarts,
    state: containerState(container),
  };
}

export function podStatus(state: PodState): object {
  const ready = isReady(state);
  const condition = (type: string, holds: boolean, at: number): object => ({
    type,
    status: holds ? 'True' : 'False',
    lastTransitionTime: time(at),
  });
  return {
    phase: phaseOf(state),
    podIP: state.ip,
    podIPs: [{ ip: state.ip }],
    hostIP: '127.0.0.1',
    startTime: time(state.startedAt),
    conditions: [
      condition('PodScheduled', true, state.startedAt),
      condition('Initialized', true, state.startedAt),
      condition('ContainersReady', ready, state.readyChangedAt),
      condition('Ready', ready, state.readyChangedAt),
    ],
    containerStatuses: state.pod.spec.containers.map((container) => containerStatus(state, container)),
  };
}
