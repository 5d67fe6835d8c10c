// Pods as the workload controllers see them: the part of their shape that matters here, and what their status says.
import type { KubeObject, ObjectMeta, OwnerReference, PodSpec, PodTemplate } from '../objects.ts';

export interface PodCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastProbeTime?: null;
  lastTransitionTime?: string;
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  containerID?: string;
  state: Record<string, unknown>;
  lastState: Record<string, unknown>;
}

export interface PodStatus {
  phase?: string;
  podIP?: string;
  conditions?: PodCondition[];
  containerStatuses?: ContainerStatus[];
  [field: string]: unknown;
}

export interface Pod extends KubeObject {
  metadata: ObjectMeta & { deletionGracePeriodSeconds?: number };
  spec: PodSpec & { nodeName?: string; restartPolicy?: string };
  status?: PodStatus;
}

export const POD = { group: '', kind: 'Pod' };
/** Name of the index of objects by the uid of their controller. */
export const BY_CONTROLLER = 'controller';

export const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

export function controllerIndexer(object: KubeObject): string[] {
  const owner = controllerOf(object);
  return owner === undefined ? [] : [owner.uid];
}

/** The reference by which `owner` controls what it made. */
export const controlledBy = (owner: KubeObject): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
});

/** A pod that `owner` makes of its template. */
export function podOf(owner: KubeObject, template: PodTemplate, finalizers?: string[]): KubeObject {
  const { metadata = {}, spec } = template;
  const { name, namespace = '' } = owner.metadata;
  const { labels, annotations } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: '',
      generateName: `${name}-`,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controlledBy(owner)],
    },
    spec,
  };
}

export const isDeleted = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

export const hasEnded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Counts for its owner: neither ended nor on its way out. */
export const isActive = (pod: Pod): boolean => !hasEnded(pod) && !isDeleted(pod);

export const readyCondition = (pod: Pod): PodCondition | undefined =>
  pod.status?.conditions?.find(({ type }) => type === 'Ready');

export const isReady = (pod: Pod): boolean => readyCondition(pod)?.status === 'True';

/** Milliseconds until a ready pod has been so for `minReadySeconds`; 0 when it is available, undefined when it is not ready. */
export function availableIn(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const since = Date.parse(readyCondition(pod)?.lastTransitionTime ?? '');
  if (Number.isNaN(since)) return undefined;
  return Math.max(0, since + minReadySeconds * 1000 - now);
}
