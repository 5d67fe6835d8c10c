// Holds: content that was rejected is not applied again until Git declares something else, somebody says retry, or the Rollout leaves Git.
// Decided from objects alone, so that any process comes to the same answer.
import type { Hold } from '../../api/application.ts';
import { ANNOTATIONS, GROUP, verbAnnotation } from '../../api/names.ts';
import { shortCommit } from '../../api/revision.ts';
import type { Rollout } from '../../api/rollout.ts';
import { objectKey } from '../../api/object-key.ts';
import type { RolloutSet } from './rollout-set.ts';
import { parseRevision, type StableSnapshot } from './snapshot.ts';

export interface HoldInput {
  /** What Git declares now; or what was last applied, while Git cannot be read. */
  sets: ReadonlyMap<string, RolloutSet>;
  /** False while the sets are not what Git declares: then no hold ends but by retry. */
  declared: boolean;
  holds: readonly Hold[];
  rollout(namespace: string, name: string): Rollout | undefined;
  snapshots: ReadonlyMap<string, StableSnapshot>;
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
  stuck: { rollout: string; message: string }[];
}

export const holdKey = (hold: Hold): string =>
  objectKey({ group: GROUP, kind: 'Rollout', namespace: hold.rollout.namespace, name: hold.rollout.name });

export function decideHolds(input: HoldInput): HoldDecision {
  const decision: HoldDecision = { holds: [], started: [], ended: [], stuck: [] };
  for (const hold of input.holds) {
    const why = endOf(hold, input);
    if (why) decision.ended.push({ hold, why });
    else decision.holds.push(hold);
  }
  const known = new Set([...decision.holds, ...decision.ended.map(({ hold }) => hold)].map((hold) => holdKey(hold)));
  for (const set of input.sets.values()) {
    if (known.has(set.key)) continue;
    const next = startOf(set, input);
    if (next === undefined) continue;
    if ('stuck' in next) decision.stuck.push({ rollout: set.rollout.ref.name, message: next.stuck });
    else {
      decision.holds.push(next);
      decision.started.push(next);
    }
  }
  return decision;
}

function endOf(hold: Hold, input: HoldInput): EndReason | undefined {
  const live = input.rollout(hold.rollout.namespace, hold.rollout.name);
  if (input.declared) {
    const set = input.sets.get(holdKey(hold));
    if (!set) return 'gone';
    if (set.hash !== hold.contentHash) return 'declared';
  }
  return live?.metadata.annotations?.[verbAnnotation('retry')] === undefined ? undefined : 'retried';
}

function startOf(set: RolloutSet, input: HoldInput): Hold | { stuck: string } | undefined {
  const { namespace = '', name } = set.rollout.ref;
  const live = input.rollout(namespace, name);
  const rejected = parseRevision(live?.metadata.annotations?.[ANNOTATIONS.revision]);
  if (!live || !rejected || !isRejected(live, set)) return undefined;
  const snapshot = input.snapshots.get(set.key);
  const reason = reasonOf(live);
  const what = `${name} ${shortCommit(rejected.commit)} was rejected (${reason})`;
  const obstacle = obstacleTo(live, snapshot);
  if (obstacle !== undefined) return { stuck: `${what}, ${obstacle}` };
  if (!snapshot || snapshot.contentHash === set.hash) return undefined;
  const podHash = live.status?.currentPodHash;
  return {
    rollout: { namespace, name },
    rejected,
    stable: snapshot.revision,
    contentHash: set.hash,
    ...(podHash === undefined ? {} : { podHash }),
    objects: rejectedObjects(set, snapshot),
    reason,
    since: input.now,
    writeBack: { state: input.writeBack ? 'Pending' : 'Disabled' },
  };
}

/** Why there is no going back. */
function obstacleTo({ status }: Rollout, snapshot: StableSnapshot | undefined): string | undefined {
  if (!status?.stableRS) return 'and it is the first revision: there is nothing to go back to';
  if (!snapshot) return 'but no stable revision is on record to go back to';
  if (snapshot.podHash === undefined || snapshot.podHash === status.stableRS) return undefined;
  return `but the stable revision on record is an older one (${shortCommit(snapshot.revision.commit)})`;
}

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
    metadata.annotations?.[ANNOTATIONS.held] === undefined &&
    metadata.annotations?.[ANNOTATIONS.contentHash] === set.rollout.hash
  );
}

/** The declared revision is the stable one, and the status speaks of what is declared now. */
export function isPromoted(live: Rollout, set: RolloutSet): boolean {
  return isStable(live) && live.metadata.annotations?.[ANNOTATIONS.contentHash] === set.rollout.hash;
}

/** What is applied is the stable revision, and not one that was gone back to. */
export function isStable({ status, metadata }: Rollout): boolean {
  return (
    status?.abort !== true &&
    status?.stableRS !== undefined &&
    status.stableRS !== '' &&
    status.stableRS === status.currentPodHash &&
    status.observedGeneration === String(metadata.generation) &&
    metadata.annotations?.[ANNOTATIONS.held] === undefined
  );
}

/** As `web held at 3f9c2d1: 8b7a6e5 rejected, success-rate 0.82 < 0.95`. */
export function describeHold(hold: Hold): string {
  const at = hold.stable === undefined ? '' : ` at ${shortCommit(hold.stable.commit)}`;
  return `${hold.rollout.name} held${at}: ${shortCommit(hold.rejected.commit)} rejected, ${hold.reason}`;
}
