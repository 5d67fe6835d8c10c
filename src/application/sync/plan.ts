// What to delete of what was applied. Pure: a plan is data.
import type { ObjectRef, ResourceStatus } from '../../api/application.ts';
import { objectKey, type ObjectKey } from '../../api/object-key.ts';
import type { StableSnapshot } from '../revert/snapshot.ts';
import type { Wanted } from '../revert/wanted.ts';
import { stageOf } from './stages.ts';

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
