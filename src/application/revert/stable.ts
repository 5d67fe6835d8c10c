// Loading and keeping the stable snapshots of an Application's Rollouts: one Secret each, read by name only, and a line in the status that
// says which one counts. One that is not believed or not there is read anew from Git, at the commit on record.
import type { Application, ApplicationStatus } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { AGENT_MANAGER, ANNOTATIONS, RESOURCES } from '../../api/names.ts';
import { objectIdOf, objectKey, type ObjectKey } from '../../api/object-key.ts';
import { parseRevision, type RevisionRef } from '../../api/revision.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import type { Rollout } from '../../api/rollout.ts';
import { GitError } from '../../git/types.ts';
import type { PassContext } from '../context.ts';
import { mirrorOf, readCommit } from '../source/source.ts';
import type { AppState } from '../state.ts';
import { holdKey, isPromoted, isStable } from './hold.ts';
import type { RolloutSet } from './rollout-set.ts';
import { readSnapshot, snapshotName, snapshotSecret, SNAPSHOT_TYPE, takeSnapshot } from './snapshot.ts';
import type { SnapshotScope } from './snapshot-scope.ts';

interface Keeper {
  app: Application;
  state: AppState;
  context: PassContext;
}

/** What the status says of the newest snapshot of a Rollout. */
const recordOf = (key: string, { stable = [] }: ApplicationStatus) => stable.find((each) => holdKey(each) === key);

function scopeOf(key: ObjectKey, { app, context }: Pick<Keeper, 'app' | 'context'>): SnapshotScope {
  const { namespace = '', name } = objectIdOf(key);
  const { metadata, spec } = app;
  return {
    namespace,
    rollout: name,
    application: { namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid },
    sourcePath: spec.source.path ?? '',
    crossNamespace: context.routesAcross ?? false,
  };
}

/** Reads the snapshots that were not looked at yet. One that does not verify is left out, and `state.refused` says why. */
export async function loadSnapshots(keys: readonly ObjectKey[], keeper: Keeper): Promise<void> {
  const { state, context } = keeper;
  const missing = [...new Set(keys)].filter((key) => !state.loaded.has(key));
  await Promise.all(
    missing.map(async (key) => {
      const scope = scopeOf(key, keeper);
      const secret = await context.client.get(RESOURCES.secrets, snapshotName(scope.rollout), scope.namespace);
      if (!secret || (await loadOne(key, secret, scope, keeper))) state.loaded.add(key);
    }),
  );
}

/** False where it could not be checked, which a later try may mend. */
async function loadOne(
  key: ObjectKey,
  secret: KubeObject,
  scope: SnapshotScope,
  { state, context }: Keeper,
): Promise<boolean> {
  const sealedWith = await keyOf(context);
  if (!sealedWith.ok) {
    state.refused.set(key, `cannot be checked: ${sealedWith.error}`);
    return false;
  }
  const read = readSnapshot(secret, scope, sealedWith.value);
  state.refused.delete(key);
  const least = recordOf(key, state.status)?.sequence ?? 0;
  if (!read.ok) state.refused.set(key, read.error);
  else if (read.value && read.value.sequence < least) state.refused.set(key, 'is an earlier one that was put back');
  else if (read.value) state.snapshots.set(key, read.value);
  return true;
}

/** The key, or why there is none: nothing but snapshots depends on it. */
async function keyOf({ snapshotKeys }: PassContext): Promise<Result<Uint8Array, string>> {
  try {
    return ok(await snapshotKeys.key());
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

/** Reads anew from Git what was not believed or has gone, where the commit of the stable revision is on record. */
export async function rebuildSnapshots(keeper: Keeper): Promise<void> {
  const { state } = keeper;
  for (const set of state.rendered?.sets.values() ?? []) {
    const { namespace = '', name } = set.rollout.ref;
    const live = keeper.context.rollouts.get(namespace, name);
    if (state.snapshots.has(set.key) || (live && isPromoted(live, set))) continue;
    await rebuildOne(set, live, keeper);
  }
}

async function rebuildOne(set: RolloutSet, live: Rollout | undefined, keeper: Keeper): Promise<void> {
  const { state } = keeper;
  const { stableRS, stableRevision } = live?.status ?? {};
  const recorded = recordedStable(set.key, live, state.status);
  const revision = recorded ?? stableRevision;
  if (!revision || !firstTry(`${set.key} ${revision.commit}`, state)) return;
  const earlier = await readBack(revision.commit, keeper);
  const before = earlier?.rendered?.sets.get(set.key);
  // What the Rollout's status alone says was stable is believed if it declares the pods that serve.
  if (!earlier || !before || (!recorded && stableRS !== before.template)) return;
  await keepOne(before, revision, stableRS || before.template, { ...keeper, state: earlier });
  adopt(earlier, state);
}

/** Once for each head, not in every pass: what the mirror does not have it may have after the next fetch. */
function firstTry(what: string, { loaded, rendered }: AppState): boolean {
  const attempt = `${what} ${rendered?.commit.oid}`;
  if (loaded.has(attempt)) return false;
  loaded.add(attempt);
  return true;
}

/** What the Application's own status says was stable, if that is what serves. Writing Secrets does not help to write it. */
function recordedStable(key: string, live: Rollout | undefined, status: ApplicationStatus): RevisionRef | undefined {
  const hold = status.holds?.find((each) => holdKey(each) === key);
  const record = recordOf(key, status);
  const serves = live?.status?.stableRS;
  return hold?.stable ?? (!serves || record?.podHash === serves ? record?.revision : undefined);
}

/** What was kept for an earlier commit counts for the present one. */
function adopt({ status }: AppState, state: AppState): void {
  state.status = { ...state.status, ...(status.stable === undefined ? {} : { stable: status.stable }) };
}

/** Writes the snapshot of every Rollout whose declared revision has become the stable one. Returns the sets that are promoted. */
export async function keepSnapshots(app: Application, state: AppState, context: PassContext): Promise<RolloutSet[]> {
  const promoted: RolloutSet[] = [];
  const problems: string[] = [];
  for (const set of state.rendered?.sets.values() ?? []) {
    const live = context.rollouts.get(set.rollout.ref.namespace, set.rollout.ref.name);
    if (!live || !isPromoted(live, set) || !isApplied(set, state)) continue;
    promoted.push(set);
    const revision = declaredBy(live);
    const problem = revision && (await keepOne(set, revision, live.status?.stableRS, { app, state, context }));
    if (problem !== undefined) problems.push(`${live.metadata.name}: ${problem}`);
  }
  state.problems.snapshot = problems.length > 0 ? `${problems.join('; ')}: an abort cannot restore it` : undefined;
  return promoted;
}

/**
 * Before another commit is applied over a revision that was promoted while nobody looked: its snapshot, read from the commit that
 * declared it, so that an abort of what comes goes back to it and not to an older one.
 */
export async function keepOutgoing(app: Application, state: AppState, context: PassContext): Promise<void> {
  for (const set of state.rendered?.sets.values() ?? []) {
    const live = context.rollouts.get(set.rollout.ref.namespace, set.rollout.ref.name);
    const revision = live && unrecorded(set, live, state);
    const earlier = revision && (await readBack(revision.commit, { app, state, context }));
    const outgoing = earlier?.rendered?.sets.get(set.key);
    if (!live || !earlier || !outgoing || !isPromoted(live, outgoing)) continue;
    await keepOne(outgoing, revision, live.status?.stableRS, { app, state: earlier, context });
    adopt(earlier, state);
  }
}

const declaredBy = (live: Rollout): RevisionRef | undefined =>
  parseRevision(live.metadata.annotations?.[ANNOTATIONS.revision]) ?? live.status?.stableRevision;

/** The revision that is stable and has no snapshot, where other content is about to take its place. */
function unrecorded(set: RolloutSet, live: Rollout, state: AppState): RevisionRef | undefined {
  const revision = declaredBy(live);
  const known = state.snapshots.get(set.key)?.revision.commit === revision?.commit;
  return known || !isStable(live) || isPromoted(live, set) ? undefined : revision;
}

/** The state as it would be at an earlier commit; undefined where the mirror has lost it. */
async function readBack(oid: string, { app, state, context }: Keeper): Promise<AppState | undefined> {
  try {
    const mirror = await mirrorOf(app, context);
    const commit = await mirror.commit(oid);
    const earlier: AppState = { ...state, rendered: undefined };
    const failure = commit && (await readCommit(app, earlier, commit, { ...context, mirror }));
    return commit && !failure ? earlier : undefined;
  } catch (error) {
    if (error instanceof GitError) return undefined;
    throw error;
  }
}

/** Why the snapshot cannot be kept, if so. */
async function keepOne(
  set: RolloutSet,
  revision: RevisionRef,
  podHash: string | undefined,
  keeper: Keeper,
): Promise<string | undefined> {
  const { state, context } = keeper;
  const known = state.snapshots.get(set.key);
  if (known?.contentHash === set.hash && known.revision.commit === revision.commit) return undefined;
  const sequence = 1 + Math.max(known?.sequence ?? 0, recordOf(set.key, state.status)?.sequence ?? 0);
  const desired = new Map(state.rendered?.desired.map((object) => [object.key, object]));
  const snapshot = takeSnapshot(set, desired, revision, { podHash, sequence });
  const scope = scopeOf(set.key, keeper);
  const sealedWith = await keyOf(context);
  if (!sealedWith.ok) return `its snapshot cannot be sealed: ${sealedWith.error}`;
  const secret = snapshotSecret(snapshot, scope, sealedWith.value);
  if (!secret) return 'the declared content is larger than a Secret may be';
  const { name, namespace } = secret.metadata;
  const request = { name, namespace, type: 'apply', body: secret, fieldManager: AGENT_MANAGER, force: true } as const;
  await context.client.patch(RESOURCES.secrets, request);
  state.snapshots.set(set.key, snapshot);
  state.refused.delete(set.key);
  const others = (state.status.stable ?? []).filter((each) => holdKey(each) !== set.key);
  const rollout = { namespace: scope.namespace, name: scope.rollout };
  const record = { rollout, revision, ...(podHash === undefined ? {} : { podHash }), sequence };
  state.status = { ...state.status, stable: [...others, record] };
  return undefined;
}

/** Everything of the set is in the cluster as it is declared. */
function isApplied(set: RolloutSet, state: AppState): boolean {
  const inventory = new Map((state.status.resources ?? []).map((entry) => [objectKey(entry), entry]));
  return set.members.every(
    ({ key, hash }) => inventory.get(key)?.hash === hash && inventory.get(key)?.status === 'Synced',
  );
}

/** Rollouts on record that have left Git and are gone: nothing will go back to their stable revision. */
export function obsoleteStable(
  status: ApplicationStatus,
  sets: ReadonlyMap<string, unknown>,
  rollout: (namespace: string, name: string) => Rollout | undefined,
): NonNullable<ApplicationStatus['stable']> {
  return (status.stable ?? []).filter(
    (each) => !sets.has(holdKey(each)) && rollout(each.rollout.namespace, each.rollout.name) === undefined,
  );
}

/** Deletes the snapshots that nothing will go back to. */
export async function dropSnapshots({ state, context }: Keeper): Promise<void> {
  if (!state.rendered) return;
  const get = (namespace: string, name: string) => context.rollouts.get(namespace, name);
  for (const obsolete of obsoleteStable(state.status, state.rendered.sets, get)) {
    const { namespace, name } = obsolete.rollout;
    const secret = await context.client.get(RESOURCES.secrets, snapshotName(name), namespace);
    if (secret?.['type'] === SNAPSHOT_TYPE)
      await context.client.delete(RESOURCES.secrets, snapshotName(name), namespace, { uid: secret.metadata.uid });
    const key = holdKey(obsolete);
    state.snapshots.delete(key);
    state.loaded.delete(key);
    state.status = { ...state.status, stable: state.status.stable?.filter((each) => each !== obsolete) };
  }
}
