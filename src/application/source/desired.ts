// What a commit declares: objects with their namespace filled in, their content hash, and where each was written.
import type { ObjectRef } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import { objectKey, nameOf, refOf, type ObjectKey } from '../../api/object-key.ts';
import { contentHash } from './content-hash.ts';
import type { Manifest, Problem, Source } from './manifests.ts';

export interface DesiredObject {
  key: ObjectKey;
  ref: ObjectRef;
  object: KubeObject;
  hash: string;
  source: Source;
}

/** Whether a kind lives in namespaces; undefined when the server does not know the kind (yet). */
export type ScopeOf = (apiVersion: string, kind: string) => boolean | undefined;

/** Kinds whose scope is known without asking, in case they come in the same commit as their definition. */
const CLUSTER_SCOPED = new Set([
  '/Namespace',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'sluice.dev/ClusterAnalysisTemplate',
]);

/** The kinds that files declare, to be looked up before `render`. */
export function kindsIn(objects: readonly KubeObject[]): { apiVersion: string; kind: string }[] {
  const kinds = new Map(objects.map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }]));
  return [...kinds.values()];
}

/** What manifests mean in a namespace. Problems name the file and line; an object that is declared twice names both places. */
export function render(
  manifests: readonly Manifest[],
  namespace: string,
  scopeOf: ScopeOf,
): Result<DesiredObject[], Problem[]> {
  const seen = new Map<string, Source>();
  const problems: Problem[] = [];
  const desired = manifests.map(({ object, source }) => {
    const placed = inNamespace(object, namespace, scopeOf);
    const ref = refOf(placed);
    const key = objectKey(ref);
    const other = seen.get(key);
    if (other) {
      const message = `${nameOf(ref)} is already declared at ${other.path}:${other.line}`;
      problems.push({ path: source.path, line: source.line, message });
    }
    seen.set(key, source);
    return { key, ref, object: placed, hash: contentHash(placed), source };
  });
  return problems.length > 0 ? fail(problems) : ok(desired);
}

function inNamespace(object: KubeObject, namespace: string, scopeOf: ScopeOf): KubeObject {
  const { namespace: own, ...metadata } = object.metadata;
  if (isNamespaced(object, scopeOf)) return { ...object, metadata: { ...metadata, namespace: own ?? namespace } };
  return { ...object, metadata };
}

function isNamespaced(object: KubeObject, scopeOf: ScopeOf): boolean {
  const { group, kind } = refOf(object);
  return scopeOf(object.apiVersion, kind) ?? !CLUSTER_SCOPED.has(`${group}/${kind}`);
}
