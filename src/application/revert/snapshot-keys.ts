// The key that snapshots are sealed with: a Secret in the controller's own namespace, made once and never changed.
import { randomBytes } from 'node:crypto';
import { isRecord, textIn } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { RESOURCES } from '../../api/names.ts';
import { ApiError } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { SnapshotKeys } from '../ports.ts';

export const KEY_SECRET = 'sluice-snapshot-key';
const BYTES = 32;

/** Reads the key when it is first asked for, and makes it where there is none. A failure is not remembered. */
export function snapshotKeysIn(client: KubeClient, namespace: string): SnapshotKeys {
  let known: Promise<Uint8Array> | undefined;
  return {
    key() {
      known ??= readOrMake(client, namespace).catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      return known;
    },
  };
}

async function readOrMake(client: KubeClient, namespace: string): Promise<Uint8Array> {
  const found = await client.get(RESOURCES.secrets, KEY_SECRET, namespace);
  if (found) return keyIn(found, namespace);
  const key = randomBytes(BYTES);
  try {
    await client.create(RESOURCES.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: KEY_SECRET, namespace },
      data: { key: key.toString('base64') },
    });
    return key;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    const made = await client.get(RESOURCES.secrets, KEY_SECRET, namespace);
    return keyIn(made, namespace);
  }
}

function keyIn(secret: KubeObject | undefined, namespace: string): Uint8Array {
  const text = isRecord(secret?.['data']) ? textIn(secret['data']['key']) : undefined;
  const key = Buffer.from(text ?? '', 'base64');
  if (key.length === BYTES) return key;
  throw new Error(
    `Secret ${namespace}/${KEY_SECRET} must hold ${BYTES} bytes under the key "key"; delete it to have it made anew`,
  );
}
