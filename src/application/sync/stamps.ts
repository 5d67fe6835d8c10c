// What is sent to the API server for an object: the declared content, the agent's stamps, and, for what a Rollout drives, the live values
// that are the controller's to decide.
import type { HeldNote } from '../../api/annotations.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS, APPLICATION_LABEL, GROUP, POD_TEMPLATE_HASH } from '../../api/names.ts';
import type { RevisionRef } from '../../api/revision.ts';
import { planOf } from '../../rollout/compile.ts';
import { routesOf } from '../revert/dependents.ts';
import { isRecord, recordsIn } from '../../api/json.ts';
import { objectKey, type ObjectKey } from '../../api/object-key.ts';
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
  for (const rollout of rollouts.filter((object) => object.apiVersion.startsWith(`${GROUP}/`))) {
    const namespace = rollout.metadata.namespace ?? '';
    for (const { name } of planOf(rollout)?.services ?? [])
      driven.set(objectKey({ group: '', kind: 'Service', namespace, name }), keepSelectorHash);
    for (const router of routesOf(rollout)) {
      const { resource, kind, namespace: at, name } = router;
      const key = objectKey({ group: resource.group, kind, namespace: at, name });
      const before = driven.get(key);
      driven.set(
        key,
        router.kind === 'DestinationRule'
          ? keepSubsetHashes
          : (applied, live) => router.keep(before?.(applied, live) ?? applied, live),
      );
    }
  }
  return driven;
}

/** A Service's selector is one value for the API server: the hash in it stays the controller's. */
function keepSelectorHash(applied: KubeObject, live: KubeObject): KubeObject {
  const selector = isRecord(live.spec) && isRecord(live.spec['selector']) ? live.spec['selector'] : {};
  const hash = selector[POD_TEMPLATE_HASH];
  if (typeof hash !== 'string' || !isRecord(applied.spec)) return applied;
  const declared = isRecord(applied.spec['selector']) ? applied.spec['selector'] : {};
  return { ...applied, spec: { ...applied.spec, selector: { ...declared, [POD_TEMPLATE_HASH]: hash } } };
}

function keepSubsetHashes(applied: KubeObject, live: KubeObject): KubeObject {
  const hashes = new Map(recordsIn(specOf(live)['subsets']).map((subset) => [subset['name'], hashIn(subset)]));
  const subsets = recordsIn(specOf(applied)['subsets']).map((subset) => {
    const hash = hashes.get(subset['name']);
    const labels = isRecord(subset['labels']) ? subset['labels'] : {};
    return hash === undefined ? subset : { ...subset, labels: { ...labels, [POD_TEMPLATE_HASH]: hash } };
  });
  return subsets.length === 0 ? applied : { ...applied, spec: { ...specOf(applied), subsets } };
}

const specOf = (object: KubeObject): Record<string, unknown> => (isRecord(object.spec) ? object.spec : {});

function hashIn(subset: Record<string, unknown>): string | undefined {
  const hash = isRecord(subset['labels']) ? subset['labels'][POD_TEMPLATE_HASH] : undefined;
  return typeof hash === 'string' ? hash : undefined;
}
