// What a person wants: a command taken from an annotation, or one of Argo Rollouts' status-field signals. Each carries, or may
// carry, the revision it is meant for; one that is meant for another does nothing.
import type { Verb } from '../api/names.ts';
import type { RolloutStatus } from '../api/rollout.ts';
import type { Memory, StateName } from './memory.ts';
import type { Observed } from './observed.ts';

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

export type Interpretation = { wish?: Wish; answer?: Answer } | undefined;

const COMMIT = /^[0-9a-f]{7,40}$/;
const HASH = /^[bcdfghjklmnpqrstvwxz2456789]{10}$/;

/** Whether `value` reads as the name of a revision, and if so, whether of the one that is declared. */
function namesRevision(value: string, seen: Observed): 'other' | 'declared' | undefined {
  if (value === seen.declared) return 'declared';
  const commit = seen.revision?.commit;
  if (COMMIT.test(value)) return commit?.startsWith(value) ? 'declared' : 'other';
  const known = seen.replicaSets.some((rs) => rs.hash === value);
  return known || HASH.test(value) ? 'other' : undefined;
}

function declaredName(seen: Observed): string {
  const commit = seen.revision?.commit;
  return commit === undefined ? seen.declared : `${seen.declared} (commit ${commit.slice(0, 7)})`;
}

function refused(id: string, seen: Observed, value: string): Interpretation {
  return {
    answer: {
      id,
      outcome: `Ignored: it names revision ${value}, but ${declaredName(seen)} is the one being rolled out`,
    },
  };
}

function fromCommand(seen: Observed, state: StateName): Interpretation {
  const command = seen.command;
  if (command === undefined) return undefined;
  const { id, verb, value } = command;
  const named = namesRevision(value, seen);
  if (named === 'other' && verb !== 'rollback') return refused(id, seen, value);
  const plain = value === 'true' || value === '' || named === 'declared';
  if (verb === 'promote') {
    if (value === 'full') return { wish: { verb: 'promote-full', id } };
    if (!plain) return { answer: { id, outcome: `Ignored: promote takes true, full or a revision, not "${value}"` } };
  }
  const undone = verb === 'rollback' && plain && (state.startsWith('updating') || state === 'promoting');
  if (undone) return { wish: { verb: 'abort', id, reason: 'rolled back by a person' } };
  return { wish: { verb, id, reason: plain ? undefined : value } };
}

/** An abort is acted on before it is taken: it outranks everything, and doing it twice does no harm. */
function urgentAbort(seen: Observed): Interpretation {
  const waiting = seen.waiting.find((w) => w.verb === 'abort');
  if (waiting === undefined) return undefined;
  const named = namesRevision(waiting.value, seen);
  if (named === 'other') return undefined;
  const plain = waiting.value === 'true' || waiting.value === '' || named === 'declared';
  const wish: Wish = { verb: 'abort', reason: plain ? undefined : waiting.value };
  if (seen.command === undefined || seen.command.verb === 'abort') return { wish };
  return { wish, answer: { id: seen.command.id, outcome: 'Ignored: an abort overtook it' } };
}

/** Differences between what was recorded and what the status fields say now: somebody wrote there. */
function fromSignals(seen: Observed, state: StateName, memory: Memory): Interpretation {
  const { status } = seen;
  const moving = state.startsWith('updating') || state === 'promoting';
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
  return (active ? urgentAbort(seen) : undefined) ?? fromCommand(seen, state) ?? fromSignals(seen, state, memory);
}
