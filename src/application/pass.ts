// One pass over one Application: read Git, decide holds, bring the cluster to what is wanted, record it, and tell Git.
import type { Application, ApplicationStatus } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import { AGENT_MANAGER, APPLICATION_LABEL, RESOURCES, verbAnnotation } from '../api/names.ts';
import { mergePatch } from '../api/merge-patch.ts';
import type { Hold } from '../api/application.ts';
import { objectKey } from '../api/object-key.ts';
import { shortCommit } from '../api/revision.ts';
import { isConflict, isNotFound } from '../kube/errors.ts';
import { toTime } from '../ports/clock.ts';
import type { PassContext } from './context.ts';
import { reportToGit } from './report/git-report.ts';
import { decideHolds, describeHold, holdKey, type HoldDecision } from './revert/hold.ts';
import { decideReturns, describeReturn, type ReturnDecision } from './revert/returns.ts';
import { wantedObjects } from './revert/wanted.ts';
import { appliedSets, type RolloutSet } from './revert/rollout-set.ts';
import { refreshSource } from './source/source.ts';
import { dropSnapshots, keepOutgoing, keepSnapshots, loadSnapshots, rebuildSnapshots } from './revert/stable.ts';
import { revisionRef, type AppState } from './state.ts';
import { nextStatus, type PassResult } from './report/status.ts';
import { syncObjects } from './sync/sync.ts';

/** Returns when to look again, in milliseconds since the epoch. Throws what a later try may mend. */
export async function runPass(app: Application, state: AppState, context: PassContext): Promise<number> {
  if (app.spec.suspend) {
    const resources = state.status.resources ?? [];
    await saveStatus(
      app,
      state,
      nextStatus(app, state, { resources, refusedEmpty: false, stuck: [] }, nowOf(context)),
      context,
    );
    return Number.POSITIVE_INFINITY;
  }
  await refreshSource(app, state, context);
  const { decision, returns } = await exceptionsOf(app, state, context);
  await keepOutgoing(app, state, context);
  await releaseRetried(decision, context);
  const wanted = wantedObjects(state.rendered?.desired ?? [], decision.holds, state.snapshots, returns.returns);
  const sync = await syncObjects(app, state, wanted, context);
  const pass = { resources: sync.resources, refusedEmpty: sync.refusedEmpty, stuck: decision.stuck };
  await record(app, state, pass, context);
  const promoted = await keepSnapshots(app, state, context);
  await dropSnapshots({ app, state, context });
  const back = returns.ended.filter(({ why }) => why === 'served').map(({ returning }) => returning);
  const dueAt = await reportToGit(app, state, { promoted, returns: [...returns.returns, ...back] }, context);
  const stuck = decision.stuck.filter(({ reason }) => reason !== 'SnapshotNotAuthentic' || state.refused.size > 0);
  await record(app, state, { ...pass, stuck }, context);
  if (sync.transient) throw sync.transient;
  return Math.min(state.nextPollAt, sync.dueAt ?? Number.POSITIVE_INFINITY, dueAt ?? Number.POSITIVE_INFINITY);
}

const nowOf = (context: PassContext): string => toTime(context.clock.now());

async function record(app: Application, state: AppState, pass: PassResult, context: PassContext): Promise<void> {
  const before = state.status.phase;
  const next = nextStatus(app, state, pass, nowOf(context));
  await saveStatus(app, state, next, context);
  if (before === next.phase) return;
  const failed = next.phase === 'Failed';
  const result = failed ? 'Failed' : next.phase === 'Held' ? 'Held' : 'Synced';
  context.metrics?.synced?.(state.key, result);
  // A hold was told of when it began.
  if (next.phase === 'Held') return;
  const reason = next.conditions?.find(({ type }) => type === 'Ready')?.reason ?? 'Synced';
  context.events.emit(app, { type: failed ? 'Warning' : 'Normal', reason, message: next.message ?? '' });
}

/**
 * The holds and returns in force. Changes are on record before anything is applied, so that a crash never lets rejected content back in,
 * nor makes of a new revision a first one.
 */
async function exceptionsOf(
  app: Application,
  state: AppState,
  context: PassContext,
): Promise<{ decision: HoldDecision; returns: ReturnDecision }> {
  const sets = state.rendered?.sets ?? lastApplied(app, state, context);
  const holds = state.status.holds ?? [];
  const exceptions = [...holds, ...(state.status.returns ?? [])];
  const ours = exceptions.map((each) => holdKey(each));
  const keeper = { app, state, context };
  await loadSnapshots([...sets.values()].map(({ key }) => key).concat(ours), keeper);
  await rebuildSnapshots(keeper);
  const common = {
    sets,
    declared: state.rendered !== undefined,
    rollout: (namespace: string, name: string) => context.rollouts.get(namespace, name),
    snapshots: state.snapshots,
    refused: state.refused,
    now: nowOf(context),
  };
  const decision = decideHolds({
    ...common,
    head: state.rendered && revisionRef(state.rendered.commit, app.spec.source.repoURL),
    holds,
    writeBack: app.spec.writeBack?.onAbort === 'Commit',
  });
  const applied = new Set((state.status.resources ?? []).filter(({ hash }) => hash !== undefined).map(objectKey));
  const returns = decideReturns({
    ...common,
    holds: decision.holds,
    returns: state.status.returns ?? [],
    applied,
  });
  await recordExceptions(app, state, { decision, returns }, context);
  announce(app, decision, context);
  announceReturns(app, returns, context);
  return { decision, returns };
}

async function recordExceptions(
  app: Application,
  state: AppState,
  { decision, returns }: { decision: HoldDecision; returns: ReturnDecision },
  context: PassContext,
): Promise<void> {
  const { holds, returns: before = [] } = state.status;
  const next: ApplicationStatus = { ...state.status };
  if (holds !== undefined || decision.holds.length > 0) next.holds = decision.holds;
  if (returns.returns.length > 0) next.returns = returns.returns;
  else delete next.returns;
  const changed =
    decision.started.length + decision.ended.length + returns.started.length + returns.ended.length > 0 ||
    before.length !== returns.returns.length ||
    decision.holds.some((hold, at) => hold !== holds?.[at]);
  if (changed) await saveStatus(app, state, next, context);
}

function announceReturns(app: Application, returns: ReturnDecision, context: PassContext): void {
  for (const returning of returns.started) {
    const message = `${returning.rollout.name} was gone: ${describeReturn(returning)}`;
    context.events.emit(app, { type: 'Warning', reason: 'Returning', message });
  }
  for (const { returning, why } of returns.ended) {
    if (why !== 'served') continue;
    const message = `${returning.rollout.name} serves ${shortCommit(returning.stable.commit)} again; what Git declares follows by its steps`;
    context.events.emit(app, { type: 'Normal', reason: 'Returned', message });
  }
}

function announce(app: Application, decision: HoldDecision, context: PassContext): void {
  for (const hold of decision.started) {
    context.events.emit(app, {
      type: 'Warning',
      reason: 'Held',
      message: describeHold(hold),
      key: `held ${hold.contentHash} ${hold.since}`,
    });
  }
  const why = { declared: 'Git declares other content', retried: 'somebody asked to retry', gone: 'it has left Git' };
  for (const { hold, why: reason } of decision.ended) {
    const message = `${hold.rollout.name} is no longer held: ${why[reason]}`;
    context.events.emit(app, { type: 'Normal', reason: 'Released', message });
  }
}

function lastApplied(app: Application, state: AppState, context: PassContext): Map<string, RolloutSet> {
  const rollouts = context.rollouts
    .list()
    .filter(({ metadata }) => metadata.labels?.[APPLICATION_LABEL] === app.metadata.name);
  return appliedSets(rollouts as unknown as KubeObject[], state.status.resources ?? []);
}

/** Takes the retry annotation off, so that it counts once. */
async function releaseRetried(decision: HoldDecision, context: PassContext): Promise<void> {
  for (const { hold, why } of decision.ended) {
    if (why === 'retried') await removeRetry(hold, context);
  }
}

async function removeRetry(hold: Hold, context: PassContext): Promise<void> {
  const { namespace, name } = hold.rollout;
  const live = context.rollouts.get(namespace, name);
  if (!live) return;
  const { resourceVersion } = live.metadata;
  const metadata = { resourceVersion, annotations: { [verbAnnotation('retry')]: null } };
  try {
    await context.client.patch(RESOURCES.rollouts, {
      name,
      namespace,
      type: 'merge',
      body: { metadata },
      fieldManager: AGENT_MANAGER,
    });
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}

/** Writes what differs from the status as last written; nothing where nothing does. */
async function saveStatus(
  app: Application,
  state: AppState,
  next: ApplicationStatus,
  context: PassContext,
): Promise<void> {
  const patch = mergePatch(state.written as Record<string, unknown>, next as Record<string, unknown>);
  state.status = next;
  if (!patch) return;
  const { name, namespace } = app.metadata;
  await context.client.patch(RESOURCES.applications, {
    name,
    namespace,
    type: 'merge',
    body: { status: patch },
    subresource: 'status',
    fieldManager: AGENT_MANAGER,
  });
  state.written = structuredClone(next);
}
