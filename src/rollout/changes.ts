// What the transitions of the chart change in its memory, and what they tell of. Pure: from a context to what is other in it.
import type { Context } from './context.ts';
import type { AbortCause, Memory } from './memory.ts';
import { shortHash } from './hash.ts';
import { stageOf } from './present-stage.ts';
import { podsText } from './stages/pods-text.ts';
import { rejectedMarks } from './traffic.ts';
import type { Named, Transition } from './transitions.ts';

type Change = Partial<Context>;

/** The command has what it asked for. */
export function answered({ command, answer }: Context, outcome: string): Change {
  return { command: undefined, answer: command?.id === undefined ? answer : { id: command.id, outcome } };
}

const told = (c: Context, ...transitions: Transition[]): Change => ({
  transitions: [...c.transitions, ...transitions],
});
const declared = ({ seen }: Context): Named => ({ hash: seen.declared, revision: seen.revision });
const candidate = ({ memory }: Context): Named => ({ hash: memory.candidate, revision: memory.revision });

/** Somebody lets a wait end. */
const isLettingGo = ({ command }: Context): boolean => command?.verb === 'promote' || command?.verb === 'skip';

/** Attempts only ever rise, even where the status was lost: a verdict or run of an earlier release must not count. */
function nextAttempt({ seen, memory }: Context): number {
  const routed = rejectedMarks(seen).map((mark) => Number(/-([0-9]+)$/.exec(mark)?.[1] ?? 0));
  return 1 + Math.max(memory.attempt, ...seen.runs.map((run) => run.attempt), ...routed);
}

/** The memory of a release of what is declared, at its beginning. */
function fresh({ seen, memory }: Context): Memory {
  const { stable, acted, restartAt, restartedAt, retiring } = memory;
  return {
    candidate: seen.declared,
    revision: seen.revision,
    stable,
    stagesHash: seen.plan.stagesHash,
    stage: 0,
    attempt: memory.attempt,
    progressAt: seen.now,
    acted,
    restartAt,
    restartedAt,
    retiring,
  };
}

const begun = (c: Context): Memory => ({
  ...fresh(c),
  attempt: nextAttempt(c),
  acted: undefined,
  waits: (c.seen.closed !== undefined && c.memory.stable !== undefined) || undefined,
});

export function begin(c: Context): Change {
  return { memory: begun(c), ...told(c, { kind: 'Begun', ...declared(c) }) };
}

export function supersede(c: Context): Change {
  const gone: Transition[] = c.memory.candidate === c.seen.declared ? [] : [{ kind: 'Superseded', ...candidate(c) }];
  // Other stages of what is on its way: it has begun, or it has not.
  const waits = gone.length === 0 ? c.memory.waits : begun(c).waits;
  return { memory: { ...begun(c), waits }, ...told(c, ...gone, { kind: 'Begun', ...declared(c) }) };
}

/** Somebody lets it begin though no release may, and says why. */
export function override(c: Context): Change {
  return { ...answered(c, 'Done: it begins outside its windows'), memory: { ...c.memory, waits: undefined } };
}

/** Its pods are all still there: it takes over at once, without stages. Going back waits for no window. */
export function beginWarm(c: Context): Change {
  const begins = begin(c);
  return { ...begins, memory: { ...begun(c), waits: undefined, full: true, stage: c.seen.plan.stages.length } };
}

/** The stable revision is declared again while another one was on its way. */
export function rollBack(c: Context): Change {
  return { memory: fresh(c), ...told(c, { kind: 'RolledBack', ...candidate(c) }) };
}

/** The stable revision is declared again after another one was rejected. */
export function comeBack(c: Context): Change {
  return { memory: { ...fresh(c), rejected: c.memory.candidate } };
}

export function retry(c: Context): Change {
  return {
    memory: begun(c),
    ...answered(c, 'Done: the release begins again'),
    ...told(c, { kind: 'Retried', ...declared(c) }),
  };
}

export function retryInFull(c: Context): Change {
  return {
    memory: { ...begun(c), full: true },
    ...answered(c, 'Done: promoted in full'),
    ...told(c, { kind: 'Retried', ...declared(c) }),
  };
}

function nextStage(c: Context, skipped: boolean): Change {
  const { stage } = c.memory;
  return {
    memory: { ...c.memory, stage: stage + 1, until: undefined },
    ...told(c, { kind: 'StageDone', stage, skipped }),
  };
}

/** A promotion that comes as the wait ends by itself has what it asked for: it does not end the next one, too. */
export function finishStage(c: Context): Change {
  return { ...(isLettingGo(c) ? answered(c, endedText(c)) : {}), ...nextStage(c, false) };
}

export function skipStage(c: Context): Change {
  return { ...answered(c, endedText(c)), ...nextStage(c, true) };
}

const endedText = ({ memory }: Context): string => `Done: step ${memory.stage + 1} ended`;

export function skipAll(c: Context): Change {
  return { ...answered(c, 'Done: promoted in full'), memory: { ...c.memory, full: true, until: undefined } };
}

export function startPause(c: Context): Change {
  const { seen, memory } = c;
  const stage = stageOf(c);
  const ms = stage?.kind === 'Pause' ? stage.ms : undefined;
  return {
    // A pause that is gone on with after its pods came back ends when it would have.
    memory: { ...memory, until: ms === undefined ? undefined : (memory.until ?? seen.now + ms) },
    ...told(c, { kind: 'Paused', stage: memory.stage }),
  };
}

export function noteBereft(c: Context): Change {
  return told(c, { kind: 'Bereft', stage: c.memory.stage, pods: podsText(c) });
}

export function noteUnsure(c: Context, of: Extract<Transition, { kind: 'Inconclusive' }>['of']): Change {
  return told(c, { kind: 'Inconclusive', of, stage: c.memory.stage });
}

export function promote(c: Context): Change {
  const { seen, memory } = c;
  return {
    ...(isLettingGo(c) || c.command?.verb === 'promote-full' ? answered(c, 'Done: promoted') : {}),
    memory: {
      ...memory,
      stable: memory.candidate,
      stage: seen.plan.stages.length,
      until: undefined,
      full: undefined,
    },
    ...told(c, { kind: 'Promoted', ...candidate(c) }),
  };
}

export function abort(c: Context, why: { cause: AbortCause; reason: string }): Change {
  const { seen, memory, command } = c;
  const ahead = command?.ahead;
  return {
    ...answered(c, 'Done: aborted'),
    memory: {
      ...memory,
      cause: why.cause,
      reason: why.reason,
      // Stages that were changed before do not count as a change after it.
      stagesHash: seen.plan.stagesHash,
      abortedAt: seen.now,
      acted: ahead === undefined ? undefined : shortHash(ahead),
      until: undefined,
      full: undefined,
      stage: 0,
    },
    ...told(c, { kind: 'Aborted', ...candidate(c), cause: why.cause, reason: why.reason }),
  };
}
