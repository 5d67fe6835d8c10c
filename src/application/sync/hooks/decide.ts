// Hooks in the course of a sync: what comes before the first write of a commit, what goes with its waves, and what follows. Pure; what is
// decided is on record before anything is done by it.
import type { HookPhase, HookRecord } from '../../../api/hooks.ts';
import { RETRY_HOOKS } from '../../../api/names.ts';
import type { ObjectKey } from '../../../api/object-key.ts';
import { shortCommit } from '../../../api/revision.ts';
import { toTime } from '../../../ports/clock.ts';
import type { AgentIntent } from '../../intents.ts';
import type { Declared, Seen, SourceFailure } from '../../seen.ts';
import { overall } from '../../report/health.ts';
import type { Admission } from '../admission.ts';
import { recordedBefore, recordedCommit } from '../before.ts';
import { runMoments, type Moments } from './moments.ts';
import {
  dueRemovals,
  followRuns,
  isOver,
  runPhase,
  runWave,
  type HookGate,
  type HookWork,
  type SyncHooks,
} from './phases.ts';
import { endingOf, gistOf, isOfSync, recordFor } from './record.ts';

/** Hooks at the beginning of a decision. */
export interface OpenHooks {
  /** What is in force: not the new commit while its PreSync hooks are waited for. */
  admission: Admission;
  /** Undefined where there is nothing to decide. */
  work: HookWork | undefined;
  /** The content is taken, and its sync is not over. */
  isUnderWay: boolean;
  /** What the sync waits for. */
  gate: HookGate | undefined;
  /** Objects that the commit in force declares, and that the new one makes hooks of: they are left alone until it is taken. */
  taken: ReadonlySet<ObjectKey>;
}

const NONE: ReadonlySet<ObjectKey> = new Set();

export function openHooks(seen: Seen, admission: Admission): OpenHooks {
  const target = targetOf(seen, admission);
  const isBare = target?.hooks.length === 0 && seen.status.hooks === undefined;
  if (target === undefined || isBare)
    return { admission, work: undefined, isUnderWay: false, gate: undefined, taken: NONE };
  const work: HookWork = {
    seen,
    declared: target,
    record: recordFor(target, seen),
    intents: [],
    blocked: new Set(),
    dueAt: undefined,
  };
  retried(work);
  followRuns(work);
  const isUnderWay = target === admission.accepted && work.record.finishedAt === undefined;
  const gate = isUnderWay ? runPhase(work, 'PreSync') : undefined;
  if (!gate) return { admission, work, isUnderWay, gate, taken: NONE };
  const taken = new Set(target.hooks.map(({ key }) => key));
  return { admission: gatedBy(seen, admission, target), work, isUnderWay, gate, taken };
}

/** What hooks are decided for: what is taken now; or what was given up, for which nothing but SyncFail is run. */
function targetOf({ source, status }: Seen, { accepted, refused }: Admission): Declared | undefined {
  const { newest } = source;
  const isTaken = accepted === newest && refused === undefined;
  const isKnown = (declared: Declared | undefined): boolean =>
    declared !== undefined && declared.content === status.hooks?.content;
  if (isTaken || isKnown(accepted)) return accepted;
  return refused?.reason === 'ApplyFailed' && isKnown(newest) ? newest : undefined;
}

/** Until the first write of a commit may be made, what was in force before it is. */
function gatedBy(seen: Seen, admission: Admission, target: Declared): Admission {
  const { accepted } = seen.memory;
  if (accepted === target) return admission;
  if (accepted !== undefined) return { ...admission, accepted };
  // What that commit declared by another path or renderer cannot be read any more.
  const before = recordedCommit(seen) === target.commit.oid ? 'unknown' : recordedBefore(seen);
  if (before === 'unknown') return { ...admission, accepted: undefined };
  if ('declared' in before) return { ...admission, accepted: before.declared };
  return { ...admission, accepted: undefined, intents: [{ do: 'ReadBack', commit: before.commit }] };
}

/** A person has failed hooks run again; what has succeeded is not. */
function retried(work: HookWork): void {
  const { record, seen } = work;
  if (seen.app.metadata.annotations?.[RETRY_HOOKS] === undefined) {
    delete record.retrying;
    return;
  }
  work.intents.push({ do: 'EndHookRetry' });
  if (record.retrying === true) return;
  record.retrying = true;
  if (!record.runs.some((run) => run.state === 'Failed' && isOfSync(run))) return;
  const again = record.runs.filter((run) => (run.state === 'Failed' && isOfSync(run)) || run.phase === 'SyncFail');
  record.attempt = (record.attempt ?? 1) + 1;
  record.runs = record.runs.filter((run) => !again.includes(run));
  const left = again.filter((run) => run.removal === 'Due' || run.state === 'Running' || run.state === 'Pending');
  Object.assign(record, endingOf([...(record.ending ?? []), ...left]));
}

/** Undefined where nothing of the wave has anything to wait for. */
export function syncHooksOf({ work, isUnderWay, gate }: OpenHooks): SyncHooks | undefined {
  if (!work || !isUnderWay || gate) return undefined;
  const waves = work.declared.hooks.filter(({ phases }) => phases.includes('Sync')).map(({ wave }) => wave);
  return { waves: [...new Set(waves)], run: (wave, mayStart) => runWave(work, 'Sync', { wave, mayStart }) };
}

export interface AfterSync extends Moments {
  /** What of the sync's hooks is waited for. */
  gate: HookGate | undefined;
  /** All is in place, and nothing is to be written or deleted. */
  isIdle: boolean;
  /** A wave does not get healthy by itself. */
  isWaveDegraded: boolean;
  /** Something else than what is declared is in the cluster on purpose. */
  isGoingBack: boolean;
}

export interface HookDecision {
  /** What is to be on record; undefined: nothing is. `leave`: whatever is. */
  record: HookRecord | 'leave' | undefined;
  /** Before anything else is written. */
  first: AgentIntent[];
  last: AgentIntent[];
  /** What decides something is on record: before that nothing is done. */
  isOnRecord: boolean;
  failure: SourceFailure | undefined;
  /** For people, what is waited for. */
  waiting: string | undefined;
  dueAt: number | undefined;
}

const NOTHING: HookDecision = {
  record: 'leave',
  first: [],
  last: [],
  isOnRecord: true,
  failure: undefined,
  waiting: undefined,
  dueAt: undefined,
};

export function closeHooks(open: OpenHooks, after: AfterSync): HookDecision {
  const { work } = open;
  if (!work) return NOTHING;
  const gate = open.gate ?? after.gate ?? postSync(open, work, after);
  if (hasFailed(open, gate, after)) runPhase(work, 'SyncFail');
  if (open.admission.accepted !== undefined) runMoments(work, after);
  dueRemovals(work, (phase: HookPhase) => isOver(work, phase));
  const isEmpty = work.declared.hooks.length === 0 && work.record.ending === undefined;
  const record = isEmpty && work.record.runs.length === 0 ? undefined : work.record;
  return {
    record,
    first: work.intents.filter((intent) => intent.do !== 'CreateHook'),
    last: work.intents.filter((intent) => intent.do === 'CreateHook'),
    isOnRecord: gistOf(work.seen.app.status?.hooks) === gistOf(record),
    ...told(work, gate),
    dueAt: work.dueAt,
  };
}

/** After all is applied and healthy. Then the sync is over. */
function postSync(open: OpenHooks, work: HookWork, after: AfterSync): HookGate | undefined {
  if (!open.isUnderWay) return undefined;
  const known = work.record.runs.some(({ phase }) => phase === 'PostSync');
  if (!known && (!after.isIdle || after.isGoingBack || overall(after.resources).status !== 'Healthy')) return undefined;
  const gate = runPhase(work, 'PostSync');
  if (!gate) work.record.finishedAt = toTime(work.seen.now);
  return gate;
}

function hasFailed(open: OpenHooks, gate: HookGate | undefined, after: AfterSync): boolean {
  if (gate?.state === 'failed') return true;
  // What is in force until PreSync hooks have ended is another content.
  return open.gate === undefined && open.work?.record.finishedAt === undefined && isUnwell(open, after);
}

function isUnwell({ isUnderWay, work, admission }: OpenHooks, after: AfterSync): boolean {
  if (!isUnderWay) return admission.refused?.reason === 'ApplyFailed' && admission.accepted !== work?.declared;
  return after.isWaveDegraded || (after.isIdle && overall(after.resources).status === 'Degraded');
}

function told({ declared }: HookWork, gate: HookGate | undefined): Pick<HookDecision, 'failure' | 'waiting'> {
  if (!gate) return { failure: undefined, waiting: undefined };
  const short = shortCommit(declared.commit.oid);
  if (gate.state === 'waiting') return { failure: undefined, waiting: `${short}: ${gate.text}` };
  const message = `${short}: ${gate.text}`;
  if (gate.state === 'blocked') return { failure: { reason: 'HookBlocked', message }, waiting: undefined };
  const end = `run again with other content, or once the Application is annotated ${RETRY_HOOKS}=true`;
  return { failure: { reason: 'HookFailed', message: `${message}; ${end}` }, waiting: undefined };
}
