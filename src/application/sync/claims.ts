// Two Applications and one object: whoever applied it keeps it, and what another declares is never deleted. A claim counts by the mark on
// the live object, which is only there once it was really applied.
import type { Application } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { objectKey, qualifiedName, type ObjectKey } from '../../api/object-key.ts';
import { isOwnedBy, liveOwner, ownerOf } from './owner.ts';

/** The other Application that has applied a live object and still declares it, as `namespace/name`. */
export function claimant(
  key: ObjectKey,
  live: KubeObject,
  app: Application,
  all: readonly Application[],
): string | undefined {
  if (isOwnedBy(live, ownerOf(app))) return undefined;
  const owner = liveOwner(live);
  if (!owner) return undefined;
  const other = all.find(({ metadata }) => metadata.name === owner.name && metadata.namespace === owner.namespace);
  return other && lists(other, key) ? qualifiedName(owner) : undefined;
}

/** Another Application that declares an object, as `namespace/name`. */
export function declarer(key: ObjectKey, app: Application, all: readonly Application[]): string | undefined {
  const other = all.find((one) => one.metadata.uid !== app.metadata.uid && lists(one, key));
  return other && qualifiedName(other.metadata);
}

/** It is on the Application's record, and has not left its Git. */
const lists = ({ status, metadata }: Application, key: ObjectKey): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.resources ?? []).some((entry) => entry.status !== 'PruneSkipped' && objectKey(entry) === key);
