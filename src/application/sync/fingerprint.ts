// What an answer about an object hangs on: its declared content and stamps, and of the live object all but its status and the server's
// book-keeping. As long as the fingerprint is the same the answer is, and nobody is asked again.
import type { KubeObject } from '../../api/k8s.ts';
import { shortHash } from '../../rollout/hash.ts';
import { foreignEntries } from './managed-fields.ts';

/** Objects of caches are replaced, never changed: what was hashed once needs no second look. */
const essences = new WeakMap<KubeObject, string>();

/** Fingerprint of a body over a live object; `absent` where there is none. */
export const fingerprintOf = (bodyHash: string, live: KubeObject | undefined): string =>
  `${bodyHash}/${live === undefined ? 'absent' : essenceOf(live)}`;

function essenceOf(live: KubeObject): string {
  const known = essences.get(live);
  if (known !== undefined) return known;
  const { status: _status, metadata, ...content } = live;
  const { managedFields: _managed, resourceVersion: _version, generation: _generation, ...own } = metadata;
  const others = foreignEntries(live).map(({ manager, operation, subresource, fields }) => [
    manager,
    operation,
    subresource,
    fields,
  ]);
  const essence = shortHash([content, own, others]);
  essences.set(live, essence);
  return essence;
}

/** The part of a fingerprint that tells the body. */
export const bodyOfFingerprint = (fingerprint: string): string => fingerprint.split('/', 1)[0] ?? '';
