// Which stable revisions have to be kept, and when: before anything takes their place, as soon as they are promoted, and anew from Git
// where what is on record is not believed or has gone. Pure.
import type { ApplicationStatus, ResourceStatus } from '../../api/application.ts';
import { ANNOTATIONS } from '../../api/names.ts';
import { objectIdOf, objectKey, type ObjectKey } from '../../api/object-key.ts';
import { parseRevision, type RevisionRef } from '../../api/revision.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { AgentIntent } from '../intents.ts';
import type { Declared, Seen } from '../seen.ts';
import { holdKey, isPromoted, isStable, recordOf } from './hold.ts';
import type { RolloutSet } from './rollout-set.ts';
import { fitsSecret, takeSnapshot } from './snapshot.ts';

/** Earlier commits that are asked for at a time: as many as are kept until they have been used. */
const AT_ONCE = 4;

export interface SnapshotDecision {
  /** Before other content is applied. */
  first: AgentIntent[];
  last: AgentIntent[];
  /** Rollouts that wait for the revision they serve to be kept. */
  waiting: Set<ObjectKey>;
  problem: string | undefined;
  /** What the status says of the snapshots on record. */
  stable: ApplicationStatus['stable'];
}

export function decideSnapshots(seen: Seen, accepted: Declared | undefined): SnapshotDecision {
  const decision: SnapshotDecision = {
    first: [],
    last: [],
    waiting: new Set(),
    problem: undefined,
    stable: stableOf(seen, accepted),
  };
  const tooLarge = accepted === undefined ? [] : keepAll(accepted, seen, decision);
  const problems = tooLarge.map((name) => `${name}: the declared content is larger than a Secret may be`);
  if (problems.length > 0) decision.problem = `${problems.join('; ')}: an abort cannot restore it`;
  decision.last.push(...obsolete(seen, accepted));
  return decision;
}

/** The names of Rollouts whose content cannot be kept. */
function keepAll(declared: Declared, seen: Seen, decision: SnapshotDecision): string[] {
  const tooLarge: string[] = [];
  for (const set of declared.sets.values()) {
    const { namespace, name } = set.rollout.ref;
    const live = seen.rollout(namespace, name);
    if (live && isPromoted(live, set)) {
      const revision = isApplied(set, seen) ? declaredBy(live) : undefined;
      const kept = revision && keep(set, { revision, podHash: live.status?.stableRS, declared, seen });
      if (kept === 'too large') tooLarge.push(name);
      else if (kept) decision.last.push(kept);
    } else fromEarlier(set, live, { seen, decision });
  }
  return tooLarge;
}

/** What is in the cluster is not what is declared: is the revision that serves on record? If not, it is read from its commit. */
function fromEarlier(
  set: RolloutSet,
  live: Rollout | undefined,
  { seen, decision }: { seen: Seen; decision: SnapshotDecision },
): void {
  const wanted = live && isStable(live) ? outgoing(set, live, seen) : lost(set, live, seen);
  if (!wanted) return;
  const declared = seen.source.earlier(wanted.revision.commit);
  if (declared === undefined) {
    ask(wanted.revision.commit, decision.first);
    decision.waiting.add(set.key);
    return;
  }
  const kept = declared && keepAsItWas(set, wanted, { live, declared, seen });
  if (!kept) return;
  decision.first.push(kept);
  decision.waiting.add(set.key);
}

/** The content of a commit of before; undefined where it is not what serves, is on record, or does not fit. */
function keepAsItWas(
  set: RolloutSet,
  { revision, counts }: Earlier,
  { live, declared, seen }: { live: Rollout | undefined; declared: Declared; seen: Seen },
): AgentIntent | undefined {
  const before = declared.sets.get(set.key);
  if (!before || !counts(before)) return undefined;
  const podHash = live?.status?.stableRS || before.template;
  const kept = keep(before, { revision, podHash, declared, seen });
  return kept === 'too large' ? undefined : kept;
}

function ask(commit: string, intents: AgentIntent[]): void {
  const asked = intents.flatMap((intent) => (intent.do === 'ReadBack' ? [intent.commit] : []));
  if (asked.length < AT_ONCE && !asked.includes(commit)) intents.push({ do: 'ReadBack', commit });
}

interface Earlier {
  revision: RevisionRef;
  /** Whether what its commit declares is what serves. */
  counts: (before: RolloutSet) => boolean;
}

/** A revision that was promoted while nobody looked, before another commit is applied over it. */
function outgoing(set: RolloutSet, live: Rollout, seen: Seen): Earlier | undefined {
  const revision = declaredBy(live);
  if (!revision || seen.snapshots.get(set.key)?.revision.commit === revision.commit) return undefined;
  return { revision, counts: (before) => isPromoted(live, before) };
}

/** The stable revision of a release under way, or of a Rollout that is gone, where no snapshot of it is believed. */
function lost(set: RolloutSet, live: Rollout | undefined, seen: Seen): Earlier | undefined {
  if (seen.snapshots.has(set.key)) return undefined;
  const recorded = recordedStable(set.key, live, seen.status);
  const revision = recorded ?? live?.status?.stableRevision;
  const counts = ({ template }: RolloutSet): boolean => recorded !== undefined || live?.status?.stableRS === template;
  return revision && { revision, counts };
}

/** What the Application's own status says was stable, if that is what serves. Who may write Secrets cannot write it. */
function recordedStable(key: ObjectKey, live: Rollout | undefined, status: ApplicationStatus): RevisionRef | undefined {
  const hold = status.holds?.find((each) => holdKey(each) === key);
  const record = recordOf(key, status);
  const serves = live?.status?.stableRS;
  return hold?.stable ?? (!serves || record?.podHash === serves ? record?.revision : undefined);
}

const declaredBy = (live: Rollout): RevisionRef | undefined =>
  parseRevision(live.metadata.annotations?.[ANNOTATIONS.revision]) ?? live.status?.stableRevision;

interface Keeping {
  revision: RevisionRef;
  podHash: string | undefined;
  declared: Declared;
  seen: Seen;
}

function keep(set: RolloutSet, { revision, podHash, declared, seen }: Keeping): AgentIntent | 'too large' | undefined {
  const known = seen.snapshots.get(set.key);
  if (known?.contentHash === set.hash && known.revision.commit === revision.commit) return undefined;
  const desired = new Map(declared.desired.map((object) => [object.key, object]));
  const sequence = 1 + Math.max(known?.sequence ?? 0, recordOf(set.key, seen.status)?.sequence ?? 0);
  const snapshot = takeSnapshot(set, desired, revision, { podHash, sequence });
  if (!fitsSecret(snapshot)) return 'too large';
  return { do: 'KeepSnapshot', key: set.key, snapshot, rollout: set.rollout.ref };
}

/** Everything of the set is in the cluster as it is declared. */
function isApplied(set: RolloutSet, seen: Seen): boolean {
  const inventory = new Map(
    (seen.status.resources ?? []).map((entry): [ObjectKey, ResourceStatus] => [objectKey(entry), entry]),
  );
  return set.members.every(
    ({ key, hash }) => inventory.get(key)?.hash === hash && inventory.get(key)?.status === 'Synced',
  );
}

/** The snapshots that are believed, and what is on record of those that were not looked at. */
function stableOf(seen: Seen, accepted: Declared | undefined): ApplicationStatus['stable'] {
  const known = new Map((seen.status.stable ?? []).map((each) => [holdKey(each), each]));
  for (const [key, { revision, podHash, sequence }] of seen.snapshots) {
    const { namespace = '', name } = objectIdOf(key);
    known.set(key, { rollout: { namespace, name }, revision, ...(podHash === undefined ? {} : { podHash }), sequence });
  }
  for (const key of known.keys()) if (isObsolete(key, seen, accepted) && !seen.snapshots.has(key)) known.delete(key);
  return known.size === 0 && seen.status.stable === undefined ? undefined : [...known.values()];
}

/** It has left Git and is gone: nothing will go back to its stable revision. */
function isObsolete(key: ObjectKey, seen: Seen, accepted: Declared | undefined): boolean {
  const { namespace, name } = objectIdOf(key);
  return accepted !== undefined && !accepted.sets.has(key) && seen.rollout(namespace, name) === undefined;
}

function obsolete(seen: Seen, accepted: Declared | undefined): AgentIntent[] {
  return [...seen.snapshots.keys()]
    .filter((key) => isObsolete(key, seen, accepted))
    .map((key) => ({ do: 'DropSnapshot', key, rollout: { ...objectIdOf(key), version: 'v1alpha1' } }));
}
