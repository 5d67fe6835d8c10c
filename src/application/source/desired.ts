// An object that a commit declares, in its namespace.
import type { ObjectRef } from '../../api/application.ts';
import type { DeletePolicy, HookPhase } from '../../api/hooks.ts';
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

/** An object that is created when a sync comes to it, and is followed to its end. */
export interface DeclaredHook extends DesiredObject {
  phases: readonly HookPhase[];
  policies: readonly DeletePolicy[];
  /** Its place within a phase. */
  wave: number;
  /** What its name begins with, where each run has a name of its own. */
  generateName: string | undefined;
}
