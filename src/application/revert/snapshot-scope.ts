// Where a snapshot belongs, and what may be in it: the Rollout, what it names in its own namespace, and files below the source's path.
import type { KubeObject } from '../../api/k8s.ts';
import { GROUP, RESOURCES } from '../../api/names.ts';
import { nameOf, objectKey, refOf, type ObjectKey } from '../../api/object-key.ts';
import { dependencyKeys } from './dependents.ts';

export interface SnapshotScope {
  namespace: string;
  /** Name of the Rollout. */
  rollout: string;
  application: { namespace: string; name: string; uid?: string | undefined };
  /** `spec.source.path`; empty: the root. */
  sourcePath: string;
  /** Whether routes of other namespaces may be driven, and so go back. */
  crossNamespace: boolean;
}

interface Content {
  key: ObjectKey;
  object: KubeObject;
  path: string;
}

/** What of `parts` has no place in a snapshot that holds `all`, as what follows `the stable revision on record`. */
export function foreignTo(
  parts: readonly Content[],
  all: readonly Content[],
  scope: SnapshotScope,
): string | undefined {
  const { namespace, rollout: name } = scope;
  const key = objectKey({ group: GROUP, kind: RESOURCES.rollouts.kind, namespace, name });
  const rollout = all.find((each) => each.key === key)?.object;
  if (!rollout) return `does not hold Rollout ${namespace}/${name}`;
  const allowed = dependencyKeys(rollout).add(key);
  for (const { key: own, object, path } of parts) {
    const what = nameOf(refOf(object));
    if (!allowed.has(own) || isReserved(object)) return `holds ${what}, which is not part of the Rollout`;
    if (object.metadata.namespace !== namespace && !scope.crossNamespace)
      return `holds ${what}, which is in another namespace`;
    if (!isCleanPath(path, scope.sourcePath)) return `names a file outside spec.source.path: ${JSON.stringify(path)}`;
  }
  return undefined;
}

/** Sluice's own Secrets are never part of a revision. */
const isReserved = ({ kind, metadata }: KubeObject): boolean =>
  kind === 'Secret' && metadata.name.startsWith('sluice-');

/** A relative path below `folder` that no file system and no Git reads as anything else. */
export function isCleanPath(path: string, folder: string): boolean {
  const base = folder.replace(/^\.?\/*|\/+$/g, '');
  if (path === '' || path.length > 1024 || /[\\\p{Cc}]/u.test(path)) return false;
  if (base !== '' && !path.startsWith(`${base}/`)) return false;
  return path
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !/^(\.git|git~\d)/i.test(part));
}
