// An object that a commit declares, in its namespace.
import type { ObjectRef } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import type { ObjectKey } from '../../api/object-key.ts';
import type { ManifestSource } from '../../ports/source-reader.ts';

export interface DesiredObject {
  key: ObjectKey;
  ref: ObjectRef;
  object: KubeObject;
  /** Lives in a namespace. */
  namespaced: boolean;
  hash: string;
  source: ManifestSource;
}
