// Applies what is wanted, stage by stage, and deletes what has left Git; tells of each object what became of it.
import type { Application, ResourceStatus } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS, APPLICATION_LABEL, GROUP } from '../../api/names.ts';
import type { RevisionRef } from '../../api/revision.ts';
import { toTime } from '../../ports/clock.ts';
import { applyObject, pruneObject, type ApplyOutcome } from './apply.ts';
import type { PassContext } from '../context.ts';
import { dependencyKeys, isRollout } from '../revert/dependents.ts';
import { objectKey, nameOf, type ObjectKey } from '../../api/object-key.ts';
import { heldNote, rolloutsIn, type Wanted, type WantedObject } from '../revert/wanted.ts';
import { planPrune, refOfEntry } from './plan.ts';
import { stageOf } from './stages.ts';
import { parseRevision } from '../revert/snapshot.ts';
import { drivenBy, stamped, type KeepLive } from './stamps.ts';
import { revisionRef, type AppState } from '../state.ts';

export interface SyncResult {
  resources: ResourceStatus[];
  /** Something failed for a reason that may go away by itself. */
  transient: Error | undefined;
  refusedEmpty: boolean;
  /** Milliseconds since the epoch when a correction that waits is due. */
  dueAt: number | undefined;
}

const PARALLEL = 16;
const MAX_DRIFT = 20;
const CALM_MS = 10 * 60_000;
const MAX_PATIENCE_MS = 5 * 60_000;

interface Sync {
  app: Application;
  state: AppState;
  context: PassContext;
  driven: Map<string, KeepLive>;
  inventory: Map<ObjectKey, ResourceStatus>;
  failed: Set<ObjectKey>;
  result: SyncResult;
}

export async function syncObjects(
  app: Application,
  state: AppState,
  wanted: Wanted,
  context: PassContext,
): Promise<SyncResult> {
  const inventory = new Map((state.status.resources ?? []).map((entry) => [objectKey(entry), entry]));
  const result: SyncResult = { resources: [], transient: undefined, refusedEmpty: false, dueAt: undefined };
  const driven = drivenBy(rolloutsIn(wanted.objects).map(({ object }) => object));
  const sync: Sync = { app, state, context, driven, inventory, failed: new Set(), result };
  for (const stage of [0, 1, 2, 3]) {
    const objects = wanted.objects.filter(({ ref }) => stageOf(ref) === stage);
    for (let at = 0; at < objects.length; at += PARALLEL) {
      const entries = await Promise.all(objects.slice(at, at + PARALLEL).map((object) => applyOne(object, sync)));
      result.resources.push(...entries);
    }
  }
  for (const { key, ref, hold } of wanted.keptBack) {
    const message = `kept back: rejected with ${hold.rollout.name}`;
    result.resources.push({ ...inventory.get(key), ...ref, status: 'Held', message });
  }
  await prune(wanted, sync);
  return result;
}

async function applyOne(wanted: WantedObject, sync: Sync): Promise<ResourceStatus> {
  const before = sync.inventory.get(wanted.key);
  let outcome: ApplyOutcome;
  try {
    outcome = blockedBy(wanted, sync) ?? (await tryApply(wanted, sync));
  } catch (error) {
    sync.result.transient = asError(error);
    outcome = { status: 'Failed', action: 'none', message: `${messageOf(error)}; tried again` };
  }
  record(wanted, outcome, sync);
  const message = outcome.message === undefined ? {} : { message: outcome.message };
  if (outcome.status === 'Failed') {
    sync.failed.add(wanted.key);
    return { ...wanted.ref, ...pick(before), status: 'Failed', ...message };
  }
  const commit = commitOf(wanted, before, sync.state);
  return {
    ...wanted.ref,
    status: outcome.status,
    hash: wanted.hash,
    ...(commit === undefined ? {} : { commit }),
    ...message,
  };
}

const pick = (entry: ResourceStatus | undefined): { hash?: string; commit?: string } => ({
  ...(entry?.hash === undefined ? {} : { hash: entry.hash }),
  ...(entry?.commit === undefined ? {} : { commit: entry.commit }),
});

/** A Rollout waits for what it depends on, so that new pods never start with half of their configuration. */
function blockedBy(wanted: WantedObject, sync: Sync): ApplyOutcome | undefined {
  if (sync.failed.size === 0 || !isRollout(wanted.object)) return undefined;
  const blocking = [...dependencyKeys(wanted.object)].find((key) => sync.failed.has(key));
  if (blocking === undefined) return undefined;
  const [, kind, , name] = blocking.split('/');
  return {
    status: 'Failed',
    action: 'none',
    message: `not applied: ${kind} ${name} it depends on could not be applied`,
  };
}

function tryApply(wanted: WantedObject, sync: Sync): Promise<ApplyOutcome> {
  const { app, state, context } = sync;
  const corrected = state.corrected.get(wanted.key);
  const due = corrected === undefined ? 0 : corrected.at + Math.min(1000 * 2 ** corrected.times, MAX_PATIENCE_MS);
  const patience = context.clock.now() < due;
  if (patience) sync.result.dueAt = Math.min(due, sync.result.dueAt ?? due);
  return applyObject(
    {
      wanted,
      body: (live) => bodyOf(wanted, live, sync),
      keep: sync.driven.get(wanted.key),
      selfHeal: app.spec.sync?.selfHeal ?? true,
      settled: state.settled.get(wanted.key),
      patience,
      refuse: (live) => claimOf(wanted.key, live, sync),
    },
    context.client,
    async (resource) =>
      resource.kind === 'Rollout' && resource.group === GROUP
        ? (context.rollouts as unknown as {
            get(namespace: string | undefined, name: string): KubeObject | undefined;
            observe(object: KubeObject): void;
          })
        : context.live.of(resource),
  );
}

/** Two Applications that declare one object would overwrite each other for ever: the first keeps it. */
function claimOf(key: ObjectKey, live: KubeObject, { app, context }: Sync): string | undefined {
  const owner = live.metadata.labels?.[APPLICATION_LABEL];
  if (owner === undefined || owner === app.metadata.name) return undefined;
  const other = context.applications
    .list()
    .find(
      ({ metadata, status }) =>
        metadata.name === owner && (status?.resources ?? []).some((entry) => objectKey(entry) === key),
    );
  if (!other) return undefined;
  return `Application ${other.metadata.namespace ?? ''}/${owner} declares it as well; leave it to one of them`;
}

function bodyOf(wanted: WantedObject, live: KubeObject | undefined, sync: Sync): KubeObject {
  const { state, app } = sync;
  const stamps = { application: app.metadata.name, hash: wanted.hash };
  if (!isRollout(wanted.object)) return stamped(wanted.object, stamps);
  const { hold, returning } = wanted;
  if (hold)
    return stamped(wanted.object, {
      ...stamps,
      held: heldNote(hold),
      ...(hold.stable ? { revision: hold.stable } : {}),
    });
  if (returning) return stamped(wanted.object, { ...stamps, revision: returning.stable });
  const annotations = live?.metadata.annotations;
  const current = parseRevision(annotations?.[ANNOTATIONS.revision]);
  const receivedAt = annotations?.[ANNOTATIONS.receivedAt];
  if (current && isUnchanged(wanted, sync)) {
    return stamped(wanted.object, {
      ...stamps,
      revision: current,
      ...(receivedAt === undefined ? {} : { receivedAt }),
    });
  }
  return stamped(wanted.object, { ...stamps, ...candidate(wanted, app, state) });
}

function candidate(
  wanted: WantedObject,
  app: Application,
  state: AppState,
): { revision?: RevisionRef; receivedAt?: string } {
  const { rendered, receivedAt } = state;
  return {
    ...(rendered ? { revision: revisionRef(rendered.commit, app.spec.source.repoURL, wanted.path) } : {}),
    ...(receivedAt === undefined ? {} : { receivedAt: new Date(receivedAt).toISOString() }),
  };
}

/** Neither the Rollout nor what it depends on is declared otherwise than it was last applied. */
function isUnchanged(wanted: WantedObject, sync: Sync): boolean {
  const set = sync.state.rendered?.sets.get(wanted.key);
  return set?.members.every(({ key, hash }) => sync.inventory.get(key)?.hash === hash) ?? true;
}

function commitOf(wanted: WantedObject, before: ResourceStatus | undefined, state: AppState): string | undefined {
  if (before?.hash === wanted.hash && before.commit !== undefined) return before.commit;
  return wanted.hold ? wanted.hold.stable?.commit : state.rendered?.commit.oid;
}

/** Keeps what the next pass must know of this one, and says what was done about drift. */
function record(wanted: WantedObject, outcome: ApplyOutcome, sync: Sync): void {
  const { state, context } = sync;
  const now = context.clock.now();
  if (outcome.settled !== undefined) state.settled.set(wanted.key, outcome.settled);
  if (outcome.drift === undefined) return;
  if (outcome.action === 'corrected') {
    const before = state.corrected.get(wanted.key);
    const times = before !== undefined && now - before.at < CALM_MS ? before.times + 1 : 0;
    state.corrected.set(wanted.key, { at: now, times });
    recordDrift(wanted, outcome.drift, 'Corrected', sync);
  } else if (outcome.action === 'reported') {
    const known = (state.status.drift ?? []).find(
      (entry) => objectKey(entry) === wanted.key && entry.action === 'Reported',
    );
    if (known?.fields.join() !== outcome.drift.join()) recordDrift(wanted, outcome.drift, 'Reported', sync);
  }
}

function recordDrift(wanted: WantedObject, fields: string[], action: 'Corrected' | 'Reported', sync: Sync): void {
  const { app, state, context } = sync;
  const entry = { ...wanted.ref, at: toTime(context.clock.now()), fields, action };
  state.status.drift = [entry, ...(state.status.drift ?? [])].slice(0, MAX_DRIFT);
  context.metrics?.drifted?.(state.key, wanted.ref.kind);
  const end = action === 'Corrected' ? 'put back' : 'left, sync.selfHeal is off';
  const message = `${nameOf(wanted.ref)} was changed outside Git (${fields.join(', ')}): ${end}`;
  context.events.emit(app, { type: 'Warning', reason: `Drift${action}`, message });
}

async function prune(wanted: Wanted, sync: Sync): Promise<void> {
  const { app, state, context, result } = sync;
  const present = new Set([...wanted.objects, ...wanted.keptBack].map(({ key }) => key));
  if (!state.rendered) {
    result.resources.push(...[...sync.inventory].filter(([key]) => !present.has(key)).map(([, entry]) => entry));
    return;
  }
  const plan = planPrune({
    declared: true,
    wanted,
    inventory: [...sync.inventory.values()],
    snapshots: state.snapshots,
    prune: app.spec.sync?.prune ?? false,
    allowEmpty: app.spec.sync?.allowEmpty ?? false,
  });
  result.refusedEmpty = plan.refusedEmpty;
  for (const { ref, message } of plan.skipped) {
    result.resources.push({ ...ref, ...pick(sync.inventory.get(objectKey(ref))), status: 'PruneSkipped', message });
  }
  for (const ref of plan.remove) {
    const entry = { ...refOfEntry(ref), ...pick(sync.inventory.get(objectKey(ref))) };
    try {
      const pruned = await pruneObject(ref, app.metadata.name, context.client);
      if (pruned.result === 'kept') result.resources.push({ ...entry, status: 'PruneSkipped', message: pruned.why });
      else if (pruned.result === 'deleted')
        context.events.emit(app, {
          type: 'Normal',
          reason: 'Pruned',
          message: `${nameOf(ref)} has left Git and was deleted`,
        });
    } catch (error) {
      result.transient = asError(error);
      result.resources.push({ ...entry, status: 'Failed', message: `could not be deleted: ${messageOf(error)}` });
    }
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
