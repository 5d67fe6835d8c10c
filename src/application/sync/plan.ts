// What to apply and in which order, and what to delete. Pure: a plan is data.
import type { Hold, ObjectRef, ResourceStatus } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import type { HeldNote } from '../../api/annotations.ts';
import { isRollout } from '../revert/dependents.ts';
import type { DesiredObject } from '../source/desired.ts';
import { holdKey } from '../revert/hold.ts';
import { objectKey, refOf, type ObjectKey } from '../../api/object-key.ts';
import type { StableSnapshot } from '../revert/snapshot.ts';

/** An object as it shall be in the cluster now. */
export interface WantedObject {
  key: ObjectKey;
  ref: ObjectRef;
  object: KubeObject;
  hash: string;
  /** File that declares it. */
  path: string;
  /** Set while content of a hold is kept back and this is what is applied instead. */
  hold?: Hold;
}

export interface Wanted {
  objects: WantedObject[];
  /** Declared, but kept back without something to put in their place: neither applied nor deleted. */
  keptBack: { key: ObjectKey; ref: ObjectRef; hold: Hold }[];
}

/** What Git declares, with the stable content in place of what is held. */
export function wantedObjects(
  desired: readonly DesiredObject[],
  holds: readonly Hold[],
  snapshots: ReadonlyMap<string, StableSnapshot>,
): Wanted {
  const declared = new Map(desired.map((object) => [object.key, object]));
  const wanted = new Map<string, WantedObject>(
    desired.map(({ key, ref, object, hash, source }) => [key, { key, ref, object, hash, path: source.path }]),
  );
  const keptBack: Wanted['keptBack'] = [];
  for (const hold of holds) {
    const snapshot = snapshots.get(holdKey(hold));
    if (!snapshot) continue;
    const stable = new Set(snapshot.objects.map(({ key }) => key));
    for (const { key, object, hash, path } of snapshot.objects) {
      const held = hold.objects.some((each) => objectKey(each) === key) || !declared.has(key);
      if (held) wanted.set(key, { key, ref: refOf(object), object, hash, path, hold });
    }
    for (const { hash: _hash, ...ref } of hold.objects) {
      const key = objectKey(ref);
      if (stable.has(key)) continue;
      wanted.delete(key);
      keptBack.push({ key, ref, hold });
    }
  }
  return { objects: [...wanted.values()].sort(byStage), keptBack };
}

export function heldNote(hold: Hold): HeldNote {
  const { rejected, stable, reason } = hold;
  return { rejected, ...(stable === undefined ? {} : { stable }), reason };
}

const FIRST = new Set(['Namespace', 'CustomResourceDefinition', 'PriorityClass', 'StorageClass']);
const CONFIG = new Set([
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'Secret',
  'ConfigMap',
  'PersistentVolumeClaim',
  'LimitRange',
  'ResourceQuota',
]);

/** What must be there first has the lower number; Rollouts come last, so that all they need is in place. */
export function stageOf(ref: Pick<ObjectRef, 'kind' | 'group'>): number {
  if (FIRST.has(ref.kind)) return 0;
  if (CONFIG.has(ref.kind)) return 1;
  return ref.kind === 'Rollout' ? 3 : 2;
}

const byStage = (a: WantedObject, b: WantedObject): number => stageOf(a.ref) - stageOf(b.ref);

export interface PruneInput {
  /** False while Git cannot be read: then nothing is deleted. */
  declared: boolean;
  wanted: Wanted;
  inventory: readonly ResourceStatus[];
  /** Stable revisions: what they need stays until the next one is promoted. */
  snapshots: ReadonlyMap<string, StableSnapshot>;
  prune: boolean;
  allowEmpty: boolean;
}

export interface PrunePlan {
  remove: ObjectRef[];
  /** What has left Git but stays, and why. */
  skipped: { ref: ObjectRef; hash?: string; message: string }[];
  /** The commit declares nothing, which is refused. */
  refusedEmpty: boolean;
}

/** What has left Git, in the reverse of the order in which it is applied. */
export function planPrune(input: PruneInput): PrunePlan {
  const present = new Set([...input.wanted.objects, ...input.wanted.keptBack].map(({ key }) => key));
  const left = input.inventory.filter((entry) => entry.status !== 'Missing' && !present.has(objectKey(entry)));
  const plan: PrunePlan = { remove: [], skipped: [], refusedEmpty: false };
  if (!input.declared) return { ...plan, skipped: left.map((entry) => skip(entry, entry.message ?? '')) };
  plan.refusedEmpty = input.wanted.objects.length === 0 && input.inventory.length > 0 && !input.allowEmpty;
  for (const entry of left) {
    const keeper = neededBy(objectKey(entry), present, input.snapshots);
    if (plan.refusedEmpty) plan.skipped.push(skip(entry, 'the commit declares nothing at all; set sync.allowEmpty'));
    else if (!input.prune) plan.skipped.push(skip(entry, 'has left Git; sync.prune is off'));
    else if (keeper !== undefined) plan.skipped.push(skip(entry, `the stable revision of ${keeper} still needs it`));
    else plan.remove.push(refOfEntry(entry));
  }
  plan.remove.sort((a, b) => stageOf(b) - stageOf(a));
  return plan;
}

function skip(entry: ResourceStatus, message: string): PrunePlan['skipped'][number] {
  return { ref: refOfEntry(entry), ...(entry.hash === undefined ? {} : { hash: entry.hash }), message };
}

/** Name of a Rollout that is still declared and whose stable revision holds the object. */
function neededBy(
  key: ObjectKey,
  present: ReadonlySet<string>,
  snapshots: ReadonlyMap<string, StableSnapshot>,
): string | undefined {
  for (const [rollout, snapshot] of snapshots) {
    if (rollout === key || !present.has(rollout)) continue;
    if (snapshot.objects.some((object) => object.key === key)) return rollout.split('/').at(-1);
  }
  return undefined;
}

export function refOfEntry(entry: ObjectRef): ObjectRef {
  const { group, version, kind, namespace, name } = entry;
  return { group, version, kind, ...(namespace === undefined ? {} : { namespace }), name };
}

/** The Rollouts among wanted objects. */
export const rolloutsIn = (objects: readonly WantedObject[]): WantedObject[] =>
  objects.filter(({ object }) => isRollout(object));
