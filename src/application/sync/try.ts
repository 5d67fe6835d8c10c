// Asks the API server what it would do with objects, without doing it: with the rights of the account, and strictly, so that a field it
// does not know is refused.
import type { KubeObject } from '../../api/k8s.ts';
import { AGENT_MANAGER, CONTROLLER_MANAGER, RESOURCES } from '../../api/names.ts';
import { ApiError, isAlreadyExists, isConflict, isTransient } from '../../kube/errors.ts';
import type { ServedResource } from '../../kube/types.ts';
import { servedFor, type Doing } from '../doing.ts';
import type { CheckRequest } from '../intents.ts';
import { eachOf } from './batch.ts';
import { outcomeOf } from './check.ts';
import type { CheckOutcome } from './outcome.ts';
import { giveUp } from './give-up.ts';
import { didYouMean } from './suggest.ts';

export const checkAll = (requests: readonly CheckRequest[], at: Doing): Promise<void> =>
  eachOf(requests, async (request) => {
    const { key, fingerprint } = request;
    try {
      const outcome = await check(request, at);
      at.memory.answer(key, fingerprint, outcome, at.seen.now);
      if (outcome.kind === 'refused' && request.isNew) giveUp(request.ref, outcome.message, at);
    } catch (error) {
      if (!isTransient(error) && !isConflict(error)) throw error;
      const message = `could not be tried: ${error instanceof Error ? error.message : ''}; tried again`;
      at.memory.setBack(key, fingerprint, { message, now: at.seen.now, isBlip: true });
    }
  });

async function check(request: CheckRequest, at: Doing): Promise<CheckOutcome> {
  const { ref, body, pods } = request;
  const resource = await servedFor(ref, at.tenant);
  if (!resource) return { kind: 'deferred', message: `waits for the definition of ${ref.kind}` };
  const { name, namespace } = ref;
  const options = { fieldManager: AGENT_MANAGER, force: true, dryRun: true, fieldValidation: 'Strict' as const };
  try {
    const object = request.create
      ? await at.tenant.create(resource, body, TRY_TO_CREATE)
      : await at.tenant.patch(resource, { name, namespace, type: 'apply', body, ...options });
    return (pods && (await checkPods(pods, at))) ?? { kind: 'accepted', object };
  } catch (error) {
    // What is there goes before another is created.
    if (request.create && isAlreadyExists(error)) return { kind: 'accepted', object: body };
    return refusal(error, request, resource, at);
  }
}

const TRY_TO_CREATE = { fieldManager: AGENT_MANAGER, dryRun: true, fieldValidation: 'Strict' } as const;

/** What Sluice itself will make of a Rollout, tried with its own rights; undefined where the server would take it. */
async function checkPods(pods: KubeObject, { client }: Doing): Promise<CheckOutcome | undefined> {
  try {
    await client.create(RESOURCES.replicaSets, pods, {
      fieldManager: CONTROLLER_MANAGER,
      dryRun: true,
      fieldValidation: 'Strict',
    });
    return undefined;
  } catch (error) {
    if (isAlreadyExists(error)) return undefined;
    const isRefused = error instanceof ApiError && [400, 422].includes(error.status);
    if (isRefused) return { kind: 'refused', message: `spec.template: ${error.message}` };
    return undefined; // a right or a quota: the Rollout says so when it comes to it
  }
}

async function refusal(
  error: unknown,
  { ref, body }: CheckRequest,
  resource: ServedResource,
  { seen, tenant, memory }: Doing,
): Promise<CheckOutcome> {
  const outcome = outcomeOf(error, { ref, tenancy: seen.tenancy, resource, brings: seen.source.newest });
  if (!outcome) throw error;
  if (outcome.kind !== 'refused') return outcome;
  // The server takes a moment to go by a definition that has just changed.
  const isSettling = seen.now - memory.foundedAt < SETTLING_MS && isDefined(resource, seen);
  if (isSettling) return { kind: 'deferred', message: outcome.message };
  return { kind: 'refused', message: await didYouMean(outcome.message, body, tenant) };
}

const SETTLING_MS = 10_000;

const isDefined = ({ group, kind }: ServedResource, { source }: Doing['seen']): boolean =>
  source.newest?.defines.has(`${group}/${kind}`) === true;
