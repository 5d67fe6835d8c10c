// What carrying out has at hand: the look it acts for, the rights it acts with, and where what a write answered is put.
import type { ObjectRef } from '../api/application.ts';
import type { KubeObject, Resource } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import { apiVersionOfRef, type ObjectKey } from '../api/object-key.ts';
import { actingAs } from '../kube/acting-as.ts';
import type { KubeClient, ServedResource } from '../kube/types.ts';
import type { AgentContext } from './context.ts';
import type { Memory } from './memory.ts';
import type { Seen } from './seen.ts';
import { reachOf, userOf } from './source/tenancy.ts';

/** One look's surroundings. */
export interface Doing {
  key: ObjectKey;
  seen: Seen;
  memory: Memory;
  context: AgentContext;
  /** Sluice's own rights. */
  client: KubeClient;
  /** The rights of the Application's account. */
  tenant: KubeClient;
  signal: AbortSignal;
}

export function doing(at: Omit<Doing, 'tenant'>): Doing {
  const user = userOf(at.seen.tenancy);
  return { ...at, tenant: user === undefined ? at.client : actingAs(at.client, user) };
}

/** The kind of an object as it is served; undefined where it is not any more. */
export const servedFor = (ref: ObjectRef, client: KubeClient): Promise<ServedResource | undefined> =>
  client.resourceFor(apiVersionOfRef(ref), ref.kind);

/** Puts what a write answered where the next look sees it. */
export function observed(
  key: ObjectKey,
  resource: Resource,
  object: KubeObject,
  { context, seen, memory, key: app }: Doing,
): void {
  memory.strangers.delete(key);
  if (resource.group === RESOURCES.rollouts.group && resource.kind === RESOURCES.rollouts.kind) {
    context.rollouts.observe(object as never);
    return;
  }
  const followed = context.live.follow(resource, { ...reachOf(seen.tenancy), by: app });
  if (followed.state === 'ready') followed.cache.observe(object);
}
