// Precedence: which events an observation gives, the most urgent first. Whatever comes earlier in this list is never overtaken by what
// comes later, and what goes forward comes last: no guard of the chart has to remember any of it.
import type { Command, Event } from './context.ts';
import { isFollowable } from './observed.ts';
import { rejection } from './rejection.ts';
import { runOf } from './runs.ts';
import { closureOf, isFrozen, isPaused, type Situation } from './situation.ts';
import { hasTag } from './place.ts';

/** The events of a situation, in order of urgency. A command that was answered is no longer among them. */
export function* eventsOf(situation: Situation, command: Command | undefined): Generator<Event> {
  yield* given(rejected(situation, command));
  yield* given(declared(situation));
  yield* given(asked(situation, command));
  yield* given(unsure(situation));
  yield { type: 'ARRIVE' };
  yield* given(forward(situation));
}

const given = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);

function rejected(situation: Situation, command: Command | undefined): Event | undefined {
  const why = hasTag(situation.place, 'moving') ? rejection(situation, command) : undefined;
  return why && { type: 'REJECT', ...why };
}

/** Going back needs nothing; another declaration has to be one that can be followed. */
function declared({ seen, memory, place }: Situation): Event | undefined {
  const isStable = seen.declared === memory.stable;
  if (isStable && memory.candidate !== memory.stable) return { type: 'BACK' };
  // Nothing is being released, and only the stages are others: they are for the next release.
  if (!isFollowable(seen) || (isStable && hasTag(place, 'done'))) return undefined;
  const isOther = seen.declared !== memory.candidate || seen.plan.stagesHash !== memory.stagesHash;
  return isOther ? { type: 'DECLARE' } : undefined;
}

type Asked = (situation: Situation, command: Command) => Event | undefined;

/** What each verb asks of the chart; undefined where it can have no use for it now. */
const ASKED: Readonly<Record<Command['verb'], Asked>> = {
  // A rejection: it has been sent already.
  abort: () => undefined,
  'promote-full': (situation) =>
    isFollowable(situation.seen) && closureOf(situation)?.kind !== 'stop' ? { type: 'PROMOTE_FULL' } : undefined,
  retry: ({ seen }) => (isFollowable(seen) ? { type: 'RETRY' } : undefined),
  promote: promotion,
  skip: promotion,
  pause: ({ place }) => (hasTag(place, 'moving') && place.attention === 'running' ? { type: 'PAUSE' } : undefined),
  resume: ({ place }) => (place.attention === 'paused' ? { type: 'RESUME' } : undefined),
  override: (situation) => (closureOf(situation)?.kind === 'window' ? { type: 'OVERRIDE' } : undefined),
  restart: () => ({ type: 'RESTART' }),
  rollback,
};

const asked = (situation: Situation, command: Command | undefined): Event | undefined =>
  command && ASKED[command.verb](situation, command);

/** A promotion ends one wait: that of a person who paused, that of an analysis that cannot tell, or that of the stage. */
function promotion(situation: Situation): Event | undefined {
  const { seen, place } = situation;
  if (place.attention === 'paused') return { type: 'RESUME' };
  if (place.background === 'unsure') return { type: 'ACCEPT' };
  return !isFollowable(seen) || isPaused(situation) ? undefined : { type: 'PROMOTE' };
}

/** Only where no Git declares the Rollout, and while nothing is on its way. */
function rollback({ seen, place }: Situation, { value }: Command): Event | undefined {
  const rs = seen.replicaSets.find(({ hash }) => hash === value);
  const isFree = seen.revision === undefined && !hasTag(place, 'moving');
  return isFree && rs !== undefined ? { type: 'ROLLBACK', hash: rs.hash } : undefined;
}

const unsure = (situation: Situation): Event | undefined =>
  runOf(situation, 'Background')?.phase === 'Inconclusive' ? { type: 'UNSURE' } : undefined;

const forward = (situation: Situation): Event | undefined => (isFrozen(situation) ? undefined : { type: 'ADVANCE' });
