// What a person asks for: a command taken from an annotation, or one of Argo Rollouts' status-field signals. Each carries, or may carry,
// the revision it is meant for; one that is meant for another does nothing.
import type { Verb } from '../api/dialect.ts';
import type { Answer, Command } from './context.ts';
import { isFollowable, type Observed, type Waiting } from './observed.ts';
import { shortHash } from './hash.ts';
import { hasTag } from './place.ts';
import { fromSignals } from './signals.ts';
import type { Situation } from './situation.ts';

export interface Interpretation {
  readonly command?: Command;
  readonly answer?: Answer;
  /** The annotation that is acted on before it is taken. */
  readonly ahead?: Waiting;
}

const COMMIT = /^[0-9a-f]{7,40}$/;
const HASH = /^[bcdfghjklmnpqrstvwxz2456789]{10}$/;

const OVERRIDE_TAKES = 'override takes the reason, such as "hotfix for incident 4711"';

/** The revision that commands are about. */
interface Target {
  readonly hash: string;
  readonly commit: string | undefined;
  /** It takes over from another in this very pass. */
  readonly isNew: boolean;
}

/** What is declared takes over in this pass; while it is invalid, what was being released goes on. */
function targetOf({ seen, memory, place }: Situation): Target {
  const isNew = seen.declared !== memory.candidate;
  const stays = isNew && !hasTag(place, 'done') && !isFollowable(seen);
  return stays
    ? { hash: memory.candidate, commit: memory.revision?.commit, isNew: false }
    : { hash: seen.declared, commit: seen.revision?.commit, isNew };
}

/** Whether `value` names a revision, and if so, whether the one that commands are about. */
function namesRevision(value: string, verb: Verb, seen: Observed, target: Target): 'other' | 'this' | undefined {
  if (value === target.hash || (COMMIT.test(value) && target.commit?.startsWith(value))) return 'this';
  if (isKnown(value, seen)) return 'other';
  // A date or a ticket is a reason to abort; for what goes forward, what may be meant for another revision is taken to be.
  return verb !== 'abort' && (COMMIT.test(value) || HASH.test(value)) ? 'other' : undefined;
}

/** It names a revision that this Rollout has, or had. */
function isKnown(value: string, { replicaSets, status }: Observed): boolean {
  if (replicaSets.some((rs) => rs.hash === value)) return true;
  const past = [status.revision, status.stableRevision, ...(status.history ?? []).map(({ revision }) => revision)];
  return COMMIT.test(value) && past.some((revision) => revision?.commit.startsWith(value));
}

const isPlain = (value: string, named: string | undefined): boolean =>
  value === 'true' || value === '' || named === 'this';

function refused(id: string, { hash, commit }: Target, value: string): Interpretation {
  const name = commit === undefined ? hash : `${hash} (commit ${commit.slice(0, 7)})`;
  return { answer: { id, outcome: `Ignored: it names revision ${value}, but ${name} is the one being rolled out` } };
}

function fromAnnotation(situation: Situation, target: Target): Interpretation | undefined {
  const { seen, memory, place } = situation;
  if (seen.command === undefined) return undefined;
  const { id, verb, value } = seen.command;
  if (verb === 'abort' && memory.acted === shortHash(value)) return { answer: { id, outcome: 'Done: aborted' } };
  const named = namesRevision(value, verb, seen, target);
  if (named === 'other' && verb !== 'rollback') return refused(id, target, value);
  if (verb === 'abort' && named === 'this' && isYetToTakeOver(target, place)) return undefined;
  return toCommand(seen.command, isPlain(value, named));
}

/** An abort of such a revision must not hit the one before it: it waits for the next look. */
const isYetToTakeOver = ({ isNew }: Target, place: Situation['place']): boolean => isNew && !hasTag(place, 'done');

function toCommand({ id, verb, value }: NonNullable<Observed['command']>, plain: boolean): Interpretation {
  if (verb === 'override' && plain) return { answer: { id, outcome: `Ignored: ${OVERRIDE_TAKES}` } };
  if (verb !== 'promote') return { command: { verb, id, value: plain ? undefined : value } };
  if (value === 'full') return { command: { verb: 'promote-full', id } };
  if (plain) return { command: { verb: 'promote', id } };
  return { answer: { id, outcome: `Ignored: promote takes true, full or a revision, not "${value}"` } };
}

/** An abort is acted on before it is taken: it outranks everything, and doing it twice does no harm. */
function urgentAbort({ seen, place }: Situation, target: Target): Interpretation | undefined {
  const waiting = seen.waiting.find(({ verb }) => verb === 'abort');
  if (waiting === undefined || !hasTag(place, 'moving')) return undefined;
  const named = namesRevision(waiting.value, 'abort', seen, target);
  if (named === 'other' || (named === 'this' && target.isNew)) return undefined;
  const value = isPlain(waiting.value, named) ? undefined : waiting.value;
  const command: Command = { verb: 'abort', value, ahead: waiting.value };
  if (seen.command === undefined || seen.command.verb === 'abort') return { command, ahead: waiting };
  return { command, ahead: waiting, answer: { id: seen.command.id, outcome: 'Ignored: an abort overtook it' } };
}

/** The one command that this observation brings; annotations before signals, an abort before both. */
export function interpret(situation: Situation): Interpretation {
  const target = targetOf(situation);
  return urgentAbort(situation, target) ?? fromAnnotation(situation, target) ?? signalled(fromSignals(situation));
}

const signalled = (command: Command | undefined): Interpretation => (command === undefined ? {} : { command });
