// Hashes of declared content: two commits that declare the same have the same.
import type { KubeObject } from '../../api/k8s.ts';
import { shortHash } from '../../rollout/hash.ts';

/** Hash of what was declared; stamps are added later and do not count. */
export const contentHash = (object: KubeObject): string => shortHash(object);

/** Hash of a set of objects, whatever their order. */
export function setHash(objects: readonly { key: string; hash: string }[]): string {
  const pairs: [string, string][] = objects.map(({ key, hash }) => [key, hash]);
  return shortHash(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}
