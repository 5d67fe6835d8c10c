// What to do about an Application: from what is seen, what is to be on record and what is to be done. Pure; the order below is the order
// of urgency. Going back never waits for what comes new.
import type { ApplicationStatus, Hold } from '../api/application.ts';
import { ANNOTATIONS, SYNC, verbAnnotation } from '../api/names.ts';
import { toTime } from '../ports/clock.ts';
import type { AgentIntent } from './intents.ts';
import { decideHolds, type HoldDecision } from './revert/hold.ts';
import { decideReturns, type ReturnDecision } from './revert/returns.ts';
import { appliedSets, type RolloutSet } from './revert/rollout-set.ts';
import { decideSnapshots } from './revert/snapshots-due.ts';
import { wantedObjects } from './revert/wanted.ts';
import { decideReports } from './report/due.ts';
import { nextStatus } from './report/status.ts';
import { revisionRef } from './revision.ts';
import type { Declared, Seen } from './seen.ts';
import { admit, type Admission } from './sync/admission.ts';
import { liveRolloutsOf } from './sync/owned.ts';
import { planPrune } from './sync/prune.ts';
import { inventoryOf, planSync } from './sync/plan-sync.ts';

/** Shaped as the kernel's decision, and what is to be remembered besides. */
export interface AgentDecision {
  readonly status: ApplicationStatus;
  readonly intents: readonly AgentIntent[];
  readonly nextAt: number | undefined;
  readonly recordAfter: number | undefined;
  /** What is in force from here on. */
  readonly accepted: Declared | undefined;
}

export function decideApplication(seen: Seen): AgentDecision {
  if (seen.app.spec.suspend) return suspended(seen);
  if (seen.outdated !== undefined) return outdated(seen);
  const admission = admit(seen);
  const failure = admission.refused ?? seen.source.failure;
  const { accepted } = admission;
  const { holding, returning } = decideExceptions(seen, accepted);
  const { holds } = holding;
  const { returns } = returning;
  const wanted = wantedObjects(accepted?.desired ?? [], holds, seen.snapshots, returns);
  const snapshots = decideSnapshots(seen, accepted);
  const sync = planSync(seen, accepted, wanted, snapshots.waiting);
  const prune = planPrune({ seen, declared: accepted, wanted, isIdle: isIdle(sync, admission) });
  const reports = decideReports({ seen, accepted, holds, returns, ended: holding.ended });
  const status = nextStatus({
    seen,
    accepted,
    failure,
    holding: { ...holding, holds: reports.holds },
    returning,
    resources: [...sync.resources, ...prune.resources],
    refusedEmpty: prune.refusedEmpty,
    unconfirmed: prune.unconfirmed,
    problems: { snapshot: snapshots.problem, writeBack: reports.problem },
    reported: sync.reported,
    gate: sync.gate,
    notes: reports.notes,
    withdrawals: reports.withdrawals,
    stable: snapshots.stable,
  });
  const acts = [
    ...askedIntents(seen),
    ...pollIntents(seen),
    ...endRetries(seen, accepted, holds),
    ...unretire(seen, accepted),
    ...snapshots.first,
    ...sync.intents,
    ...admission.intents,
    ...prune.intents,
    ...snapshots.last,
  ];
  // Git is told of nothing that is not on record, so that a process that dies leaves no commit whose cause nobody knows.
  const reporting = acts.every(({ do: what }) => what === 'Poll' || what === 'ReadBack') ? reports.intents : [];
  const pollAt = seen.source.busy ? undefined : seen.source.nextPollAt;
  return {
    status,
    intents: [...acts, ...reporting],
    nextAt: earliest(pollAt, admission.dueAt, sync.dueAt, prune.dueAt, reports.dueAt),
    recordAfter: recordAfter(seen, { holds, returns }, reporting.length > 0 ? acts.length : undefined),
    accepted,
  };
}

/** How many intents come before the record: none where holds or returns have changed. */
function recordAfter(
  { app }: Seen,
  exceptions: Pick<ApplicationStatus, 'holds' | 'returns'>,
  otherwise: number | undefined,
): number | undefined {
  return isOnRecord(app.status, exceptions) ? otherwise : 0;
}

/** What another process has applied is no drift to one that has not read it: it looks at the repository, and does nothing before. */
function outdated({ status, source, memory, now, outdated: how }: Seen): AgentDecision {
  const isDue = !source.busy && (how === 'unread' || now >= source.nextPollAt);
  return {
    status,
    intents: isDue ? [{ do: 'Poll' }] : [],
    nextAt: source.busy ? undefined : source.nextPollAt,
    recordAfter: undefined,
    accepted: memory.accepted,
  };
}

function suspended(seen: Seen): AgentDecision {
  const holding: HoldDecision = { holds: seen.status.holds ?? [], started: [], ended: [], stuck: [] };
  const accepted = seen.memory.accepted;
  const resources = seen.status.resources ?? [];
  const returning = { returns: seen.status.returns ?? [] };
  const status = nextStatus({
    seen,
    accepted,
    failure: seen.source.failure,
    holding,
    returning,
    resources,
    refusedEmpty: false,
    problems: {},
    reported: [],
    notes: undefined,
    withdrawals: seen.status.withdrawals ?? [],
    stable: seen.status.stable,
  });
  return { status, intents: [], nextAt: undefined, recordAfter: undefined, accepted };
}

/**
 * Holds and returns are on record before anything is applied, so that a crash never lets rejected content back in, nor makes of a new
 * revision a first one.
 */
function isOnRecord(
  recorded: ApplicationStatus | undefined,
  { holds, returns }: Pick<ApplicationStatus, 'holds' | 'returns'>,
): boolean {
  return gist(recorded?.holds) === gist(holds) && gist(recorded?.returns) === gist(returns);
}

const gist = (exceptions: readonly (Pick<Hold, 'rollout' | 'since'> & { contentHash?: string })[] = []): string =>
  JSON.stringify(
    exceptions.map(({ rollout, contentHash, since }) => [rollout.namespace, rollout.name, contentHash, since]),
  );

function isIdle(sync: { settled: boolean; intents: readonly AgentIntent[] }, { intents }: Admission): boolean {
  return sync.settled && sync.intents.length === 0 && intents.length === 0;
}

const askedIntents = ({ app }: Seen): AgentIntent[] =>
  app.metadata.annotations?.[SYNC] === undefined ? [] : [{ do: 'SyncNow' }];

function pollIntents({ source, now }: Seen): AgentIntent[] {
  return !source.busy && now >= source.nextPollAt ? [{ do: 'Poll' }] : [];
}

/** Where something else than Git's head shall be in the cluster, and why. */
function decideExceptions(
  seen: Seen,
  accepted: Declared | undefined,
): { holding: HoldDecision; returning: ReturnDecision } {
  const inventory = inventoryOf(seen);
  const common = {
    sets: (accepted?.sets ?? appliedSets(liveRolloutsOf(seen), [...inventory.values()])) as ReadonlyMap<
      string,
      RolloutSet
    >,
    declared: accepted !== undefined,
    rollout: (namespace: string, name: string) => seen.rollout(namespace, name),
    snapshots: seen.snapshots,
    refused: seen.memory.refused,
    now: toTime(seen.now),
  };
  const decided = decideHolds({
    ...common,
    head: accepted && revisionRef(accepted.commit, seen.app.spec.source.repoURL),
    holds: seen.status.holds ?? [],
    writeBack: (seen.app.spec.writeBack?.onAbort ?? 'None') !== 'None',
  });
  // Its reason goes into annotations, commits and notes, too.
  const holding = { ...decided, holds: decided.holds.map((hold) => ({ ...hold, reason: seen.clean(hold.reason) })) };
  const applied = new Set([...inventory].filter(([, { hash }]) => hash !== undefined).map(([key]) => key));
  const returns = seen.status.returns ?? [];
  return { holding, returning: decideReturns({ ...common, holds: holding.holds, returns, applied }) };
}

/** A retry that ended a hold is taken off before the content it asks for is applied, so that it counts once. */
function endRetries(seen: Seen, accepted: Declared | undefined, holds: readonly Hold[]): AgentIntent[] {
  const held = new Set(holds.map(({ rollout }) => `${rollout.namespace}/${rollout.name}`));
  return [...(accepted?.sets.values() ?? [])].flatMap(({ rollout: { ref } }): AgentIntent[] => {
    const { namespace = '', name } = ref;
    const annotations = seen.rollout(namespace, name)?.metadata.annotations ?? {};
    const ends =
      annotations[verbAnnotation('retry')] !== undefined &&
      annotations[ANNOTATIONS.held] !== undefined &&
      !held.has(`${namespace}/${name}`);
    return ends ? [{ do: 'EndRetry', rollout: { namespace, name } }] : [];
  });
}

/** A Rollout that had left Git and is declared again goes on driving. */
function unretire(seen: Seen, accepted: Declared | undefined): AgentIntent[] {
  return [...(accepted?.sets.values() ?? [])].flatMap(({ rollout: { ref } }): AgentIntent[] => {
    const { namespace = '', name } = ref;
    const isRetired = seen.rollout(namespace, name)?.metadata.annotations?.[ANNOTATIONS.retire] !== undefined;
    return isRetired ? [{ do: 'Unretire', rollout: { namespace, name } }] : [];
  });
}

function earliest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined && Number.isFinite(time)) as number[];
  return known.length === 0 ? undefined : Math.min(...known);
}
