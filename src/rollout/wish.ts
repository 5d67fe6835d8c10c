// What a person wants: a command taken from an annotation, or one of Argo Rollouts' status-field signals. Each carries, or may
// carry, the revision it is meant for; one that is meant for another does nothing.
import type { Verb } from '../api/dialect.ts';
import type { RolloutStatus } from '../api/rollout.ts';
import type { Memory, StateName } from './memory.ts';
import type { Observed, Waiting } from './observed.ts';

export interface Wish {
  readonly verb: Verb | 'promote-full' | 'skip';
  readonly reason?: string | undefined;
  /** Id of the taken command; undefined for signals, which are level-triggered. */
  readonly id?: string | undefined;
}

/** The outcome of a command, for the status and an Event. */
export interface Answer {
  readonly id: string;
  readonly outcome: string;
}

export type Interpretation =
  | {
      wish?: Wish;
      answer?: Answer;
      /** The annotation that is acted on before it is taken. */
      ahead?: Waiting;
    }
  | undefined;

const COMMIT = /^[0-9a-f]{7,40}$/;
const HASH = /^[bcdfghjklmnpqrstvwxz2456789]{10}$/;

/** The revision that commands are about. */
interface Target {
  readonly hash: string;
  readonly commit: string | undefined;
  /** It takes over from another in this very pass. */
  readonly isNew: boolean;
}

/** What is declared takes over in this pass; while it is invalid, what was being released goes on. */
function targetOf(seen: Observed, state: StateName, memory: Memory): Target {
  const isNew = seen.declared !== memory.candidate;
  const stays = isNew && state !== 'settled' && seen.issues.length > 0;
  return stays
    ? { hash: memory.candidate, commit: memory.revision?.commit, isNew: false }
    : { hash: seen.declared, commit: seen.revision?.commit, isNew };
}

/** Whether `value` reads as the name of a revision, and if so, whether of the one that commands are about. */
function namesRevision(value: string, seen: Observed, target: Target): 'other' | 'this' | undefined {
  if (value === target.hash) return 'this';
  if (COMMIT.test(value)) return target.commit?.startsWith(value) ? 'this' : 'other';
  const known = seen.replicaSets.some((rs) => rs.hash === value);
  return known || HASH.test(value) ? 'other' : undefined;
}

function refused(id: string, { hash, commit }: Target, value: string): Interpretation {
  const name = commit === undefined ? hash : `${hash} (commit ${commit.slice(0, 7)})`;
  return {
    answer: { id, outcome: `Ignored: it names revision ${value}, but ${name} is the one being rolled out` },
  };
}

function fromCommand(seen: Observed, state: StateName, target: Target): Interpretation {
  const command = seen.command;
  if (command === undefined) return undefined;
  const { id, verb, value } = command;
  const named = namesRevision(value, seen, target);
  if (named === 'other' && verb !== 'rollback') return refused(id, target, value);
  // An abort of a revision that is yet to take over must not hit the one before it: it waits for the next look.
  if (named === 'this' && verb === 'abort' && target.isNew && state !== 'settled') return undefined;
  const plain = isPlain(value, named);
  if (verb === 'promote') return toPromote(id, value, plain);
  if (verb === 'rollback' && plain && isMoving(state))
    return { wish: { verb: 'abort', id, reason: 'rolled back by a person' } };
  return { wish: { verb, id, reason: plain ? undefined : value } };
}

const isMoving = (state: StateName): boolean => state.startsWith('updating') || state === 'promoting';
const isPlain = (value: string, named: string | undefined): boolean =>
  value === 'true' || value === '' || named === 'this';

function toPromote(id: string, value: string, plain: boolean): Interpretation {
  if (value === 'full') return { wish: { verb: 'promote-full', id } };
  if (plain) return { wish: { verb: 'promote', id } };
  return { answer: { id, outcome: `Ignored: promote takes true, full or a revision, not "${value}"` } };
}

/** An abort is acted on before it is taken: it outranks everything, and doing it twice does no harm. */
function urgentAbort(seen: Observed, target: Target): Interpretation {
  const waiting = seen.waiting.find((w) => w.verb === 'abort');
  if (waiting === undefined) return undefined;
  const named = namesRevision(waiting.value, seen, target);
  if (named === 'other' || (named === 'this' && target.isNew)) return undefined;
  const plain = isPlain(waiting.value, named);
  const wish: Wish = { verb: 'abort', reason: plain ? undefined : waiting.value };
  if (seen.command === undefined || seen.command.verb === 'abort') return { wish, ahead: waiting };
  return { wish, ahead: waiting, answer: { id: seen.command.id, outcome: 'Ignored: an abort overtook it' } };
}

/** Differences between what was recorded and what the status fields say now: somebody wrote there. */
export function fromSignals(seen: Observed, state: StateName, memory: Memory): Interpretation {
  const { status } = seen;
  if (status.machine === undefined) return undefined;
  const moving = isMoving(state);
  if (!moving && state !== 'aborted') return undefined;
  if (moving && status.abort === true) return { wish: { verb: 'abort' } };
  if (!moving && status.abort !== true) return { wish: { verb: 'retry' } };
  if (status.promoteFull === true && !memory.full) return { wish: { verb: 'promote-full' } };
  return fromSteps(status, state, memory);
}

function fromSteps(status: RolloutStatus, state: StateName, memory: Memory): Interpretation {
  const waits = state === 'updating.pausing' || state === 'updating.inconclusive';
  if (waits && (status.pauseConditions ?? []).length === 0) return { wish: { verb: 'promote' } };
  if (state.startsWith('updating') && status.currentStepIndex === memory.step + 1) return { wish: { verb: 'skip' } };
  return undefined;
}

/** The one wish that this observation brings; commands before signals, an abort before both. */
export function interpret(seen: Observed, state: StateName, memory: Memory): Interpretation {
  const active = state !== 'settled' && state !== 'releasing';
  const target = targetOf(seen, state, memory);
  const urgent = active ? urgentAbort(seen, target) : undefined;
  return urgent ?? fromCommand(seen, state, target) ?? fromSignals(seen, state, memory);
}
