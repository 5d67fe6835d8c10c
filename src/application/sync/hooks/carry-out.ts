// Makes and deletes the objects of hooks, with the rights of the account. Each has no effect when it is done twice: a name is taken once, and
// what is deleted is known by its UID.
import { AGENT_MANAGER, RESOURCES, RETRY_HOOKS } from '../../../api/names.ts';
import { nameOf, qualifiedName } from '../../../api/object-key.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../../kube/errors.ts';
import { observed, servedFor, type Doing } from '../../doing.ts';
import type { AgentIntent } from '../../intents.ts';

type Of<K extends AgentIntent['do']> = Extract<AgentIntent, { do: K }>;

const OPTIONS = { fieldManager: AGENT_MANAGER, fieldValidation: 'Strict' } as const;

export async function createHook({ key, ref, body }: Of<'CreateHook'>, at: Doing): Promise<'unchanged' | void> {
  const resource = await servedFor(ref, at.tenant);
  if (!resource) return 'unchanged';
  try {
    observed(key, resource, await at.tenant.create(resource, body, OPTIONS), at);
  } catch (error) {
    // Whatever there is now, what was read before does not count.
    at.memory.strangers.delete(key);
    if (!isAlreadyExists(error)) throw error;
    return;
  }
  at.context.log.info('a hook was created', { application: qualifiedName(at.seen.owner), object: nameOf(ref) });
}

/** In the foreground: it is gone when all that it ran is. */
export async function deleteHook({ key, ref, uid }: Of<'DeleteHook'>, at: Doing): Promise<void> {
  const resource = await servedFor(ref, at.tenant);
  if (!resource) return;
  at.memory.strangers.delete(key);
  try {
    await at.tenant.delete(resource, ref.name, ref.namespace, { uid, propagationPolicy: 'Foreground' });
  } catch (error) {
    if (!isConflict(error)) throw error;
    return;
  }
  at.memory.hooksDeleted.add(uid);
  at.context.log.info('the object of a hook was deleted', {
    application: qualifiedName(at.seen.owner),
    object: nameOf(ref),
  });
}

export async function endHookRetry({ seen: { app }, client, context }: Doing): Promise<void> {
  const { name, namespace, resourceVersion } = app.metadata;
  const metadata = { resourceVersion, annotations: { [RETRY_HOOKS]: null } };
  const request = { name, namespace, type: 'merge' as const, body: { metadata }, fieldManager: AGENT_MANAGER };
  try {
    context.applications.observe(await client.patch(RESOURCES.applications, request));
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}
