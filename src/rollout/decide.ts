// Deciding: (what is declared, what was recorded, what is observed, the time) → (what to record, what to do, when to look again).
// A pure function; everything that touches the world is an adapter around it.
import type { RolloutStatus } from '../api/rollout.ts';
import { announcementsOf, type Announcement } from './announcements.ts';
import { answerTo } from './answers.ts';
import { interpret } from './commands.ts';
import { drive, type Chart } from './drive.ts';
import { intentsOf, movesTraffic, type Intent } from './intents.ts';
import type { Answer, Context } from './context.ts';
import { machine } from './machine.ts';
import type { Memory } from './memory.ts';
import { recall } from './record.ts';
import { isFollowable, type Observed } from './observed.ts';
import { hasTag, type Place } from './place.ts';
import { withProgress } from './progress.ts';
import { recovered } from './recover.ts';
import { deadlineAt } from './rejection.ts';
import { withoutResting } from './resting.ts';
import { retirements } from './retire.ts';
import type { Outcome } from './outcome.ts';
import { withNews } from './status-events.ts';
import { fromSignals } from './signals.ts';
import { closureOf, type Situation } from './situation.ts';
import { statusOf, trafficOf } from './status.ts';
import { nextSecond, parseTime } from './time.ts';
import type { Transition } from './transitions.ts';
import { wantedOf, type Wanted } from './wanted.ts';

export interface Decision {
  readonly place: Place;
  readonly memory: Memory;
  readonly wanted: Wanted;
  /** In order of urgency. */
  readonly intents: readonly Intent[];
  readonly status: RolloutStatus;
  /** Where the traffic was observed, where the status tells where it is moved to: of an abort. */
  readonly traffic: ReturnType<typeof trafficOf> | undefined;
  readonly announcements: readonly Announcement[];
  readonly transitions: readonly Transition[];
  /** When to look again though nothing has changed; milliseconds since the epoch. */
  readonly nextAt: number | undefined;
  /** An abort: so many intents move the traffic and come before the record; undefined: all come before it. */
  readonly recordAfter: number | undefined;
  readonly urgent: boolean;
}

/** The candidate's commit is the last that declared it; one that declares something invalid does not count. */
function withRevision(seen: Observed, memory: Memory): Memory {
  const isIts = seen.declared === memory.candidate && isFollowable(seen);
  return isIts && seen.revision !== undefined ? { ...memory, revision: seen.revision } : memory;
}

/** What waited for a window begins with the first look at which none is closed. */
const withoutWait = ({ closed }: Observed, memory: Memory): Memory =>
  closed === undefined && memory.waits === true ? { ...memory, waits: undefined } : memory;

/** A taken abort that was acted on before is done with once its annotation is answered. */
function withoutActed(memory: Memory, answer: Answer | undefined): Memory {
  const isAnswered = answer !== undefined && memory.acted !== undefined && answer.outcome.startsWith('Done');
  return isAnswered ? { ...memory, acted: undefined } : memory;
}

function answerOf(given: Answer | undefined, { command, answer }: Context, situation: Situation): Answer | undefined {
  if (given !== undefined) return given;
  if (command?.id === undefined) return answer;
  return { id: command.id, outcome: answerTo(situation, command) };
}

/** A signal that could not be acted on while the spec is invalid stays in the status until it can. */
function keptSignal(before: Situation, after: Situation): Outcome['kept'] {
  const stayed = before.place.state === after.place.state && before.memory.stage === after.memory.stage;
  return stayed && !isFollowable(after.seen) ? fromSignals(after)?.verb : undefined;
}

function nextLook(situation: Situation): number | undefined {
  const { seen, memory, place } = situation;
  const asked = parseTime(seen.spec.restartAt);
  const times = [memory.until, ...Object.values(memory.retiring), memory.restartAt, asked && nextSecond(asked)];
  times.push(seen.contestedUntil, closureOf(situation)?.until);
  if (hasTag(place, 'waiting')) times.push(deadlineAt(situation));
  const ahead = times.filter((t): t is number => t !== undefined && t > seen.now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/** An abort is recorded right after its traffic was moved, without another look in between. */
function asMoved(seen: Observed, wanted: Wanted): Observed {
  const { weight, selected } = wanted;
  return {
    ...seen,
    routes: seen.routes.map((r) => (r.canary === undefined || weight === undefined ? r : { ...r, canary: weight })),
    selectors: seen.selectors.map((s) => ({
      ...s,
      hash: (s.role === 'stable' ? selected.stable : undefined) ?? s.hash,
    })),
  };
}

/** One pass. `chart` is the machine to decide by; tests give one that notes which transitions it takes. */
export function decide(seen: Observed, chart: Chart = machine): Decision {
  const recalled = recall(seen) ?? recovered(seen);
  const before: Situation = { seen, ...recalled };
  const { command, answer, ahead } = interpret(before);
  const known = withoutWait(seen, withRevision(seen, withProgress(before)));
  const { place, context } = drive(chart, { seen, place: before.place, memory: known }, command);
  const reached: Situation = { seen, place, memory: context.memory };
  const answered = answerOf(answer, context, reached);
  const moved: Situation = { ...reached, memory: withoutActed(withProgress(reached), answered) };
  const wanted = wantedOf(moved);
  const after: Situation = { ...moved, memory: { ...moved.memory, retiring: retirements(moved, wanted) } };
  const { transitions } = context;
  const outcome: Outcome = { ...after, transitions, answer: answered, ahead, kept: keptSignal(before, after) };
  const isAbort = transitions.some(({ kind }) => kind === 'Aborted');
  const restored: Intent[] =
    context.restore === undefined || answered === undefined
      ? []
      : [{ do: 'RestoreTemplate', hash: context.restore, commandId: answered.id }];
  const intents = [...withoutResting(after, intentsOf(after, wanted)), ...restored];
  const announcements = announcementsOf(outcome);
  const status = statusOf(isAbort ? { ...outcome, seen: asMoved(seen, wanted) } : outcome);
  return {
    place,
    memory: after.memory,
    wanted,
    intents,
    status: { ...status, ...withNews(seen, announcements) },
    traffic: isAbort ? trafficOf(after) : undefined,
    announcements,
    transitions,
    nextAt: nextLook(after),
    recordAfter: isAbort ? intents.filter(movesTraffic).length : undefined,
    urgent: isAbort,
  };
}
