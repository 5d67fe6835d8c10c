// Writes objects by server-side apply, and remembers what each of them met with.
import type { ObjectRef } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { AGENT_MANAGER } from '../../api/names.ts';
import { nameOf, qualifiedName } from '../../api/object-key.ts';
import { ApiError, isConflict, isTransient } from '../../kube/errors.ts';
import type { ServedResource } from '../../kube/types.ts';
import { toTime } from '../../ports/clock.ts';
import { observed, servedFor, type Doing } from '../doing.ts';
import type { ApplyRequest } from '../intents.ts';
import { eachOf } from './batch.ts';
import { missingRight } from './check.ts';
import { giveUp } from './give-up.ts';
import { stageOf } from './stages.ts';
import { bodyOfFingerprint, fingerprintOf } from './fingerprint.ts';

/** Holds a count of replicas that Git does not declare any more, so that it stays when the agent lets go of it. */
const REPLICAS_MANAGER = 'sluice-replicas';

export const applyAll = (requests: readonly ApplyRequest[], at: Doing): Promise<void> =>
  eachOf(requests, (request) => applyOne(request, at));

async function applyOne(request: ApplyRequest, at: Doing): Promise<void> {
  const resource = await servedFor(request.ref, at.tenant);
  if (!resource) return;
  try {
    const object = await write(request, resource, at);
    observed(request.key, resource, object, at);
    succeeded(request, object, at);
  } catch (error) {
    if (isConflict(error)) return refresh(request, resource, at);
    if (isTransient(error)) return blip(request, error, at);
    if (!(error instanceof ApiError)) throw error;
    refused(request, resource, error, at);
  }
}

async function write(request: ApplyRequest, resource: ServedResource, { tenant }: Doing): Promise<KubeObject> {
  const { ref, live, keepReplicas, replace } = request;
  const { name, namespace } = ref;
  if (replace && live?.uid !== undefined) {
    await tenant.delete(resource, name, namespace, { uid: live.uid, propagationPolicy: 'Background' });
    return tenant.patch(resource, { name, namespace, type: 'apply', body: request.body, ...OPTIONS });
  }
  if (keepReplicas !== undefined) {
    const { apiVersion, kind } = request.body;
    const body = { apiVersion, kind, metadata: { name, namespace }, spec: { replicas: keepReplicas } };
    await tenant.patch(resource, { name, namespace, type: 'apply', body, fieldManager: REPLICAS_MANAGER, force: true });
  }
  const precondition = keepReplicas === undefined ? live?.resourceVersion : undefined;
  const metadata = {
    ...request.body.metadata,
    ...(precondition === undefined ? {} : { resourceVersion: precondition }),
  };
  return tenant.patch(resource, { name, namespace, type: 'apply', body: { ...request.body, metadata }, ...OPTIONS });
}

const OPTIONS = { fieldManager: AGENT_MANAGER, force: true, fieldValidation: 'Strict' } as const;

function succeeded(request: ApplyRequest, object: KubeObject, { memory, seen, context }: Doing): void {
  memory.setbacks.delete(request.key);
  if (isFoundation(request.ref)) memory.founded(seen.now);
  memory.forgetAnswers(request.key);
  memory.clean.set(request.key, fingerprintOf(bodyOfFingerprint(request.fingerprint), object));
  if (request.isRepeat && request.isNew) memory.repeat(request.key, seen.now);
  if (request.isNew || request.drift.length === 0) return;
  const entry = { ...request.ref, at: toTime(seen.now), fields: request.drift, action: 'Corrected' as const };
  memory.putBack(request.key, entry, seen.now);
  context.log.info('drift was put back', {
    application: qualifiedName(seen.owner),
    object: nameOf(request.ref),
    fields: request.drift,
  });
}

/** What others of the commit may have waited for. */
const isFoundation = (ref: ObjectRef): boolean => stageOf(ref) === 0 || ref.group === 'rbac.authorization.k8s.io';

/** Somebody wrote in between: the next look sees what. */
async function refresh(request: ApplyRequest, resource: ServedResource, at: Doing): Promise<void> {
  const { name, namespace } = request.ref;
  const live = await at.tenant.get(resource, name, namespace);
  if (live) observed(request.key, resource, live, at);
}

/** It may go away by itself, and holds up nothing else meanwhile. */
function blip({ key, fingerprint }: ApplyRequest, error: unknown, { memory, seen }: Doing): void {
  const message = `${error instanceof Error ? error.message : String(error)}; tried again`;
  memory.setBack(key, fingerprint, { message, now: seen.now, isBlip: true });
}

/** What failed after the server had said it would take it: told, tried again later, and a commit that brought it is put back. */
function refused(request: ApplyRequest, resource: ServedResource, error: ApiError, at: Doing): void {
  const { memory, seen, context } = at;
  const message =
    error.status === 403 ? missingRight(error, { ref: request.ref, tenancy: seen.tenancy, resource }) : error.message;
  memory.setBack(request.key, request.fingerprint, { message: `${message}; tried again`, now: seen.now });
  context.metrics?.refused?.(qualifiedName(seen.owner), 'ApplyFailed');
  if (request.isNew) giveUp(request.ref, message, at);
}
