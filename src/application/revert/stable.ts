// Loading the stable snapshots of an Application's Rollouts: one Secret each, read by name only. What does not verify is not believed.
import type { Application, ApplicationStatus } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { RESOURCES } from '../../api/names.ts';
import { objectIdOf, type ObjectKey } from '../../api/object-key.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { AgentContext } from '../context.ts';
import type { Memory } from '../memory.ts';
import { mayCross } from '../source/tenancy.ts';
import { recordOf } from './hold.ts';
import { readSnapshot, snapshotName } from './snapshot.ts';
import type { SnapshotScope } from './snapshot-scope.ts';

/** Where a snapshot belongs, and what may be in it. */
export function snapshotScope(
  key: ObjectKey,
  app: Application,
  { tenancy }: Pick<AgentContext, 'tenancy'>,
): SnapshotScope {
  const { namespace = '', name } = objectIdOf(key);
  const { metadata, spec } = app;
  return {
    namespace,
    rollout: name,
    application: { namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid },
    sourcePath: spec.source.path ?? '',
    crossNamespace: mayCross(tenancy.crossNamespaceRoutes, namespace),
  };
}

/** The key that snapshots are sealed with, or why there is none: nothing but snapshots depends on it. */
export async function sealingKey({
  snapshotKeys,
}: Pick<AgentContext, 'snapshotKeys'>): Promise<Result<Uint8Array, string>> {
  try {
    return ok(await snapshotKeys.key());
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

interface Loading {
  app: Application;
  status: ApplicationStatus;
  client: KubeClient;
  memory: Memory;
  context: AgentContext;
}

/** Another process has kept a later one since it was read. */
function isOutdated(key: ObjectKey, { memory, status }: Loading): boolean {
  const known = memory.snapshots.get(key);
  return known !== undefined && known.sequence < (recordOf(key, status)?.sequence ?? 0);
}

/** Reads the snapshots that were not looked at yet. One that does not verify is left out, and `memory.refused` says why. */
export async function loadSnapshots(keys: readonly ObjectKey[], loading: Loading): Promise<void> {
  const { memory, app, context, client } = loading;
  const missing = [...new Set(keys)].filter((key) => !memory.snapshots.has(key) || isOutdated(key, loading));
  await Promise.all(
    missing.map(async (key) => {
      const scope = snapshotScope(key, app, context);
      const secret = await client.get(RESOURCES.secrets, snapshotName(scope.rollout), scope.namespace);
      if (secret) await loadOne(key, secret, scope, loading);
      else memory.snapshots.set(key, undefined);
    }),
  );
}

async function loadOne(key: ObjectKey, secret: KubeObject, scope: SnapshotScope, at: Loading): Promise<void> {
  const { memory, status, context } = at;
  const sealedWith = await sealingKey(context);
  // It stays unlooked at: a later look may find the key.
  if (!sealedWith.ok) return void memory.refused.set(key, `cannot be checked: ${sealedWith.error}`);
  const read = readSnapshot(secret, scope, sealedWith.value);
  memory.refused.delete(key);
  memory.snapshots.set(key, undefined);
  const least = recordOf(key, status)?.sequence ?? 0;
  if (!read.ok) memory.refused.set(key, read.error);
  else if (read.value && read.value.sequence < least) memory.refused.set(key, 'is an earlier one that was put back');
  else if (read.value) memory.snapshots.set(key, read.value);
}
