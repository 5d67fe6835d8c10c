// The release under way, as its status tells of it while it lasts and its entry in the history keeps it: since when, at which weights, and
// who let it through. Pure; nothing decides by it.
import type { HistoryEntry, RolloutStatus } from '../api/rollout.ts';
import type { Observed } from './observed.ts';
import type { Outcome } from './outcome.ts';

type Release = NonNullable<RolloutStatus['release']>;
type Trail = Pick<HistoryEntry, 'attempt' | 'startedAt' | 'weights' | 'command'>;

const MAX_WEIGHTS = 20;
const seconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const ENDS: ReadonlySet<string> = new Set(['Promoted', 'Aborted', 'Superseded', 'RolledBack']);

/** The release that goes on after this pass, and what is to be kept of those that ended in it, in order. */
export function releasesOf(
  seen: Observed,
  { happenings, memory, answer }: Outcome,
  weight: number,
): { release: Release | undefined; ended: Trail[] } {
  const at = seconds(seen.now);
  const command = commandOf(seen, answer);
  const ended: Trail[] = [];
  let release = seen.status.release;
  for (const happening of happenings) {
    if (happening.kind === 'Begun' || happening.kind === 'Retried') {
      release = { podHash: happening.hash, attempt: memory.attempt, startedAt: at, weights: [] };
    } else if ('hash' in happening && ENDS.has(happening.kind)) {
      const own = release?.podHash === happening.hash ? release : undefined;
      const last = happening.kind === 'Promoted' ? 100 : 0;
      ended.push(own ? trailOf(withWeight(withCommand(own, command), at, last)) : {});
      release = undefined;
    }
  }
  const goesOn = release && withWeight(withCommand(release, command), at, weight);
  return { release: goesOn, ended };
}

const trailOf = ({ podHash: _podHash, ...trail }: Release): Trail => trail;

const withCommand = (release: Release, command: Release['command']): Release =>
  command === undefined ? release : { ...release, command };

/** With the weight and when it was seen first; the middle of a long trail is left out. */
function withWeight(release: Release, at: string, weight: number): Release {
  const { weights } = release;
  if (weights.at(-1)?.weight === weight) return release;
  const all = [...weights, { at, weight }];
  return { ...release, weights: all.length > MAX_WEIGHTS ? [...all.slice(0, 1), ...all.slice(1 - MAX_WEIGHTS)] : all };
}

/** The command that was acted on in this pass. */
function commandOf({ command }: Observed, answer: Outcome['answer']): Release['command'] {
  if (command === undefined || answer?.id !== command.id || !answer.outcome.startsWith('Done')) return undefined;
  return { verb: command.verb, value: command.value, at: command.at };
}
