// The one node of the sandbox, as an object: pods are bound to it, and `kubectl get nodes` shows it.
import type { KubeObject } from '../objects.ts';
import { toTime } from '../clock.ts';
import { StatusError } from '../apiserver/errors.ts';
import type { ObjectStore } from '../apiserver/store.ts';

export const NODE_NAME = 'sandbox';

const NODE = { group: '', kind: 'Node' };
const CAPACITY = { cpu: '64', memory: '256Gi', pods: '100000', 'ephemeral-storage': '1Ti' };

/** Makes the node unless there is one; a server that serves no nodes does without. `now` in milliseconds. */
export function ensureNode(store: ObjectStore, now: number): void {
  const labels = { 'kubernetes.io/hostname': NODE_NAME, 'kubernetes.io/os': 'linux' };
  try {
    const present = store.get(NODE, NODE_NAME);
    const made =
      present ??
      store.create(NODE, { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE_NAME, labels }, spec: {} });
    if (present === undefined) store.updateStatus(NODE, { ...made, status: nodeStatus(made, now) });
  } catch (error) {
    if (!(error instanceof StatusError && error.code === 404)) throw error;
  }
}

function nodeStatus(node: KubeObject, now: number): Record<string, unknown> {
  const time = toTime(now);
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
    lastHeartbeatTime: time,
    lastTransitionTime: time,
  };
  return {
    ...(node.status as Record<string, unknown> | undefined),
    capacity: CAPACITY,
    allocatable: CAPACITY,
    conditions: [ready],
    addresses: [
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'Hostname', address: NODE_NAME },
    ],
  };
}
