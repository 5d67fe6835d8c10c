// Holds: content that was rejected is not applied again until Git declares something else, somebody says retry, or the Rollout leaves Git.
// Decided from objects alone, so that any process comes to the same answer.
import type { ApplicationStatus, Hold } from '../../api/application.ts';
import { ANNOTATIONS, GROUP, verbAnnotation } from '../../api/names.ts';
import { parseRevision, shortCommit, type RevisionRef } from '../../api/revision.ts';
import type { Rollout } from '../../api/rollout.ts';
import { objectKey, type ObjectKey } from '../../api/object-key.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { templateHash } from './content.ts';
import type { RolloutSet } from './rollout-set.ts';
import type { StableSnapshot } from './snapshot.ts';

export interface HoldInput {
  /** What Git declares now; or what was last applied, while Git cannot be read. */
  sets: ReadonlyMap<string, RolloutSet>;
  /** False while the sets are not what Git declares: then no hold ends but by retry. */
  declared: boolean;
  /** The commit that the sets are read from; blamed where a Rollout does not say which one declared it. */
  head?: RevisionRef | undefined;
  holds: readonly Hold[];
  rollout(namespace: string, name: string): Rollout | undefined;
  snapshots: ReadonlyMap<string, StableSnapshot>;
  /** By key of the Rollout, why the snapshot on record is not believed. */
  refused?: ReadonlyMap<string, string>;
  writeBack: boolean;
  /** RFC 3339. */
  now: string;
}

export type EndReason = 'declared' | 'retried' | 'gone';

export interface HoldDecision {
  holds: Hold[];
  started: Hold[];
  ended: { hold: Hold; why: EndReason }[];
  /** Rejected revisions that cannot be taken back, and why. */
  stuck: Stuck[];
}

export interface Stuck {
  rollout: string;
  reason: 'NothingToGoBackTo' | 'SnapshotNotAuthentic';
  message: string;
}

/** Key of the Rollout that a hold or a return is about. */
export const holdKey = ({ rollout: { namespace, name } }: Pick<Hold, 'rollout'>): ObjectKey =>
  objectKey({ group: GROUP, kind: 'Rollout', namespace, name });

/** What the status says of the newest snapshot of a Rollout. */
export const recordOf = (
  key: ObjectKey,
  { stable = [] }: ApplicationStatus,
): NonNullable<ApplicationStatus['stable']>[number] | undefined => stable.find((each) => holdKey(each) === key);

export function decideHolds(input: HoldInput): HoldDecision {
  const decision: HoldDecision = { holds: [], started: [], ended: [], stuck: [] };
  for (const hold of input.holds) {
    const why = endOf(hold, input);
    if (why) decision.ended.push({ hold, why });
    else {
      decision.holds.push(identified(hold, input));
      const lost = lostStable(hold, input);
      if (lost) decision.stuck.push(lost);
    }
  }
  const known = new Set([...decision.holds, ...decision.ended.map(({ hold }) => hold)].map((hold) => holdKey(hold)));
  for (const set of input.sets.values()) {
    if (known.has(set.key)) continue;
    const next = startOf(set, input);
    if (next === undefined) continue;
    if ('message' in next) decision.stuck.push(next);
    else {
      decision.holds.push(next);
      decision.started.push(next);
    }
  }
  decision.stuck.push(...disbelieved(input, decision.stuck));
  return decision;
}

/** Snapshots that are not believed, of Rollouts that nothing was said of yet: better told before one is needed. */
function disbelieved({ sets, refused }: HoldInput, told: readonly Stuck[]): Stuck[] {
  return [...(refused ?? [])].flatMap(([key, why]) => {
    const name = sets.get(key)?.rollout.ref.name;
    if (name === undefined || told.some(({ rollout }) => rollout === name)) return [];
    const message = `the stable revision of ${name} on record ${why}: an abort cannot restore it`;
    return [{ rollout: name, reason: 'SnapshotNotAuthentic', message } as const];
  });
}

function endOf(hold: Hold, input: HoldInput): EndReason | undefined {
  const live = input.rollout(hold.rollout.namespace, hold.rollout.name);
  if (input.declared) {
    const set = input.sets.get(holdKey(hold));
    if (!set) return 'gone';
    if (!isStillRejected(hold, set, input.snapshots.get(set.key))) return 'declared';
  }
  return live?.metadata.annotations?.[verbAnnotation('retry')] === undefined ? undefined : 'retried';
}

/** What is declared is what was rejected: the same pods, reading the same, by the same steps. */
function isStillRejected(hold: Hold, set: RolloutSet, snapshot: StableSnapshot | undefined): boolean {
  if (hold.trial !== undefined && set.trial !== undefined) return hold.trial === set.trial;
  return set.hash === hold.contentHash || isAlike(hold, set, snapshot);
}

/** For a hold of an earlier version, or one that began without Git: told from what it says of each object. Steps are taken for the same. */
function isAlike(hold: Hold, set: RolloutSet, snapshot: StableSnapshot | undefined): boolean {
  const rejected = new Map(hold.objects.map((ref) => [objectKey(ref), ref.hash]));
  const before = new Map(snapshot?.objects.map(({ key, hash }) => [key, hash]));
  if (set.template !== hold.podHash && set.rollout.hash !== rejected.get(set.key)) return false;
  const declared = new Map(set.members.map(({ key, hash }) => [key, hash]));
  return [...set.reads].every((key) => declared.get(key) === (rejected.get(key) ?? before.get(key)));
}

/** The hold, knowing what it is about: told once from what is declared. */
function identified(hold: Hold, input: HoldInput): Hold {
  const trial = input.declared ? input.sets.get(holdKey(hold))?.trial : undefined;
  return hold.trial !== undefined || trial === undefined ? hold : { ...hold, trial };
}

/** A hold whose stable content is gone: what was rejected is kept back, and nothing can take its place. */
function lostStable(hold: Hold, input: HoldInput): Stuck | undefined {
  const key = holdKey(hold);
  if (input.snapshots.has(key)) return undefined;
  const what = `${hold.rollout.name} ${shortCommit(hold.rejected.commit)} was rejected (${hold.reason})`;
  return unrecorded(hold.rollout.name, what, input.refused?.get(key));
}

function unrecorded(rollout: string, what: string, refused: string | undefined): Stuck {
  if (refused === undefined)
    return {
      rollout,
      reason: 'NothingToGoBackTo',
      message: `${what}, but no stable revision is on record to go back to`,
    };
  return { rollout, reason: 'SnapshotNotAuthentic', message: `${what}, but the stable revision on record ${refused}` };
}

function startOf(set: RolloutSet, input: HoldInput): Hold | Stuck | undefined {
  const { namespace = '', name } = set.rollout.ref;
  const live = input.rollout(namespace, name);
  const rejected = live && isRejected(live, set) ? blamed(live, input) : undefined;
  if (!live || !rejected) return undefined;
  const snapshot = input.snapshots.get(set.key);
  const stuck = stuckAt(live, rejected, snapshot, input.refused?.get(set.key));
  if (stuck !== undefined || !snapshot || snapshot.contentHash === set.hash) return stuck;
  return holdOf(set, { live, rejected, snapshot }, input);
}

/** A rejection that nothing can be put in the place of. */
function stuckAt(
  live: Rollout,
  rejected: RevisionRef,
  snapshot: StableSnapshot | undefined,
  refused: string | undefined,
): Stuck | undefined {
  const rollout = live.metadata.name;
  const what = `${rollout} ${shortCommit(rejected.commit)} was rejected (${reasonOf(live)})`;
  if (live.status?.stableRS && !snapshot) return unrecorded(rollout, what, refused);
  const obstacle = obstacleTo(live, snapshot);
  return obstacle === undefined ? undefined : { rollout, reason: 'NothingToGoBackTo', message: `${what}, ${obstacle}` };
}

function holdOf(
  set: RolloutSet,
  { live, rejected, snapshot }: { live: Rollout; rejected: RevisionRef; snapshot: StableSnapshot },
  { now, writeBack }: HoldInput,
): Hold {
  const { namespace = '', name } = set.rollout.ref;
  const podHash = live.status?.currentPodHash;
  return {
    rollout: { namespace, name },
    rejected,
    stable: snapshot.revision,
    contentHash: set.hash,
    ...(set.trial === undefined ? {} : { trial: set.trial }),
    ...(podHash === undefined ? {} : { podHash }),
    objects: rejectedObjects(set, snapshot),
    reason: reasonOf(live),
    since: now,
    writeBack: { state: writeBack ? 'Pending' : 'Disabled' },
  };
}

/** Why there is no going back. */
function obstacleTo({ status }: Rollout, snapshot: StableSnapshot | undefined): string | undefined {
  if (!status?.stableRS) return 'and it is the first revision: there is nothing to go back to';
  if (snapshot?.podHash === undefined || snapshot.podHash === status.stableRS) return undefined;
  return `but the stable revision on record is an older one (${shortCommit(snapshot.revision.commit)})`;
}

/** The commit that declared what was rejected. Annotations are a person's to spoil: the status, then Git's head, says it as well. */
const blamed = ({ metadata, status }: Rollout, { head }: HoldInput): RevisionRef | undefined =>
  parseRevision(metadata.annotations?.[ANNOTATIONS.revision]) ?? status?.machine?.revision ?? status?.revision ?? head;

const reasonOf = (live: Rollout): string => live.status?.machine?.reason ?? live.status?.message ?? 'aborted';

/** The Rollout, and those it depends on whose content was another in the stable revision. */
function rejectedObjects(set: RolloutSet, snapshot: StableSnapshot): Hold['objects'] {
  const before = new Map(snapshot.objects.map(({ key, hash }) => [key, hash]));
  return set.members
    .filter(({ key, hash }) => key === set.key || before.get(key) !== hash)
    .map(({ ref, hash }) => ({ ...ref, hash }));
}

/** The declared revision was aborted, and the status speaks of what is declared now. */
function isRejected(live: Rollout, set: RolloutSet): boolean {
  const { status, metadata } = live;
  return (
    status?.abort === true &&
    status.currentPodHash !== undefined &&
    status.currentPodHash !== status.stableRS &&
    status.observedGeneration === String(metadata.generation) &&
    metadata.deletionTimestamp === undefined &&
    (metadata.annotations?.[ANNOTATIONS.contentHash] === set.rollout.hash || runs(live, set))
  );
}

/** The live template is the one of the set, whatever a person has made of the annotations. */
const runs = (live: Rollout, set: RolloutSet): boolean => templateHash(live as unknown as KubeObject) === set.template;

/** The declared revision is the stable one, and the status speaks of what is declared now. */
export function isPromoted(live: Rollout, set: RolloutSet): boolean {
  return isStable(live) && runs(live, set);
}

/** What is applied is the stable revision. */
export function isStable({ status, metadata }: Rollout): boolean {
  return (
    status?.abort !== true &&
    status?.stableRS !== undefined &&
    status.stableRS !== '' &&
    status.stableRS === status.currentPodHash &&
    status.observedGeneration === String(metadata.generation)
  );
}

/** As `web held at 3f9c2d1: 8b7a6e5 rejected, success-rate 0.82 < 0.95`. */
export function describeHold(hold: Hold): string {
  const at = hold.stable === undefined ? '' : ` at ${shortCommit(hold.stable.commit)}`;
  const proposal = describeProposal(hold.writeBack);
  const text = `${hold.rollout.name} held${at}: ${shortCommit(hold.rejected.commit)} rejected, ${hold.reason}`;
  return proposal === undefined ? text : `${text}; ${proposal}`;
}

/** For people, what has become of a pull request; undefined where there is none that they could act on. */
export function describeProposal(writeBack: Hold['writeBack']): string | undefined {
  const { state, url = '', message } = writeBack ?? {};
  if (state === 'Closed') return `${url} was closed without being merged`;
  if (state !== 'Proposed') return undefined;
  return `${url} restores Git once it is merged${message === undefined ? '' : `: ${message}`}`;
}
