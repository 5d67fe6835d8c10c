// Loading and keeping the stable snapshots of an Application's Rollouts: one Secret each, read by name only.
import type { Application } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { AGENT_MANAGER, ANNOTATIONS, RESOURCES } from '../../api/names.ts';
import type { Rollout } from '../../api/rollout.ts';
import { GitError } from '../../git/types.ts';
import type { PassContext } from '../context.ts';
import { isPromoted, isStable } from './hold.ts';
import { objectKey } from '../../api/object-key.ts';
import type { RolloutSet } from './rollout-set.ts';
import { parseRevision, readSnapshot, snapshotName, snapshotSecret, takeSnapshot } from './snapshot.ts';
import { mirrorOf, readCommit } from '../source/source.ts';
import type { AppState } from '../state.ts';

/** Reads the snapshots that were not looked at yet. */
export async function loadSnapshots(
  rollouts: readonly { key: string; namespace: string; name: string }[],
  state: AppState,
  context: PassContext,
): Promise<void> {
  const missing = rollouts.filter(({ key }) => !state.loaded.has(key));
  await Promise.all(
    missing.map(async ({ key, namespace, name }) => {
      const secret = await context.client.get(RESOURCES.secrets, snapshotName(name), namespace);
      const snapshot = readSnapshot(secret);
      if (snapshot) state.snapshots.set(key, snapshot);
      state.loaded.add(key);
    }),
  );
}

/** Writes the snapshot of every Rollout whose declared revision has become the stable one. Returns the sets that are promoted. */
export async function keepSnapshots(app: Application, state: AppState, context: PassContext): Promise<RolloutSet[]> {
  const promoted: RolloutSet[] = [];
  const tooLarge: string[] = [];
  for (const set of state.rendered?.sets.values() ?? []) {
    const live = context.rollouts.get(set.rollout.ref.namespace, set.rollout.ref.name);
    if (!live || !isPromoted(live, set) || !isApplied(set, state)) continue;
    promoted.push(set);
    if (!(await keepOne(set, live, { app, state, context }))) tooLarge.push(live.metadata.name);
  }
  const what = `the declared content of ${tooLarge.join(', ')} is larger than a Secret may be`;
  state.problems.snapshot = tooLarge.length > 0 ? `${what}: an abort cannot restore it` : undefined;
  return promoted;
}

/**
 * Before another commit is applied over a revision that was promoted while nobody looked: its snapshot, read from the commit that
 * declared it, so that an abort of what comes goes back to it and not to an older one.
 */
export async function keepOutgoing(app: Application, state: AppState, context: PassContext): Promise<void> {
  for (const set of state.rendered?.sets.values() ?? []) {
    const live = context.rollouts.get(set.rollout.ref.namespace, set.rollout.ref.name);
    const commit = live && unrecorded(set, live, state);
    const declared = commit === undefined ? undefined : await readBack(commit, app, state, context);
    const outgoing = declared?.rendered?.sets.get(set.key);
    if (live && declared && outgoing && isPromoted(live, outgoing))
      await keepOne(outgoing, live, { app, state: declared, context });
  }
}

/** The commit of a stable revision that has no snapshot, where other content is about to take its place. */
function unrecorded(set: RolloutSet, live: Rollout, state: AppState): string | undefined {
  const commit = parseRevision(live.metadata.annotations?.[ANNOTATIONS.revision])?.commit;
  const known = state.snapshots.get(set.key)?.revision.commit === commit;
  return known || !isStable(live) || isPromoted(live, set) ? undefined : commit;
}

/** The state as it would be at an earlier commit; undefined where the mirror has lost it. */
async function readBack(
  oid: string,
  app: Application,
  state: AppState,
  context: PassContext,
): Promise<AppState | undefined> {
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

/** False when the snapshot does not fit into a Secret. */
async function keepOne(
  set: RolloutSet,
  live: Rollout,
  { app, state, context }: { app: Application; state: AppState; context: PassContext },
): Promise<boolean> {
  const revision = parseRevision(live.metadata.annotations?.[ANNOTATIONS.revision]);
  const known = state.snapshots.get(set.key);
  if (!revision || (known?.contentHash === set.hash && known.revision.commit === revision.commit)) return true;
  const desired = new Map(state.rendered?.desired.map((object) => [object.key, object]));
  const snapshot = takeSnapshot(set, desired, revision, live.status?.stableRS);
  const secret = snapshotSecret(snapshot, live as unknown as KubeObject, app.metadata.name);
  if (!secret) return false;
  const { name, namespace } = secret.metadata;
  const request = { name, namespace, type: 'apply', body: secret, fieldManager: AGENT_MANAGER, force: true } as const;
  await context.client.patch(RESOURCES.secrets, request);
  state.snapshots.set(set.key, snapshot);
  return true;
}

/** Everything of the set is in the cluster as it is declared. */
function isApplied(set: RolloutSet, state: AppState): boolean {
  const inventory = new Map((state.status.resources ?? []).map((entry) => [objectKey(entry), entry]));
  return set.members.every(
    ({ key, hash }) => inventory.get(key)?.hash === hash && inventory.get(key)?.status === 'Synced',
  );
}
