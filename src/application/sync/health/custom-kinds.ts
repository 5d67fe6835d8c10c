// Health of custom kinds whose controllers say more, or otherwise, than by `Ready` alone. Pure.
import { isRecord, recordsIn, textIn } from '../../../api/json.ts';
import type { KubeObject } from '../../../api/k8s.ts';
import {
  condition,
  conditionIn,
  degraded,
  healthy,
  part,
  progressing,
  said,
  suspended,
  unknown,
  wordsOf,
  type ConditionSeen,
  type Health,
} from './facts.ts';

const UNSEEN = 'its controller has said nothing of it yet';

/** What is not so yet, in the words of the condition that says so. */
const waiting = (seen: ConditionSeen | undefined): Health => progressing(seen ? wordsOf(seen) : UNSEEN);

/** By its phase. A release that waits for a person or a time is suspended, not failed. */
export function rollout(object: KubeObject): Health {
  const { phase, message, observedGeneration } = part(object, 'status');
  if (observedGeneration === undefined || observedGeneration === '') return progressing(UNSEEN);
  if (phase === 'Healthy') return healthy();
  if (phase === 'Degraded') return degraded(textIn(message) ?? 'is degraded');
  if (phase === 'Paused') return suspended('its release is paused');
  if (phase === 'Progressing' || phase === undefined) return progressing('is being released');
  return unknown(`its phase is ${JSON.stringify(phase)}`);
}

const BY_PHASE: Readonly<Record<string, Health['health']>> = {
  Successful: 'Healthy',
  Succeeded: 'Healthy',
  Failed: 'Degraded',
  Error: 'Degraded',
  Inconclusive: 'Degraded',
};

/** What runs to an end, and says so by its phase: AnalysisRuns, Experiments, workflows. */
export function run(object: KubeObject): Health {
  const { phase, message } = part(object, 'status');
  const health = (typeof phase === 'string' ? BY_PHASE[phase] : undefined) ?? 'Progressing';
  return said(health)(textIn(message) ?? textIn(phase) ?? 'is running');
}

const HEALTHS: readonly Health['health'][] = ['Healthy', 'Progressing', 'Degraded', 'Suspended', 'Unknown'];

/** An Application of Argo CD, in its own words. */
export function argoApplication(object: KubeObject): Health {
  const { health } = part(object, 'status');
  if (!isRecord(health)) return progressing(UNSEEN);
  const found = HEALTHS.find((one) => one === health['status']);
  if (found !== undefined) return said(found)(textIn(health['message']));
  return health['status'] === 'Missing' ? progressing('its objects are not there yet') : unknown();
}

export function gateway(object: KubeObject): Health {
  const accepted = condition(object, 'Accepted');
  if (isRefused(accepted)) return degraded(wordsOf(accepted));
  const programmed = condition(object, 'Programmed');
  if (programmed?.status === 'True') return healthy();
  return waiting(programmed);
}

/** Until a controller has come to it, `Accepted` says that it is pending. */
const isRefused = (seen: ConditionSeen | undefined): seen is ConditionSeen =>
  seen?.status === 'False' && seen.reason !== 'Pending';

/** A route belongs to each of its parents, and each has its say. */
export function route(object: KubeObject): Health {
  const parents = recordsIn(part(object, 'spec')['parentRefs']);
  const statuses = recordsIn(part(object, 'status')['parents']);
  const { generation } = object.metadata;
  const seen = (type: string): (ConditionSeen | undefined)[] =>
    statuses.map(({ conditions }) => conditionIn(conditions, type, generation));
  const wrong = [...seen('Accepted'), ...seen('ResolvedRefs')].find((one) => isRefused(one));
  if (wrong) return degraded(wordsOf(wrong));
  const isTaken = seen('Accepted').filter((one) => one?.status === 'True').length >= parents.length;
  return isTaken ? healthy() : progressing(UNSEEN);
}

export function certificate(object: KubeObject): Health {
  const ready = condition(object, 'Ready');
  if (ready?.status === 'True') return healthy();
  const issuing = condition(object, 'Issuing');
  if (issuing?.status === 'True') return progressing(wordsOf(issuing));
  const hasFailed = part(object, 'status')['lastFailureTime'] !== undefined;
  const why = issuing ?? ready;
  return hasFailed ? degraded(why ? wordsOf(why) : 'was not issued') : waiting(ready);
}

export function scaledObject(object: KubeObject): Health {
  if (condition(object, 'Paused')?.status === 'True') return suspended('its scaling is paused');
  return readyAlone(object);
}

/** Knative's `Ready`: False is an end, Unknown is on its way. */
export function readyAlone(object: KubeObject): Health {
  const ready = condition(object, 'Ready');
  if (ready?.status === 'True') return healthy();
  return ready?.status === 'False' ? degraded(wordsOf(ready)) : waiting(ready);
}

const NOT_LOADED: ReadonlySet<unknown> = new Set(['BlockedByFailedLoad', 'InvalidSpec']);

const failureOf = ({ lastFailureInfo: info }: Record<string, unknown>): string =>
  (isRecord(info) ? textIn(info['message']) : undefined) ?? 'its model cannot be loaded';

/** `Ready` is False while a model is loaded as well: whether it failed is in its model's status. */
export function inferenceService(object: KubeObject): Health {
  const status = part(object, 'status');
  const model = isRecord(status['modelStatus']) ? status['modelStatus'] : {};
  if (NOT_LOADED.has(model['transitionStatus'])) return degraded(failureOf(model));
  const ready = condition(object, 'Ready');
  if (ready?.status === 'True') return healthy();
  return ready?.reason === 'Stopped' ? suspended('is stopped') : waiting(ready);
}

/** Crossplane's objects, of any group: whether they could be synced, then whether they are ready. */
export function bySynced(object: KubeObject): Health | undefined {
  const synced = condition(object, 'Synced');
  return synced?.status === 'False' ? degraded(wordsOf(synced)) : undefined;
}
