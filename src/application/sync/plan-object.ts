// One wanted object against the world: is it as it shall be, must the server be asked, or is something to be written? Pure.
import type { ResourceStatus } from '../../api/application.ts';
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { entriesOf, holds } from '../../api/managed-fields.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH } from '../../api/names.ts';
import { needsReplacement } from '../revert/immutable.ts';
import { statusOfWanted, type WantedObject } from '../revert/wanted.ts';
import type { ApplyRequest, CheckRequest } from '../intents.ts';
import type { Seen } from '../seen.ts';
import { bodyOf, type BodyContext } from './body.ts';
import { ANSWER_MS } from './outcome.ts';
import { declaredFields } from './declared-fields.ts';
import { changedFields, isLiveAsDeclared } from './difference.ts';
import { fingerprintOf } from './fingerprint.ts';
import { agentEntry, foreignFields, managerOf, takeOver } from './managed-fields.ts';
import { podsOf } from './pods.ts';
import { isStamp } from './stamps.ts';
import type { JsonPatchOp } from '../../traffic/write.ts';

/** What is to be done about an object now; `status` is what it is until then. */
export interface ObjectPlan {
  status: ResourceStatus;
  /** Nothing is outstanding but what others have to do. */
  settled: boolean;
  check?: CheckRequest;
  takeOver?: { patch: JsonPatchOp[]; fingerprint: string };
  apply?: ApplyRequest;
  /** Milliseconds since the epoch when to look again by itself. */
  dueAt?: number | undefined;
  /** Fields found changed outside Git and left, with who wrote them. */
  reported?: string[];
}

export interface ObjectContext extends BodyContext {
  seen: Seen;
}

/** A correction after so long is the first one again. */
const CALM_MS = 10 * 60_000;
const MAX_PATIENCE_MS = 5 * 60_000;

export function planObject(wanted: WantedObject, context: ObjectContext): ObjectPlan {
  const { seen, inventory } = context;
  const before = inventory.get(wanted.key);
  const found = seen.live(wanted.key);
  if (found.state === 'failed') return stuck(wanted, before, found.message);
  if (found.state === 'pending') return { status: before ?? pending(wanted), settled: false };
  const live = found.object;
  const claim = live && seen.claimedBy(wanted.key, live);
  if (claim !== undefined) {
    return stuck(wanted, before, `Application ${claim} declares it as well; leave it to one of them`);
  }
  const body = bodyOf(wanted, live, context);
  const fingerprint = fingerprintOf(body.hash, live);
  const setback = seen.memory.setbacks.get(wanted.key);
  if (setback?.fingerprint === fingerprint && seen.now < setback.retryAt) {
    return { ...stuck(wanted, before, setback.message), dueAt: setback.retryAt };
  }
  if (live === undefined) return planMissing(wanted, { before, body: body.object, fingerprint, context });
  return planPresent(wanted, live, { before, body: body.object, fingerprint, context });
}

interface At {
  before: ResourceStatus | undefined;
  body: KubeObject;
  fingerprint: string;
  context: ObjectContext;
}

function planMissing(wanted: WantedObject, at: At): ObjectPlan {
  const { before } = at;
  if (before?.hash === wanted.hash && before.status !== 'Failed') return planDeleted(wanted, before, at);
  const check = checked(wanted, at);
  return 'plan' in check ? check.plan : applying(wanted, undefined, { ...at, drift: [], isNew: true });
}

/** It was applied just so, and is gone. */
function planDeleted(wanted: WantedObject, before: ResourceStatus, at: At): ObjectPlan {
  const { seen, selfHeal } = at.context;
  if (isFinishedJob(wanted.object)) {
    return { status: { ...before, status: 'Synced', message: 'has run, and its TTL has removed it' }, settled: true };
  }
  if (!selfHeal) {
    const { foreign: _gone, ...known } = before;
    const status = { ...known, status: 'Missing' as const, message: 'was deleted; sync.selfHeal is off' };
    return { status, settled: true, reported: ['deleted'] };
  }
  const due = patienceOf(wanted, seen);
  if (seen.now < due) {
    const message = 'was deleted; made anew later';
    return { status: { ...before, ...wanted.ref, status: 'Missing', message }, settled: true, dueAt: due };
  }
  const check = checked(wanted, at);
  return 'plan' in check ? check.plan : applying(wanted, undefined, { ...at, drift: ['deleted'], isNew: false });
}

/** A Job that takes itself away when it is done. */
const isFinishedJob = ({ kind, spec }: KubeObject): boolean =>
  kind === 'Job' && isRecord(spec) && spec['ttlSecondsAfterFinished'] !== undefined;

function planPresent(wanted: WantedObject, live: KubeObject, at: At): ObjectPlan {
  const { context, fingerprint, body } = at;
  const foreign = foreignFields(live);
  const synced: ObjectPlan = { status: inPlace(wanted, live, at, foreign), settled: true };
  if (context.seen.memory.clean.get(wanted.key) === fingerprint || isSurelyInPlace(body, live, foreign)) return synced;
  if (wanted.replace && needsReplacement(live, body)) {
    return applying(wanted, live, { ...at, drift: [], isNew: true, replace: true });
  }
  const taken = takeOver(live);
  if (taken) return { status: at.before ?? pending(wanted), settled: false, takeOver: { patch: taken, fingerprint } };
  const check = checked(wanted, at);
  if ('plan' in check) return check.plan;
  const fields = check.object ? changedFields(live, check.object) : declaredFields(body, live);
  return planCompared(wanted, live, { ...at, fields, foreign });
}

/** It is known which fields are live otherwise than declared: whose doing is it? */
function planCompared(
  wanted: WantedObject,
  live: KubeObject,
  at: At & { fields: string[]; foreign: string[] },
): ObjectPlan {
  const { fields, foreign, body } = at;
  if (fields.length === 0 && !dropsReplicas(body, live))
    return { status: inPlace(wanted, live, at, foreign), settled: true };
  if (isNewContent(wanted, live, at.before, fields)) return applying(wanted, live, { ...at, drift: [], isNew: true });
  if (fields.length > 0 && fields.every((field) => isStamp(field))) return restamp(wanted, live, at);
  return planDrift(wanted, live, { ...at, fields: fields.map((field) => withManager(field, live)) });
}

/** Nobody else has written the object, and all that is declared is live just so: nobody needs to be asked. */
const isSurelyInPlace = (body: KubeObject, live: KubeObject, foreign: readonly string[]): boolean =>
  foreign.length === 0 && agentEntry(live) !== undefined && isLiveAsDeclared(body, live) && !dropsReplicas(body, live);

/** The server's answer to this very body over this very object; or what to wait for. */
function checked(wanted: WantedObject, at: At): { object: KubeObject | undefined } | { plan: ObjectPlan } {
  const { context, fingerprint, before, body } = at;
  const outcome = context.seen.memory.answered(wanted.key, fingerprint, context.seen.now);
  if (!outcome) {
    const { key, ref, object, hash } = wanted;
    const isNew = before?.hash !== hash && wanted.hold === undefined && wanted.returning === undefined;
    const check: CheckRequest = { key, ref, fingerprint, body, pods: podsOf(object), isNew };
    return { plan: { status: before ?? pending(wanted), settled: false, check } };
  }
  if (outcome.kind === 'refused' || outcome.kind === 'deferred')
    return { plan: { ...stuck(wanted, before, outcome.message), dueAt: context.seen.now + ANSWER_MS[outcome.kind] } };
  return { object: outcome.kind === 'accepted' ? outcome.object : undefined };
}

/** Another declaration than the one that was applied, or an end of a hold or of driving: no drift. */
function isNewContent(
  wanted: WantedObject,
  live: KubeObject,
  before: ResourceStatus | undefined,
  fields: readonly string[],
): boolean {
  if (before?.hash !== wanted.hash) return true;
  if (live.metadata.annotations?.[ANNOTATIONS.held] !== undefined && wanted.hold === undefined) return true;
  return fields.some((field) => field.endsWith(`.${POD_TEMPLATE_HASH}`));
}

/** Only our own marks are not as they shall be: they are set again, later and later where somebody takes them off. */
function restamp(wanted: WantedObject, live: KubeObject, at: At & { foreign: string[] }): ObjectPlan {
  const due = patienceOf(wanted, at.context.seen);
  if (at.context.seen.now >= due) return applying(wanted, live, { ...at, drift: [], isNew: true });
  return { status: inPlace(wanted, live, at, at.foreign), settled: true, dueAt: due };
}

function planDrift(
  wanted: WantedObject,
  live: KubeObject,
  at: At & { fields: string[]; foreign: string[] },
): ObjectPlan {
  const { context, fields } = at;
  const status = inPlace(wanted, live, at, at.foreign);
  const message = `differs in ${fields.join(', ')}`;
  if (!context.selfHeal)
    return { status: { ...status, status: 'OutOfSync', message }, settled: true, reported: fields };
  const due = patienceOf(wanted, context.seen);
  if (context.seen.now < due) {
    const waits = { ...status, status: 'OutOfSync' as const, message: `${message}; corrected again later` };
    return { status: waits, settled: true, dueAt: due };
  }
  return applying(wanted, live, { ...at, drift: fields, isNew: false });
}

/** Until when a correction waits, so that two writers who disagree do not write without end. */
function patienceOf({ key }: WantedObject, { memory, now }: Seen): number {
  const corrected = memory.corrected.get(key);
  if (corrected === undefined || now - corrected.at > CALM_MS) return 0;
  return corrected.at + Math.min(1000 * 2 ** corrected.times, MAX_PATIENCE_MS);
}

function applying(
  wanted: WantedObject,
  live: KubeObject | undefined,
  at: At & { drift: string[]; isNew: boolean; replace?: boolean },
): ObjectPlan {
  const { context, fingerprint, body, before, drift, isNew } = at;
  const kept = live && context.driven.has(wanted.key);
  const apply: ApplyRequest = {
    key: wanted.key,
    ref: wanted.ref,
    fingerprint,
    body,
    live: live && { uid: live.metadata.uid, resourceVersion: kept ? live.metadata.resourceVersion : undefined },
    isNew,
    isRepeat: before?.hash === wanted.hash,
    drift,
    ...(live && dropsReplicas(body, live) ? { keepReplicas: replicasOf(live) } : {}),
    ...(at.replace ? { replace: true } : {}),
  };
  return { status: before ?? pending(wanted), settled: false, apply };
}

const replicasOf = ({ spec }: KubeObject): number | undefined =>
  isRecord(spec) && typeof spec['replicas'] === 'number' ? spec['replicas'] : undefined;

/** The agent set the count, and it is not declared any more: it stays as it is instead of falling to the default. */
function dropsReplicas(body: KubeObject, live: KubeObject): boolean {
  const entry = agentEntry(live);
  return (
    entry !== undefined &&
    holds(entry, ['spec', 'replicas']) &&
    isRecord(body.spec) &&
    body.spec['replicas'] === undefined &&
    replicasOf(live) !== undefined
  );
}

/** Whether somebody scales the object through its scale subresource. */
export const isScaled = (live: KubeObject): boolean =>
  entriesOf(live).some((entry) => entry.subresource === 'scale' && holds(entry, ['spec', 'replicas']));

function withManager(field: string, live: KubeObject): string {
  const manager = managerOf(live, field);
  return manager === '' ? field : `${field} (by ${manager})`;
}

function inPlace(wanted: WantedObject, live: KubeObject, { before, context }: At, foreign: string[]): ResourceStatus {
  const commit = commitOf(wanted, before, context);
  return {
    ...wanted.ref,
    status: statusOfWanted(wanted),
    hash: wanted.hash,
    ...(commit === undefined ? {} : { commit }),
    ...(live.metadata.uid === undefined ? {} : { uid: live.metadata.uid }),
    ...(foreign.length === 0 ? {} : { foreign }),
  };
}

function commitOf(wanted: WantedObject, before: ResourceStatus | undefined, context: BodyContext): string | undefined {
  if (before?.hash === wanted.hash && before.commit !== undefined) return before.commit;
  return wanted.hold ? wanted.hold.stable?.commit : context.declared?.commit.oid;
}

const pending = ({ ref }: WantedObject): ResourceStatus => ({
  ...ref,
  status: 'OutOfSync',
  message: 'not applied yet',
});

function stuck({ ref }: WantedObject, before: ResourceStatus | undefined, message: string): ObjectPlan {
  const { hash, commit, uid } = before ?? {};
  const known = {
    ...(hash === undefined ? {} : { hash }),
    ...(commit === undefined ? {} : { commit }),
    ...(uid === undefined ? {} : { uid }),
  };
  return { status: { ...ref, ...known, status: 'Failed', message }, settled: true };
}
