// The stable snapshot of a Rollout: the rendered objects of its last promoted revision, kept in a Secret so that an abort has a target
// whatever has become of the repository.
import { gunzipSync, gzipSync } from 'node:zlib';
import { APPLICATION_LABEL, ANNOTATIONS, GROUP, POD_TEMPLATE_HASH } from '../../api/names.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { parseRevision, type RevisionRef } from '../../api/revision.ts';
import type { DesiredObject } from '../source/desired.ts';
import { isRecord } from '../../api/json.ts';
import { objectKeyOf, type ObjectKey } from '../../api/object-key.ts';
import type { RolloutSet } from './rollout-set.ts';

export interface SnapshotObject {
  key: ObjectKey;
  object: KubeObject;
  hash: string;
  /** File and text of the document that declared it, for write-back. */
  path: string;
  text: string;
}

export interface StableSnapshot {
  revision: RevisionRef;
  /** Hash of the set, as RolloutSet.hash. */
  contentHash: string;
  /** Pod hash that the revision is served by; unknown for snapshots of earlier versions. */
  podHash?: string | undefined;
  objects: SnapshotObject[];
}

export const SNAPSHOT_TYPE = `${GROUP}/snapshot`;
/** A Secret may hold 1 MiB; some is left for its metadata. */
export const MAX_SNAPSHOT_BYTES = 1_000_000;
const MAX_UNPACKED = 64 * 2 ** 20;

export const snapshotName = (rollout: string): string => `sluice-stable-${rollout}`;

/** The snapshot of a set as it is declared now. */
export function takeSnapshot(
  set: RolloutSet,
  desired: ReadonlyMap<string, DesiredObject>,
  revision: RevisionRef,
  podHash?: string,
): StableSnapshot {
  const objects = set.members.flatMap(({ key, hash }) => {
    const found = desired.get(key);
    if (!found) return [];
    return [{ key, object: found.object, hash, path: found.source.path, text: found.source.text }];
  });
  return { revision, contentHash: set.hash, ...(podHash === undefined ? {} : { podHash }), objects };
}

/** The Secret of a snapshot, owned by its Rollout; undefined when it would be larger than a Secret may be. */
export function snapshotSecret(snapshot: StableSnapshot, rollout: KubeObject, app: string): KubeObject | undefined {
  const packed = gzipSync(Buffer.from(JSON.stringify(snapshot.objects), 'utf8')).toString('base64');
  if (packed.length > MAX_SNAPSHOT_BYTES) return undefined;
  const { name, namespace = '', uid = '' } = rollout.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: SNAPSHOT_TYPE,
    metadata: {
      name: snapshotName(name),
      namespace,
      annotations: {
        [ANNOTATIONS.revision]: JSON.stringify(snapshot.revision),
        [ANNOTATIONS.contentHash]: snapshot.contentHash,
        ...(snapshot.podHash === undefined ? {} : { [POD_TEMPLATE_HASH]: snapshot.podHash }),
        [APPLICATION_LABEL]: app,
      },
      ownerReferences: [{ apiVersion: rollout.apiVersion, kind: rollout.kind, name, uid }],
    },
    data: { snapshot: packed },
  };
}

/** The snapshot in a Secret; undefined for anything else or when it is damaged. */
export function readSnapshot(secret: KubeObject | undefined): StableSnapshot | undefined {
  if (secret?.['type'] !== SNAPSHOT_TYPE || !isRecord(secret['data'])) return undefined;
  const annotations = secret.metadata.annotations ?? {};
  const revision = parseRevision(annotations[ANNOTATIONS.revision]);
  const contentHash = annotations[ANNOTATIONS.contentHash];
  const packed = secret['data']['snapshot'];
  if (!revision || contentHash === undefined || typeof packed !== 'string') return undefined;
  try {
    const text = gunzipSync(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_UNPACKED }).toString('utf8');
    const objects = (JSON.parse(text) as SnapshotObject[]).map((item) => ({ ...item, key: objectKeyOf(item.object) }));
    return { revision, contentHash, podHash: annotations[POD_TEMPLATE_HASH], objects };
  } catch {
    return undefined;
  }
}

export { parseRevision } from '../../api/revision.ts';
