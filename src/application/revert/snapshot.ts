// The stable snapshot of a Rollout: the rendered objects of its last promoted revision, kept in a Secret so that an abort has a target
// whatever has become of the repository. It is sealed for its place: what somebody else put there, or moved there, is not believed.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { isRecord, textIn } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS, APPLICATION_LABEL, GROUP, RESOURCES, VERSION } from '../../api/names.ts';
import { objectKeyOf, type ObjectKey } from '../../api/object-key.ts';
import { revisionRefSchema, type RevisionRef } from '../../api/revision.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import { canonicalJson } from '../../rollout/hash.ts';
import { contentHash } from '../source/content-hash.ts';
import type { DesiredObject } from '../source/desired.ts';
import type { RolloutSet } from './rollout-set.ts';
import { foreignTo, type SnapshotScope } from './snapshot-scope.ts';

export interface SnapshotObject {
  key: ObjectKey;
  object: KubeObject;
  hash: string;
  /** File and text of the document that declared it, for write-back; of what was rendered, the file that says so, and no text. */
  path: string;
  text: string;
}

export interface StableSnapshot {
  revision: RevisionRef;
  /** Hash of the set, as RolloutSet.hash. */
  contentHash: string;
  /** Pod hash that the revision is served by. */
  podHash?: string | undefined;
  /** Rises with every snapshot of a Rollout, so that an earlier one that is put back is known for what it is. */
  sequence: number;
  objects: SnapshotObject[];
}

export const SNAPSHOT_TYPE = `${GROUP}/snapshot`;
/** A Secret may hold 1 MiB; some is left for its metadata. */
const MAX_SNAPSHOT_BYTES = 1_000_000;
const MAX_UNPACKED = 16 * 2 ** 20;
const MAX_OBJECTS = 256;
const MAX_DOCUMENT = 2 * 2 ** 20;

const texts = z.record(z.string(), z.string()).optional();
const payloadSchema = z.object({
  revision: revisionRefSchema,
  contentHash: z.string().max(64),
  podHash: z.string().max(64).optional(),
  sequence: z.int().min(0),
  objects: z
    .array(
      z.object({
        object: z.looseObject({
          apiVersion: z.string().min(1).max(317),
          kind: z.string().min(1).max(63),
          metadata: z.looseObject({
            name: z.string().min(1).max(253),
            namespace: z.string().max(63).optional(),
            labels: texts,
            annotations: texts,
          }),
        }),
        path: z.string().max(1024),
        text: z.string().max(MAX_DOCUMENT),
      }),
    )
    .min(1)
    .max(MAX_OBJECTS),
});

export const snapshotName = (rollout: string): string => `sluice-stable-${rollout}`;

/** The snapshot of a set as it is declared now. */
export function takeSnapshot(
  set: RolloutSet,
  desired: ReadonlyMap<string, DesiredObject>,
  revision: RevisionRef,
  { podHash, sequence = 1 }: { podHash?: string | undefined; sequence?: number } = {},
): StableSnapshot {
  const objects = set.members.flatMap(({ key, hash }) => {
    const found = desired.get(key);
    if (!found) return [];
    const { path, text, rendered = path } = found.source;
    return [{ key, object: found.object, hash, path: rendered, text }];
  });
  return { revision, contentHash: set.hash, ...(podHash === undefined ? {} : { podHash }), sequence, objects };
}

/** Whether a snapshot fits into a Secret. */
export function fitsSecret({ objects, ...rest }: StableSnapshot): boolean {
  const payload = { ...rest, objects: objects.map(({ object, path, text }) => ({ object, path, text })) };
  return isSmall(gzipSync(Buffer.from(canonicalJson(payload), 'utf8')));
}

const isSmall = (packed: Buffer): boolean => packed.length * (4 / 3) <= MAX_SNAPSHOT_BYTES;

/**
 * The Secret of a snapshot, sealed with `key`; undefined when it would be larger than a Secret may be. It belongs to the Application and
 * not to the Rollout, which it shall outlive; an owner in another namespace there is none.
 */
export function snapshotSecret(
  snapshot: StableSnapshot,
  scope: SnapshotScope,
  key: Uint8Array,
): KubeObject | undefined {
  const packed = pack(snapshot, scope);
  if (!isSmall(packed)) return undefined;
  const { application, namespace } = scope;
  const owner = { apiVersion: `${GROUP}/${VERSION}`, kind: RESOURCES.applications.kind, name: application.name };
  const isNear = application.namespace === namespace && application.uid !== undefined;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: SNAPSHOT_TYPE,
    metadata: {
      name: snapshotName(scope.rollout),
      namespace,
      // For people: what counts is sealed.
      annotations: {
        [ANNOTATIONS.revision]: JSON.stringify(snapshot.revision),
        [APPLICATION_LABEL]: application.name,
      },
      ...(isNear ? { ownerReferences: [{ ...owner, uid: application.uid ?? '' }] } : {}),
    },
    data: { snapshot: packed.toString('base64'), seal: seal(packed, scope, key).toString('base64') },
  };
}

function pack({ objects, ...rest }: StableSnapshot, scope: SnapshotScope): Buffer {
  const admitted = objects.filter((each) => foreignTo([each], objects, scope) === undefined);
  const payload = { ...rest, objects: admitted.map(({ object, path, text }) => ({ object, path, text })) };
  return gzipSync(Buffer.from(canonicalJson(payload), 'utf8'));
}

/** Over the place as well as the content, revision included: a snapshot is no good anywhere else. */
function seal(packed: Uint8Array, { namespace, rollout, application }: SnapshotScope, key: Uint8Array): Buffer {
  const place = canonicalJson([SNAPSHOT_TYPE, 2, namespace, rollout, `${application.namespace}/${application.name}`]);
  return createHmac('sha256', key).update(`${place}\n`).update(packed).digest();
}

/** The snapshot in a Secret; undefined where there is none; why it is not believed, as what follows `the stable revision on record`. */
export function readSnapshot(
  secret: KubeObject | undefined,
  scope: SnapshotScope,
  key: Uint8Array,
): Result<StableSnapshot | undefined, string> {
  if (secret === undefined) return ok(undefined);
  const data = isRecord(secret['data']) ? secret['data'] : {};
  const [packed, sealed] = [decoded(data['snapshot']), decoded(data['seal'])];
  if (secret['type'] !== SNAPSHOT_TYPE || !packed) return fail('is none: the Secret holds something else');
  if (!sealed) return fail('is not sealed: it is of an earlier version, or somebody else wrote it');
  const wanted = seal(packed, scope, key);
  if (sealed.length !== wanted.length || !timingSafeEqual(sealed, wanted))
    return fail('was not written by Sluice for this Rollout: its seal does not fit');
  return opened(packed, scope);
}

function opened(packed: Buffer, scope: SnapshotScope): Result<StableSnapshot, string> {
  let content: unknown;
  try {
    content = JSON.parse(gunzipSync(packed, { maxOutputLength: MAX_UNPACKED }).toString('utf8'));
  } catch {
    return fail('is damaged');
  }
  const parsed = payloadSchema.safeParse(content);
  if (!parsed.success) return fail('is damaged: it has another form');
  const objects = parsed.data.objects.map(({ object: loose, path, text }) => {
    const object = loose as KubeObject;
    return { key: objectKeyOf(object), object, hash: contentHash(object), path, text };
  });
  const foreign = foreignTo(objects, objects, scope);
  return foreign === undefined ? ok({ ...parsed.data, objects }) : fail(foreign);
}

function decoded(value: unknown): Buffer | undefined {
  const text = textIn(value);
  return text === undefined || text.length > 2 * MAX_SNAPSHOT_BYTES ? undefined : Buffer.from(text, 'base64');
}
