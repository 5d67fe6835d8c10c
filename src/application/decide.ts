// What to do about an Application: from what is seen, what is to be on record and what is to be done. Pure; the order below is the order
// of urgency. Going back never waits for what comes new.
import type { ApplicationStatus, Hold, ResourceStatus, Return } from '../api/application.ts';
import { ANNOTATIONS, verbAnnotation } from '../api/names.ts';
import { toTime } from '../ports/clock.ts';
import type { AgentIntent } from './intents.ts';
import { decideHolds, type HoldDecision } from './revert/hold.ts';
import { decideReturns, type ReturnDecision } from './revert/returns.ts';
import { appliedSets, type RolloutSet } from './revert/rollout-set.ts';
import { decideSnapshots } from './revert/snapshots-due.ts';
import { leavingAlone, wantedObjects } from './revert/wanted.ts';
import { decideReports } from './report/due.ts';
import { nextStatus } from './report/status.ts';
import { revisionRef } from './revision.ts';
import type { Declared, Seen, SourceFailure } from './seen.ts';
import { admit, type Admission } from './sync/admission.ts';
import { closeHooks, openHooks, syncHooksOf, type HookDecision, type OpenHooks } from './sync/hooks/decide.ts';
import { liveRolloutsOf } from './sync/owned.ts';
import { planPrune, type PrunePlan } from './sync/prune.ts';
import { inventoryOf, planSync, type SyncPlan } from './sync/plan-sync.ts';

/** Shaped as the kernel's decision, and what is to be remembered besides. */
export interface AgentDecision {
  readonly status: ApplicationStatus;
  readonly intents: readonly AgentIntent[];
  readonly nextAt: number | undefined;
  readonly recordAfter: number | undefined;
  /** What is in force from here on. */
  readonly accepted: Declared | undefined;
}

/** What changes nothing in the cluster. */
const IDLE: ReadonlySet<AgentIntent['do']> = new Set(['Poll', 'ReadBack', 'Ask']);

export function decideApplication(seen: Seen): AgentDecision {
  if (seen.app.spec.suspend) return suspended(seen);
  if (seen.outdated !== undefined) return outdated(seen);
  const hooks = openHooks(seen, admit(seen));
  const { admission } = hooks;
  const { accepted } = admission;
  const { holding, returning } = decideExceptions(seen, accepted);
  const { holds } = holding;
  const { returns } = returning;
  const { snapshots, sync, prune, resources, hooked } = decideSync(seen, hooks, { holds, returns });
  const failure = failureOf(seen, admission, hooked);
  const reports = decideReports({ seen, accepted, holds, returns, ended: holding.ended });
  const status = nextStatus({
    seen,
    accepted,
    failure,
    holding: { ...holding, holds: reports.holds },
    returning,
    resources,
    hooks: hooked,
    refusedEmpty: prune.refusedEmpty,
    unconfirmed: prune.unconfirmed,
    problems: { snapshot: snapshots.problem, writeBack: reports.problem },
    reported: sync.reported,
    gate: sync.gate,
    waiting: admission.waiting,
    override: admission.override,
    notes: reports.notes,
    withdrawals: reports.withdrawals,
    stable: snapshots.stable,
  });
  const acts = [
    ...pollIntents(seen),
    ...askNeighbours(admission),
    ...endRetries(seen, accepted, holds),
    ...unretire(seen, accepted),
    ...snapshots.first,
    ...hooked.first,
    ...sync.intents,
    ...admission.intents,
    ...prune.intents,
    ...snapshots.last,
    ...hooked.last,
  ];
  // Git is told of nothing that is not on record, so that a process that dies leaves no commit whose cause nobody knows.
  const reporting = acts.every(({ do: what }) => IDLE.has(what)) ? reports.intents : [];
  const reportingAfter = reporting.length > 0 ? acts.length : undefined;
  const pollAt = seen.source.busy ? undefined : seen.source.nextPollAt;
  return {
    status,
    intents: [...acts, ...reporting],
    nextAt: earliest(pollAt, admission.dueAt, sync.dueAt, prune.dueAt, hooked.dueAt, reports.dueAt),
    recordAfter: hooked.isOnRecord ? recordAfter(seen, { holds, returns }, reportingAfter) : 0,
    accepted,
  };
}

interface SyncDecision {
  snapshots: ReturnType<typeof decideSnapshots>;
  sync: SyncPlan;
  prune: PrunePlan;
  resources: ResourceStatus[];
  hooked: HookDecision;
}

/** What is applied and deleted, and the hooks before, along with and after it. */
function decideSync(
  seen: Seen,
  hooks: OpenHooks,
  { holds, returns }: { holds: readonly Hold[]; returns: readonly Return[] },
): SyncDecision {
  const { admission } = hooks;
  const { accepted } = admission;
  const all = wantedObjects(accepted?.desired ?? [], holds, seen.snapshots, returns);
  const wanted = leavingAlone(all, hooks.taken);
  const snapshots = decideSnapshots(seen, accepted);
  const sync = planSync(seen, accepted, wanted, { waiting: snapshots.waiting, hooks: syncHooksOf(hooks) });
  const isSettled = isIdle(sync, admission);
  const prune = planPrune({ seen, declared: accepted, wanted, isIdle: isSettled });
  const resources = [...sync.resources, ...prune.resources];
  const hooked = closeHooks(hooks, {
    gate: sync.hookGate,
    isIdle: isSettled && prune.intents.length === 0,
    isWaveDegraded: sync.gate?.isDegraded === true && sync.isApplied,
    isGoingBack: holds.length > 0 || returns.length > 0,
    holds,
    wanted,
    resources,
  });
  return { snapshots, sync, prune, resources, hooked };
}

/** Why what Git declares is not taken, read or finished. */
const failureOf = (seen: Seen, { refused }: Admission, hooked: HookDecision): SourceFailure | undefined =>
  refused ?? seen.source.failure ?? hooked.failure;

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

function pollIntents({ source, now }: Seen): AgentIntent[] {
  return !source.busy && now >= source.nextPollAt ? [{ do: 'Poll' }] : [];
}

const askNeighbours = ({ waiting }: Admission): AgentIntent[] =>
  waiting && waiting.toLook.length > 0 ? [{ do: 'Ask', applications: waiting.toLook }] : [];

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
