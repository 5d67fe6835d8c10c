// The parts of a pod that the kubelet reads.
import type { ObjectMeta } from '../../../src/api/k8s.ts';
import type { Resource } from '../../../src/api/k8s.ts';

export interface Probe {
  httpGet?: { path?: string; port: number | string };
  periodSeconds?: number;
}

export interface PodContainer {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  ports?: { name?: string; containerPort: number }[];
  readinessProbe?: Probe;
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
}

export interface Pod {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta & { deletionGracePeriodSeconds?: number };
  spec: { nodeName?: string; containers: PodContainer[]; restartPolicy?: 'Always' | 'OnFailure' | 'Never' };
  status?: { phase?: string; podIP?: string };
}

const core = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});
export const PODS = core('pods', 'Pod', true);
export const NODES = core('nodes', 'Node', false);

/** A container's first port, which also its probe and its program take where they name none. */
export const firstPort = (container: PodContainer | undefined): number => container?.ports?.[0]?.containerPort ?? 8080;
