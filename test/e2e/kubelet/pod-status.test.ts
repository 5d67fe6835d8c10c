// What the suite's kubelet tells of a pod, as a real one would.
import { expect, test } from 'vitest';
import type { Pod } from './pod.ts';
import { podStatus, type ContainerState, type PodState } from './pod-status.ts';

const pod = (restartPolicy: 'Always' | 'Never' = 'Always'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop' },
  spec: { containers: [{ name: 'web', image: 'shop/web:v1' }], restartPolicy },
});
const running: ContainerState = { ready: true, restarts: 0, runningSince: 1000, pid: 7 };
const status = (container: ContainerState, rest: Partial<PodState> = {}): Record<string, unknown> =>
  podStatus({
    pod: pod(),
    ip: '10.244.1.1',
    startedAt: 0,
    readyChangedAt: 2000,
    stopping: false,
    containers: new Map([['web', container]]),
    ...rest,
  }) as Record<string, unknown>;
const ready = (told: Record<string, unknown>): unknown =>
  (told['conditions'] as { type: string; status: string }[]).find(({ type }) => type === 'Ready')?.status;

test('a pod whose container runs and answers is Running and Ready, with its address', () => {
  const told = status(running);
  expect(told).toMatchObject({ phase: 'Running', podIP: '10.244.1.1', podIPs: [{ ip: '10.244.1.1' }] });
  expect(ready(told)).toBe('True');
});

test('one whose image does not exist is Pending and says why', () => {
  const told = status({ ready: false, restarts: 0, waiting: 'ErrImagePull' });
  expect(told).toMatchObject({
    phase: 'Pending',
    containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull' } } }],
  });
  expect(ready(told)).toBe('False');
});

test('one that is being deleted is not Ready though it still runs, so that proxies let go of it', () => {
  const told = status(running, { stopping: true });
  expect(told['phase']).toBe('Running');
  expect(ready(told)).toBe('False');
});

test('one that ended and is not to be started again has Succeeded or Failed', () => {
  const ended = (exitCode: number): ContainerState => ({ ready: false, restarts: 0, exitCode, endedAt: 3000 });
  expect(status(ended(0), { pod: pod('Never') })['phase']).toBe('Succeeded');
  expect(status(ended(1), { pod: pod('Never') })['phase']).toBe('Failed');
  expect(status({ ...ended(1), restarts: 1 })['phase']).toBe('Running');
});
