// Carries out what was decided about an Application. Objects of a batch go side by side; what each of them met with is remembered, so that
// one that fails stops nobody else.
import type { TakenCommand } from '../api/annotations.ts';
import type { ObjectRef } from '../api/application.ts';
import type { KubeObject, Resource } from '../api/k8s.ts';
import { lastManagerOf } from '../api/managed-fields.ts';
import { AGENT_MANAGER, ANNOTATIONS, RESOURCES, verbAnnotation } from '../api/names.ts';
import type { ObjectKey } from '../api/object-key.ts';
import type { Rollout } from '../api/rollout.ts';
import { ApiError, isConflict, isNotFound, isTransient } from '../kube/errors.ts';
import { observed, servedFor, type Doing } from './doing.ts';
import type { AgentIntent } from './intents.ts';
import { applyAll } from './sync/apply.ts';
import { createHook, deleteHook, endHookRetry } from './sync/hooks/carry-out.ts';
import { checkAll } from './sync/try.ts';
import { deleteAll, disownAll, inspect } from './sync/remove.ts';
import { keepSnapshot, dropSnapshot } from './revert/keep.ts';
import { lookAt, propose } from './report/propose.ts';
import { withdraw } from './report/withdraw.ts';
import { pushNotes, pushRevert } from './report/push.ts';

type Of<K extends AgentIntent['do']> = Extract<AgentIntent, { do: K }>;
type Done = Promise<'unchanged' | void>;

/** How each intent is carried out. */
const HOW: { [K in AgentIntent['do']]: (intent: Of<K>, at: Doing) => Done } = {
  Poll: (_intent, { context, key, seen }) => started(context.sources.poll(key, seen.app)),
  ReadBack: ({ commit }, { context, key, seen }) => started(context.sources.readBack(key, seen.app, commit)),
  Ask: ({ applications }, { context }) => started(context.ask(applications)),
  Check: ({ requests }, at) => checkAll(requests, at),
  TakeOver: ({ objects }, at) => takeOver(objects, at),
  Apply: ({ requests }, at) => applyAll(requests, at),
  CreateHook: createHook,
  DeleteHook: deleteHook,
  EndHookRetry: (_intent, at) => endHookRetry(at),
  Retire: ({ ref, uid }, at) => retire(ref, uid, at),
  Unretire: ({ rollout }, at) => takeOff(ANNOTATIONS.retire, rollout, at, () => ({})),
  Inspect: (intent, at) => inspect(intent, at),
  Delete: ({ objects }, at) => deleteAll(objects, at),
  Disown: ({ objects }, at) => disownAll(objects, at),
  KeepSnapshot: keepSnapshot,
  DropSnapshot: dropSnapshot,
  EndRetry: ({ rollout }, at) => takeOff(verbAnnotation('retry'), rollout, at, (live) => retried(live, at.seen.now)),
  Push: pushRevert,
  Propose: propose,
  LookAt: lookAt,
  Withdraw: withdraw,
  Note: pushNotes,
};

/** It goes on by itself, and its end is an event. */
const started = (_begun: void): Done => Promise.resolve('unchanged');

/** Resolves to `unchanged` where another look sees nothing new by it. */
export function execute<K extends AgentIntent['do']>(intent: Of<K> & { do: K }, at: Doing): Done {
  const how = HOW[intent.do] as (intent: AgentIntent, at: Doing) => Done;
  return how(intent, at);
}

async function takeOver(objects: Extract<AgentIntent, { do: 'TakeOver' }>['objects'], at: Doing): Promise<void> {
  for (const { key, ref, fingerprint, patch } of objects) {
    const resource = await servedFor(ref, at.tenant);
    if (!resource) continue;
    const { name, namespace } = ref;
    const request = { name, namespace, type: 'json' as const, body: patch, fieldManager: AGENT_MANAGER };
    const object = await at.tenant.patch(resource, request).catch((error: unknown) => {
      if (isConflict(error) || !(error instanceof ApiError)) throw error;
      const message = `fields of kubectl could not be taken over: ${error.message}; tried again`;
      at.memory.setBack(key, fingerprint, { message, now: at.seen.now, isBlip: isTransient(error) });
    });
    if (!object) continue;
    at.memory.strangers.set(key, { at: at.seen.now, object });
    observedIfOurs(key, resource, object, at);
  }
}

function observedIfOurs(key: ObjectKey, resource: Resource, object: KubeObject, at: Doing): void {
  if (object.metadata.annotations?.[ANNOTATIONS.owner] !== undefined) observed(key, resource, object, at);
}

/** With the UID as precondition: a Rollout that was made anew under its name is not meant. */
async function retire({ name, namespace }: ObjectRef, uid: string, { client, context, seen }: Doing): Promise<void> {
  const metadata = { uid, annotations: { [ANNOTATIONS.retire]: `${seen.owner.namespace}/${seen.owner.name}` } };
  const request = { name, namespace, type: 'merge' as const, body: { metadata }, fieldManager: AGENT_MANAGER };
  context.rollouts.observe((await client.patch(RESOURCES.rollouts, request)) as never);
}

/** Who asked for the retry is kept where the release that it brings finds it. */
function retried(live: Rollout, now: number): Record<string, string> {
  const annotation = verbAnnotation('retry');
  const by = lastManagerOf(live, ['metadata', 'annotations', annotation]);
  const command: TakenCommand = {
    id: `${live.metadata.resourceVersion ?? ''}-retry`,
    verb: 'retry',
    value: live.metadata.annotations?.[annotation] ?? '',
    at: new Date(now).toISOString(),
    ...(by === undefined ? {} : { by }),
  };
  return { [ANNOTATIONS.retried]: JSON.stringify(command) };
}

/** Takes an annotation off a Rollout, so that it counts once; in the same write others are put there. */
// oxlint-disable-next-line max-params -- the first three are what an intent is carried out with
async function takeOff(
  annotation: string,
  { namespace, name }: { namespace: string; name: string },
  { client, context }: Doing,
  others: (live: Rollout) => Record<string, string>,
): Promise<void> {
  const live = context.rollouts.get(namespace, name);
  if (!live) return;
  const { resourceVersion } = live.metadata;
  const metadata = { resourceVersion, annotations: { ...others(live), [annotation]: null } };
  const request = { name, namespace, type: 'merge' as const, body: { metadata }, fieldManager: AGENT_MANAGER };
  try {
    context.rollouts.observe((await client.patch(RESOURCES.rollouts, request)) as never);
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}
