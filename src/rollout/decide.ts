// Deciding: (what is declared, what was recorded, what is observed, the time) → (what to record, what to do, when to look again).
// A pure function; everything that touches the world is an adapter around it.
import { transition } from 'xstate';
import type { RolloutStatus } from '../api/rollout.ts';
import { announcementsOf, type Announcement } from './announcements.ts';
import * as facts from './facts.ts';
import { intentsOf, type Intent } from './intents.ts';
import { machine, type Context, type Happening } from './machine.ts';
import { recall, STATES, type Memory, type StateName } from './memory.ts';
import type { Observed } from './observed.ts';
import { isWaiting } from './phase.ts';
import { withProgress } from './progress.ts';
import { recovered } from './recover.ts';
import { retirements } from './retire.ts';
import type { Outcome } from './outcome.ts';
import { withNews } from './news.ts';
import { statusOf } from './status.ts';
import { wantedOf, type Wanted } from './wanted.ts';
import { fromSignals, interpret, type Answer, type Wish } from './wish.ts';

export interface Decision {
  readonly state: StateName;
  readonly memory: Memory;
  readonly wanted: Wanted;
  /** In order of urgency. */
  readonly intents: readonly Intent[];
  readonly status: RolloutStatus;
  readonly announcements: readonly Announcement[];
  readonly happenings: readonly Happening[];
  /** When to look again though nothing has changed; milliseconds since the epoch. */
  readonly nextAt: number | undefined;
  /** An abort: so many intents move the traffic and come before the record; undefined: all come before it. */
  readonly recordAfter: number | undefined;
  readonly urgent: boolean;
}

/** The candidate's commit is the last that declared it; one that declares something invalid does not count. */
function withRevision(seen: Observed, memory: Memory): Memory {
  const isIts = seen.declared === memory.candidate && seen.issues.length === 0;
  return isIts && seen.revision !== undefined ? { ...memory, revision: seen.revision } : memory;
}

function withoutDoneRestart(seen: Observed, memory: Memory): Memory {
  const done = memory.restartAt !== undefined && (seen.restartedBefore ?? 0) >= memory.restartAt;
  return done ? { ...memory, restartAt: undefined } : memory;
}

const GOES_FORWARD = new Set<Wish['verb']>(['promote', 'promote-full', 'retry']);

interface Place {
  state: StateName;
  memory: Memory;
}

const pathOf = (value: unknown): StateName => {
  const path =
    typeof value === 'string' ? value : Object.entries(value as Record<string, string>).map(([a, b]) => `${a}.${b}`)[0];
  const state = STATES.find((s) => s === path);
  if (state === undefined) throw new Error(`state ${path} of the chart is not in STATES`);
  return state;
};

function valueOf(state: StateName): string | Record<string, string> {
  const [parent, child] = state.split('.');
  return child === undefined ? state : { [parent ?? '']: child };
}

const memoryOf = (context: Context): Memory => {
  const { seen: _seen, wish: _wish, answer: _answer, happenings: _happenings, ...memory } = context;
  return memory;
};

/** Commands that no state had a use for: done beside the machine, or refused with the reason. */
function answerRest(
  seen: Observed,
  state: StateName,
  context: Context,
): { answer: Answer | undefined; extra: Intent[]; memory: Memory } {
  const memory = memoryOf(context);
  const wish = context.wish;
  if (wish?.id === undefined) return { answer: context.answer, extra: [], memory };
  const say = (outcome: string, extra: Intent[] = [], changed: Memory = memory) => ({
    answer: { id: wish.id ?? '', outcome },
    extra,
    memory: changed,
  });
  if (wish.verb === 'restart') {
    return say('Done: pods are being replaced, a few at a time', [], { ...memory, restartAt: seen.now });
  }
  if (wish.verb === 'abort' && state === 'aborted') return say('Done: aborted');
  const [issue] = seen.issues;
  if (issue && GOES_FORWARD.has(wish.verb)) return say(`Ignored: ${issue.field} is not valid; mend it, then ask again`);
  if (wish.verb === 'rollback') return answerRollback(seen, say, wish.reason, wish.id);
  const doing = state === 'settled' ? 'nothing is being rolled out' : `the rollout is ${state.replace('.', ', ')}`;
  return say(`Ignored: ${doing}`);
}

function answerRollback<T>(
  seen: Observed,
  say: (outcome: string, extra?: Intent[]) => T,
  target: string | undefined,
  commandId: string,
): T {
  if (seen.revision !== undefined) {
    return say(
      'Ignored: this Rollout is declared in Git; revert the commit there (git revert), or abort an update in progress',
    );
  }
  const rs = seen.replicaSets.find((r) => r.hash === target);
  if (rs === undefined) return say(`Ignored: no ReplicaSet of revision ${target ?? ''} is left to roll back to`);
  return say(`Done: template of ${rs.hash} restored`, [{ do: 'RestoreTemplate', hash: rs.hash, commandId }]);
}

/** A signal that could not be acted on while the spec is invalid stays in the status until it can. */
function keptSignal(seen: Observed, before: Place, after: Place): Outcome['kept'] {
  const stayed = before.state === after.state && before.memory.step === after.memory.step;
  return stayed && seen.issues.length > 0 ? fromSignals(seen, after.state, after.memory)?.wish?.verb : undefined;
}

function nextLook(seen: Observed, state: StateName, memory: Memory): number | undefined {
  const times = [memory.until, ...Object.values(memory.retiring)];
  if (isWaiting(state)) times.push(facts.deadlineAt(seen, memory));
  const ahead = times.filter((t): t is number => t !== undefined && t > seen.now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/** An abort is recorded right after its weight was written, without another look in between. */
function asRecorded(seen: Observed, happenings: readonly Happening[], { weight }: Wanted): Observed {
  if (weight === undefined || !happenings.some((h) => h.kind === 'Aborted')) return seen;
  return { ...seen, routes: seen.routes.map((r) => (r.canary === undefined ? r : { ...r, canary: weight })) };
}

/** One pass. `chart` is the machine to decide by; tests give one that notes which transitions it takes. */
export function decide(seen: Observed, chart: typeof machine = machine): Decision {
  const before = recall(seen) ?? recovered(seen);
  const interpretation = interpret(seen, before.state, before.memory);
  const wish = interpretation?.wish;
  const known = withRevision(seen, withProgress(seen, before.state, before.memory));
  const context: Context = { ...known, seen, happenings: [] };
  const restored = chart.resolveState({ value: valueOf(before.state), context });
  const [after] = transition(chart, restored, { type: 'OBSERVED', seen, wish });
  const state = pathOf(after.value);
  const rest = answerRest(seen, state, after.context);
  const moved = withoutDoneRestart(seen, withProgress(seen, state, rest.memory));
  const wanted = wantedOf(state, moved, seen);
  const memory: Memory = { ...moved, retiring: retirements(seen, moved, state, wanted) };
  const answer = interpretation?.answer ?? rest.answer;
  const kept = keptSignal(seen, before, { state, memory });
  const { happenings } = after.context;
  const outcome: Outcome = { state, memory, happenings, answer, ahead: interpretation?.ahead, kept };
  const intents = [...intentsOf(state, memory, seen, wanted), ...rest.extra];
  const announcements = announcementsOf(seen, outcome);
  const status = statusOf(asRecorded(seen, outcome.happenings, wanted), outcome);
  const isAbort = outcome.happenings.some((h) => h.kind === 'Aborted');
  return {
    state,
    memory,
    wanted,
    intents,
    status: { ...status, ...withNews(seen, announcements) },
    announcements,
    happenings: outcome.happenings,
    nextAt: nextLook(seen, state, memory),
    recordAfter: isAbort ? intents.filter((intent) => intent.do === 'SetWeights').length : undefined,
    urgent: isAbort,
  };
}
