// The kinds that a commit itself defines: CustomResourceDefinitions among its manifests, for objects of the same commit.
import { isRecord, recordsIn } from '../../api/json.ts';
import { objectKeyOf, type ObjectKey } from '../../api/object-key.ts';
import type { Manifest } from '../../ports/source-reader.ts';

export interface Definition {
  /** Of the CustomResourceDefinition. */
  key: ObjectKey;
  namespaced: boolean;
  /** Of the versions that are served, by name; undefined for one without a schema. */
  schemas: ReadonlyMap<string, object | undefined>;
}

/** By `group/Kind`. */
export type Definitions = ReadonlyMap<string, Definition>;

/** The kinds that these manifests define. */
export function definitionsIn(manifests: readonly Manifest[]): Definitions {
  const kinds = new Map<string, Definition>();
  for (const { object } of manifests) {
    if (object.kind !== 'CustomResourceDefinition' || !isRecord(object.spec)) continue;
    const { group, names, scope, versions } = object.spec;
    if (typeof group !== 'string' || !isRecord(names) || typeof names['kind'] !== 'string') continue;
    const { namespace: _none, ...metadata } = object.metadata;
    kinds.set(`${group}/${names['kind']}`, {
      key: objectKeyOf({ ...object, metadata }),
      namespaced: scope === 'Namespaced',
      schemas: new Map(recordsIn(versions).flatMap(servedVersion)),
    });
  }
  return kinds;
}

function servedVersion({ name, served, schema }: Record<string, unknown>): [string, object | undefined][] {
  if (typeof name !== 'string' || served !== true) return [];
  const root = isRecord(schema) ? schema['openAPIV3Schema'] : undefined;
  return [[name, isRecord(root) ? root : undefined]];
}
