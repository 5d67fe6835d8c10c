// What has left Git: what of it is deleted, what stays and why. Nothing that anybody declares is ever deleted, under whatever key, nor
// what holds something that is. Pure; the order is the reverse of applying.
import type { ObjectRef, ResourceStatus } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS, CONFIRM_PRUNE, GROUP } from '../../api/names.ts';
import { objectIdOf, objectKey, qualifiedName, type ObjectKey } from '../../api/object-key.ts';
import { shortCommit } from '../../api/revision.ts';
import type { AgentIntent } from '../intents.ts';
import type { StableSnapshot } from '../revert/snapshot.ts';
import type { Wanted } from '../revert/wanted.ts';
import type { Declared, Live, Seen } from '../seen.ts';
import { isOwnedBy } from './owner.ts';
import { isTooMany, keepingAnnotation } from './prune-rules.ts';
import { stageOf } from './stages.ts';
import { waitsForSuccessor } from './successor.ts';
import { waveOf } from './waves.ts';

export interface PrunePlan {
  /** What has left Git and is still on record, and why. */
  resources: ResourceStatus[];
  intents: AgentIntent[];
  /** The commit declares nothing, which is refused. */
  refusedEmpty: boolean;
  /** So many deletions wait for a person's word, and for which. */
  unconfirmed?: { count: number; annotation: string };
  dueAt?: number | undefined;
}

/** How long the answer to what a Namespace or a definition holds counts: where it holds nothing, for this very moment. */
const INSPECTED_MS = 60_000;
const EMPTY_MS = 2_000;
/** After which an Application that was asked is asked again. */
const ASKED_MS = 1_000;

export interface PruneInput {
  seen: Seen;
  /** Undefined while Git cannot be read: then nothing is deleted. */
  declared: Declared | undefined;
  wanted: Wanted;
  /** Nothing that is wanted is still to be applied; before that nothing is deleted. */
  isIdle: boolean;
}

export function planPrune({ seen, declared, wanted, isIdle }: PruneInput): PrunePlan {
  const present = presentIn(wanted);
  const left = (seen.status.resources ?? []).filter(
    (entry) => !present.has(objectKey(entry)) && !isRun(entry, declared),
  );
  if (!declared) return { resources: left, intents: [], refusedEmpty: false };
  const plan: PrunePlan = { resources: [], intents: [], refusedEmpty: false };
  plan.refusedEmpty = wanted.objects.length === 0 && left.length > 0 && !(seen.app.spec.sync?.allowEmpty ?? false);
  const uids = liveUids(seen, present);
  const one: One = { seen, present, uids, plan, later: 0 };
  const removable = left.filter((entry) => decideOne(entry, one));
  removable.sort((a, b) => rankOf(b, seen) - rankOf(a, seen));
  // What goes later, or has gone, is of the same commit: a few at a time are no fewer.
  const count = Math.max(removable.length + one.later, goneFrom(present, seen));
  if (removable.length > 0 && isUnconfirmed(seen, declared, count)) holdBack(removable, { declared, count, plan });
  else remove(removable, { seen, plan, wanted, isIdle });
  return plan;
}

const isUnconfirmed = (seen: Seen, declared: Declared, count: number): boolean =>
  isOverLimit(seen, declared, count) &&
  seen.app.metadata.annotations?.[CONFIRM_PRUNE] !== shortCommit(declared.commit.oid);

/** Until a person confirms it nothing of it goes. */
function holdBack(
  removable: readonly ResourceStatus[],
  { declared, count, plan }: { declared: Declared; count: number; plan: PrunePlan },
): void {
  const { short, text } = confirmationOf(declared, count);
  plan.resources.push(...removable.map((entry) => kept(entry, text)));
  plan.unconfirmed = { count, annotation: `${CONFIRM_PRUNE}=${short}` };
}

const presentIn = ({ objects, keptBack, leftAlone = [] }: Wanted): Set<ObjectKey> =>
  new Set([...objects, ...keptBack, ...leftAlone].map(({ key }) => key));

/** A hook, or what its annotation leaves out: it is declared, and no part of what is applied. */
function isRun(entry: ResourceStatus, declared: Declared | undefined): boolean {
  const key = objectKey(entry);
  return declared?.keys.has(key) === true && !declared.desired.some((object) => object.key === key);
}

interface One {
  seen: Seen;
  present: ReadonlySet<ObjectKey>;
  /** UIDs of everything that is declared, whatever its key. */
  uids: ReadonlySet<string>;
  plan: PrunePlan;
  /** How many stay for now, and go by themselves. */
  later: number;
}

/** False where the object stays, or is no longer ours to delete; says so in the plan. */
function decideOne(entry: ResourceStatus, one: One): boolean {
  const { seen, present, uids, plan } = one;
  const key = objectKey(entry);
  const keep = (message: string): false => {
    plan.resources.push(kept(entry, message));
    return false;
  };
  if (plan.refusedEmpty) return keep('the commit declares nothing at all; set sync.allowEmpty');
  const found: Live = seen.live(key);
  if (found.state !== 'known')
    return keep(found.state === 'failed' ? found.message : 'has left Git; not looked at yet');
  const live = found.object;
  if (!live || !isOurs(live, entry, seen)) return false; // gone, or another's by now: off the record
  const { uid = '' } = live.metadata;
  const reason = reasonToKeep(live, { seen, uids });
  if (reason !== undefined) return keep(reason);
  const passing = reasonForNow(key, present, seen) ?? reasonToDoubt(key, seen, plan);
  if (passing === undefined) return !isLeftTo(seen.declaredElsewhere(key), entry, { uid, plan });
  one.later++;
  return keep(passing);
}

/** On record until the marks are gone, so that a write that fails is made again. */
function isLeftTo(
  other: string | undefined,
  entry: ResourceStatus,
  { uid, plan }: { uid: string; plan: PrunePlan },
): boolean {
  if (other === undefined) return false;
  plan.intents.push({ do: 'Disown', objects: [{ key: objectKey(entry), ref: refOfEntry(entry), uid }] });
  plan.resources.push(kept(entry, `has left Git; left to Application ${other}, which declares it`));
  return true;
}

function dueBy(plan: PrunePlan, at: number): void {
  plan.dueAt = Math.min(at, plan.dueAt ?? at);
}

/** It carries this Application's mark, and is the very object that was applied. */
function isOurs(live: KubeObject, entry: ResourceStatus, { owner }: Seen): boolean {
  return isOwnedBy(live, owner) && (entry.uid === undefined || entry.uid === live.metadata.uid);
}

function reasonToKeep(live: KubeObject, { seen, uids }: Pick<One, 'seen' | 'uids'>): string | undefined {
  if (!(seen.app.spec.sync?.prune ?? false)) return 'has left Git; sync.prune is off';
  const keeper = keepingAnnotation(live);
  if (keeper !== undefined) return `kept by the annotation ${keeper}`;
  return uids.has(live.metadata.uid ?? '') ? 'is declared under another name of its kind, and stays' : undefined;
}

function reasonForNow(key: ObjectKey, present: ReadonlySet<ObjectKey>, seen: Seen): string | undefined {
  const needing = neededBy(key, present, seen.snapshots);
  return needing === undefined ? undefined : `the stable revision of ${needing} still needs it`;
}

/** Another Application may declare it by now; that one is asked. */
function reasonToDoubt(key: ObjectKey, seen: Seen, plan: PrunePlan): string | undefined {
  const { toLook, unclear } = seen.doubt(key);
  if (toLook.length > 0) {
    plan.intents.push({ do: 'Ask', applications: toLook });
    dueBy(plan, seen.now + ASKED_MS);
  }
  const [other] = [...toLook, ...unclear];
  if (other === undefined) return undefined;
  const name = qualifiedName(objectIdOf(other));
  return toLook.includes(other)
    ? `has left Git; whether Application ${name} declares it by now is being looked at`
    : `has left Git; Application ${name} of the same repository cannot be read, and may declare it`;
}

function liveUids(seen: Seen, present: ReadonlySet<ObjectKey>): Set<string> {
  const uids = new Set<string>();
  for (const key of present) {
    const found = seen.live(key);
    if (found.state === 'known' && found.object?.metadata.uid !== undefined) uids.add(found.object.metadata.uid);
  }
  return uids;
}

/** Name of a Rollout that is still declared and whose stable revision holds the object. */
function neededBy(
  key: ObjectKey,
  present: ReadonlySet<ObjectKey>,
  snapshots: ReadonlyMap<ObjectKey, StableSnapshot>,
): string | undefined {
  for (const [rollout, snapshot] of snapshots) {
    if (rollout === key || !present.has(rollout)) continue;
    if (snapshot.objects.some((object) => object.key === key)) return rollout.split('/').at(-1);
  }
  return undefined;
}

/** How many of what the commit before declared have left Git, but for what is kept for good. */
function goneFrom(present: ReadonlySet<ObjectKey>, seen: Seen): number {
  const gone = (seen.memory.previous?.desired ?? []).filter(({ key }) => !present.has(key));
  return gone.filter(({ key }) => {
    const found = seen.live(key);
    return found.state !== 'known' || found.object === undefined || keepingAnnotation(found.object) === undefined;
  }).length;
}

/** Measured by what was there before this commit. */
function isOverLimit({ app, status, memory }: Seen, { commit }: Declared, count: number): boolean {
  const kept = (status.resources ?? []).filter((entry) => entry.hash !== undefined && entry.commit !== commit.oid);
  const all = memory.previous?.desired.length ?? kept.length;
  return isTooMany(count, all, app.spec.sync?.pruneLimit);
}

function confirmationOf(declared: Declared, count: number): { short: string; text: string } {
  const short = shortCommit(declared.commit.oid);
  const text = `has left Git with ${count - 1} others, more than sync.pruneLimit allows at once; to delete them annotate the Application: ${CONFIRM_PRUNE}=${short}`;
  return { short, text };
}

interface Removal {
  seen: Seen;
  plan: PrunePlan;
  wanted: Wanted;
  isIdle: boolean;
}

/** One stage after the other, what others need last; a Rollout hands back what it drives before it goes. */
function remove(removable: readonly ResourceStatus[], removal: Removal): void {
  const { seen, plan, isIdle } = removal;
  const first = removable[0];
  const rank = first === undefined ? undefined : rankOf(first, seen);
  const objects: { key: ObjectKey; ref: ObjectRef; uid: string }[] = [];
  for (const entry of removable) {
    retire(entry, removal);
    const waits =
      !isIdle || rankOf(entry, seen) !== rank
        ? 'has left Git; deleted when the rest is in place'
        : obstacleTo(entry, removal);
    plan.resources.push(kept(entry, waits ?? 'has left Git; being deleted'));
    const uid = liveUid(objectKey(entry), seen);
    if (waits === undefined && uid !== undefined) objects.push({ key: objectKey(entry), ref: refOfEntry(entry), uid });
  }
  if (objects.length > 0) plan.intents.push({ do: 'Delete', objects });
}

const STAGES = 4;

/** By its wave, then by its stage: the higher, the later it was applied. */
function rankOf(entry: ResourceStatus, seen: Seen): number {
  const found = seen.live(objectKey(entry));
  const wave = found.state === 'known' && found.object ? waveOf(found.object) : 0;
  return wave * STAGES + stageOf(entry);
}

function liveUid(key: ObjectKey, seen: Seen): string | undefined {
  const found = seen.live(key);
  return found.state === 'known' ? found.object?.metadata.uid : undefined;
}

/** What has to happen before the object can be deleted; asked for in the plan. */
function obstacleTo(entry: ResourceStatus, removal: Removal): string | undefined {
  const { kind, group } = entry;
  const isHolder = (kind === 'Namespace' && group === '') || kind === 'CustomResourceDefinition';
  if (isHolder) return heldIn(entry, removal);
  return isRolloutEntry(entry) ? driving(entry, removal) : undefined;
}

function heldIn(entry: ResourceStatus, { seen, plan }: Removal): string | undefined {
  const key = objectKey(entry);
  const known = seen.memory.inspected.get(key);
  const uid = liveUid(key, seen) ?? '';
  const counts = known?.holds === '' ? EMPTY_MS : INSPECTED_MS;
  if (known?.uid !== uid || seen.now - known.at > counts) {
    plan.intents.push({ do: 'Inspect', key, ref: refOfEntry(entry), uid });
    return 'has left Git; what it still holds is being looked at';
  }
  if (known.holds === '') return undefined;
  dueBy(plan, known.at + INSPECTED_MS + 1);
  return `has left Git, but still holds ${known.holds}; it is kept`;
}

const isRolloutEntry = ({ kind, group }: ResourceStatus): boolean => kind === 'Rollout' && group === GROUP;

/** A Rollout's controller hands back Services and routes first, before anything else is applied in their place. */
function retire(entry: ResourceStatus, { seen, plan }: Removal): void {
  const rollout = isRolloutEntry(entry) ? seen.rollout(entry.namespace, entry.name) : undefined;
  if (!rollout || rollout.metadata.annotations?.[ANNOTATIONS.retire] !== undefined) return;
  plan.intents.push({ do: 'Retire', ref: refOfEntry(entry), uid: rollout.metadata.uid ?? '' });
}

/** Then its pods may go, once others answer in their place. */
function driving(entry: ResourceStatus, { seen, wanted }: Removal): string | undefined {
  const rollout = seen.rollout(entry.namespace, entry.name);
  if (!rollout) return undefined;
  if (rollout.status?.retired !== true) return 'has left Git; hands back what it drives';
  const waits = waitsForSuccessor(rollout, wanted, seen);
  return waits === undefined ? undefined : `has left Git; its pods serve until ${waits} is available`;
}

function kept(entry: ResourceStatus, message: string): ResourceStatus {
  const { hash, commit, uid } = entry;
  return {
    ...refOfEntry(entry),
    ...(hash === undefined ? {} : { hash }),
    ...(commit === undefined ? {} : { commit }),
    ...(uid === undefined ? {} : { uid }),
    status: 'PruneSkipped',
    message,
  };
}

function refOfEntry(entry: ObjectRef): ObjectRef {
  const { group, version, kind, namespace, name } = entry;
  return { group, version, kind, ...(namespace === undefined ? {} : { namespace }), name };
}
