// The release under way, as its status tells of it while it lasts and its entry in the history keeps it: since when, at which weights, and
// who let it through. Pure; nothing decides by it.
import type { HistoryEntry, RolloutStatus } from '../api/rollout.ts';
import type { Observed, TakenCommand } from './observed.ts';
import type { Outcome } from './outcome.ts';
import { exactTime, time } from './time.ts';

type Release = NonNullable<RolloutStatus['release']>;
type Trail = Pick<HistoryEntry, 'attempt' | 'startedAt' | 'weights' | 'command' | 'earlierCommands'>;

const MAX_WEIGHTS = 20;
/** Before the last one. */
const MAX_COMMANDS = 8;
const ENDS: ReadonlySet<string> = new Set(['Promoted', 'Aborted', 'Superseded', 'RolledBack']);

/** The release that goes on after this pass, and what is to be kept of those that ended in it, in order. */
export function releasesOf(
  { seen, transitions, memory, answer, ahead }: Outcome,
  weight: number,
): { release: Release | undefined; ended: Trail[] } {
  const at = time(seen.now);
  const command = ahead === undefined ? commandOf(seen, answer) : { ...ahead, at: exactTime(seen.now) };
  const ended: Trail[] = [];
  let release = seen.status.release;
  for (const transition of transitions) {
    if (transition.kind === 'Begun' || transition.kind === 'Retried') {
      const begun = { podHash: transition.hash, attempt: memory.attempt, startedAt: at, weights: [] };
      release = withCommand(begun, retryOf(seen));
    } else if ('hash' in transition && ENDS.has(transition.kind)) {
      const end = { kind: transition.kind, hash: transition.hash, at, command };
      ended.push(endedBy(end, release));
      release = undefined;
    }
  }
  const goesOn = release && withWeight(withCommand(release, command), at, weight);
  return { release: goesOn, ended };
}

interface End {
  readonly kind: string;
  readonly hash: string;
  readonly at: string;
  readonly command: Release['command'];
}

/** What is kept of the release that came to this end; nothing where another one was followed, or none. */
function endedBy({ kind, hash, at, command }: End, release: Release | undefined): Trail {
  if (release?.podHash !== hash) return {};
  const { podHash: _podHash, ...trail } = withWeight(withCommand(release, command), at, kind === 'Promoted' ? 100 : 0);
  return trail;
}

function withCommand(release: Release, command: Release['command']): Release {
  if (command === undefined) return release;
  const { command: before, earlierCommands = [] } = release;
  if (before === undefined) return { ...release, command };
  return { ...release, command, earlierCommands: shortened([...earlierCommands, before]) };
}

/** The oldest goes, but who let the release begin outside its windows. */
function shortened(commands: NonNullable<Release['earlierCommands']>): typeof commands {
  if (commands.length <= MAX_COMMANDS) return commands;
  const least = Math.max(
    0,
    commands.findIndex(({ verb }) => verb !== 'override'),
  );
  return commands.toSpliced(least, 1);
}

/** With the weight and when it was seen first; the middle of a long trail is left out. */
function withWeight(release: Release, at: string, weight: number): Release {
  const { weights } = release;
  if (weights.at(-1)?.weight === weight) return release;
  const all = [...weights, { at, weight }];
  return { ...release, weights: all.length > MAX_WEIGHTS ? [...all.slice(0, 1), ...all.slice(1 - MAX_WEIGHTS)] : all };
}

/** Who had what begins tried again; once anything has begun or ended since, it is no news. */
function retryOf({ retried, status }: Observed): Release['command'] {
  const last = Date.parse(status.history?.at(-1)?.at ?? '');
  const isOld = retried === undefined || status.release !== undefined || Date.parse(retried.at) < last;
  return isOld ? undefined : told(retried);
}

function told({ verb, value, at, by }: TakenCommand): Release['command'] {
  return { verb, value, at, ...(by === undefined ? {} : { by }) };
}

/** The command that was acted on in this pass. */
function commandOf({ command }: Observed, answer: Outcome['answer']): Release['command'] {
  if (command === undefined || answer?.id !== command.id || !answer.outcome.startsWith('Done')) return undefined;
  return told(command);
}
