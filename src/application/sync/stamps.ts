// What is sent to the API server for an object: the declared content, the agent's stamps, and, for what a Rollout drives, the live values
// that are the controller's to decide.
import type { HeldNote } from '../../api/annotations.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS, APPLICATION_LABEL } from '../../api/names.ts';
import type { RevisionRef } from '../../api/revision.ts';
import { isRollout } from '../revert/dependents.ts';
import { isRecord } from '../../api/json.ts';
import { objectKey, type ObjectKey } from '../../api/object-key.ts';
import { drivenOf, idOf } from '../../traffic/driven-objects.ts';
import { ownerLabel, ownerText, type Owner } from './owner.ts';

export interface Stamps {
  owner: Owner;
  hash: string;
  /** For a Rollout. */
  revision?: RevisionRef;
  held?: HeldNote;
  selfHeal?: boolean;
  receivedAt?: string;
}

/** The declared content with the agent's label and annotations. */
export function stamped(object: KubeObject, stamps: Stamps): KubeObject {
  const { metadata } = object;
  const annotations: Record<string, string> = {
    ...metadata.annotations,
    [ANNOTATIONS.contentHash]: stamps.hash,
    [ANNOTATIONS.owner]: ownerText(stamps.owner),
  };
  if (stamps.revision) annotations[ANNOTATIONS.revision] = JSON.stringify(stamps.revision);
  if (stamps.selfHeal) annotations[ANNOTATIONS.selfHeal] = 'true';
  if (stamps.held) annotations[ANNOTATIONS.held] = JSON.stringify(stamps.held);
  if (stamps.receivedAt !== undefined) annotations[ANNOTATIONS.receivedAt] = stamps.receivedAt;
  const labels = { ...metadata.labels, [APPLICATION_LABEL]: ownerLabel(stamps.owner) };
  return withStoredData({ ...object, metadata: { ...metadata, labels, annotations } });
}

const STAMPS = [APPLICATION_LABEL, ...Object.values(ANNOTATIONS)];

/** Whether a changed field is one of the agent's own marks. */
export const isStamp = (field: string): boolean =>
  STAMPS.some((name) => field === `metadata.labels.${name}` || field === `metadata.annotations.${name}`);

/** A Secret's stringData as the server stores it, so that it can be compared. */
function withStoredData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1' || !isRecord(stringData)) return object;
  // What is no text is left to the API server to refuse.
  if (Object.values(stringData).some((text) => typeof text !== 'string')) return object;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]);
  const data = isRecord(rest['data']) ? rest['data'] : {};
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } } as KubeObject;
}

/** Takes the values over from the live object that a Rollout's controller decides. */
export type KeepLive = (applied: KubeObject, live: KubeObject) => KubeObject;

/** By key, what the Rollouts among `objects` drive: routes keep their weights, Services and subsets the pod hash. */
export function drivenBy(rollouts: readonly KubeObject[]): Map<ObjectKey, KeepLive> {
  const driven = new Map<ObjectKey, KeepLive>();
  for (const rollout of rollouts.filter(isRollout)) {
    for (const object of drivenOf(rollout) ?? []) {
      const key = objectKey(idOf(object));
      const before = driven.get(key);
      driven.set(key, (applied, live) => object.keep(before?.(applied, live) ?? applied, live));
    }
  }
  return driven;
}
