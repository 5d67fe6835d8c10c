// What is against a revision: a person, a measurement, a verdict from before a restart, a deadline.
import type { Command } from './context.ts';
import type { Known } from './known.ts';
import type { AbortCause } from './memory.ts';
import { failedRun, releaseKey } from './runs.ts';
import { hasTag } from './place.ts';
import { replicaSet } from './observed.ts';
import { standsStill, type Situation } from './situation.ts';
import { podsText } from './stages/pods-text.ts';
import { rejectedMarks } from './traffic.ts';

const DEFAULT_PROGRESS_DEADLINE_S = 600;

export const deadlineSeconds = ({ seen }: Known): number =>
  seen.spec.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_S;

export interface Rejection {
  readonly cause: AbortCause;
  readonly reason: string;
}

export function rejection(situation: Situation, command: Command | undefined): Rejection | undefined {
  const { seen, memory } = situation;
  const person = byPerson(command);
  if (person !== undefined) return person;
  const run = failedRun(situation);
  if (run) return { cause: 'Analysis', reason: run.message ?? `analysis run ${run.name} ended ${run.phase}` };
  if (rejectedMarks(seen).includes(releaseKey(memory))) {
    const where = seen.plan.split === 'selector' ? 'active Service' : 'route';
    const reason = `a verdict against it was written to its ${where} before the controller was restarted`;
    return { cause: 'Recovered', reason };
  }
  if (!seen.spec.progressDeadlineAbort || !deadlineExceeded(situation)) return undefined;
  return { cause: 'Deadline', reason: deadlineText(situation) };
}

function byPerson(command: Command | undefined): Rejection | undefined {
  if (command?.verb === 'abort') return { cause: 'User', reason: command.value ?? 'aborted by a person' };
  const isPlain = command?.verb === 'rollback' && command.value === undefined;
  return isPlain ? { cause: 'User', reason: 'rolled back by a person' } : undefined;
}

export function deadlineAt(known: Known): number | undefined {
  const { progressAt } = known.memory;
  return progressAt === undefined ? undefined : progressAt + deadlineSeconds(known) * 1000;
}

/** Whether what is waited for did not come in time. That clock stands while a person is waited for. */
export function deadlineExceeded(situation: Situation): boolean {
  const at = hasTag(situation.place, 'waiting') ? deadlineAt(situation) : undefined;
  return at !== undefined && situation.seen.now >= at && !standsStill(situation);
}

/** What was waited for, and for how long. */
function deadlineText(situation: Situation): string {
  const failure = replicaSet(situation.seen, situation.memory.candidate)?.failure;
  const why = failure === undefined ? '' : ` (${failure})`;
  return `no progress for ${deadlineSeconds(situation)}s (progressDeadlineSeconds); ${podsText(situation)}${why}`;
}
