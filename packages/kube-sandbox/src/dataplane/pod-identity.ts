// Who a pod is to the data plane: its name, its revision and its workload; and whether it can take requests.
import type { KubeObject } from '../objects.ts';
import { at, dictOr, listOr, textOr } from '../apiserver/json.ts';

/** By which revisions are told apart: the label of the field's Rollouts, then that of Deployments. */
const REVISION_LABELS = ['rollouts-pod-template-hash', 'pod-template-hash'];

export interface PodIdentity {
  uid: string;
  namespace: string;
  name: string;
  /** Tag of the first container's image; its digest when it has no tag. */
  version: string;
  /** Hash of the revision, or empty. */
  podHash: string;
  /** The workload that owns the pod: the ReplicaSet's name without the hash. */
  workload: string;
}

export function identityOf(pod: KubeObject): PodIdentity {
  const { metadata } = pod;
  const labels = metadata.labels ?? {};
  const podHash = REVISION_LABELS.map((label) => labels[label]).find((hash) => hash !== undefined) ?? '';
  const owner = metadata.ownerReferences?.find((ref) => ref.controller === true)?.name ?? metadata.name;
  return {
    uid: metadata.uid ?? `${metadata.namespace ?? ''}/${metadata.name}`,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    version: versionOf(textOr(dictOr(listOr(at(pod.spec, 'containers'))[0])['image'])),
    podHash,
    workload: workloadOf(owner, podHash),
  };
}

function workloadOf(owner: string, podHash: string): string {
  const ending = `-${podHash}`;
  return podHash !== '' && owner.endsWith(ending) ? owner.slice(0, -ending.length) : owner;
}

/** `latest` where an image names neither a tag nor a digest. */
export function versionOf(image: string): string {
  const [name = '', digest] = image.split('@');
  const tag = /:([^:/]+)$/.exec(name)?.[1];
  return tag ?? digest ?? 'latest';
}

/** The first container runs and has an address: whether it is ready is for the Services to judge. */
export function isRunning(pod: KubeObject): boolean {
  if (at(pod.status, 'phase') !== 'Running' || textOr(at(pod.status, 'podIP')) === '') return false;
  const state = dictOr(dictOr(listOr(at(pod.status, 'containerStatuses'))[0])['state']);
  return state['waiting'] === undefined && state['terminated'] === undefined;
}

/** Services send requests to it. */
export function isEndpoint(pod: KubeObject): boolean {
  const ready = listOr(at(pod.status, 'conditions')).map(dictOr);
  const isReady = ready.some((condition) => condition['type'] === 'Ready' && condition['status'] === 'True');
  return isReady && isRunning(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** Counts the starts of the first container: its environment is read once per start. */
export const startsOf = (pod: KubeObject): number =>
  Number(dictOr(listOr(at(pod.status, 'containerStatuses'))[0])['restartCount'] ?? 0);
