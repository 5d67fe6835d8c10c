// Pushes to Git what is due there. Whatever fails is remembered and tried again; the cluster does not wait for it.
import type { Application, Hold } from '../../api/application.ts';
import type { NoteSection, Repository, SourceFailure } from '../../ports/source-reader.ts';
import { qualifiedName } from '../../api/object-key.ts';
import type { Doing } from '../doing.ts';
import type { AgentIntent } from '../intents.ts';
import { repositoryOf } from '../source/repository.ts';
import { holdId } from './due.ts';
import { noteKey, sectionOf, type Note } from './notes.ts';

type Of<K extends AgentIntent['do']> = Extract<AgentIntent, { do: K }>;
type WriteBack = NonNullable<Hold['writeBack']>;

const RETRY_MS = 10_000;
const FORBIDDEN_RETRY_MS = 60_000;

/** Who writes commits and notes. */
export function authorOf({ spec }: Application): { name: string; email: string } {
  const { name = '', email = '' } = spec.writeBack?.author ?? {};
  return { name: plain(name) || 'Sluice', email: plain(email) || 'sluice@sluice.dev' };
}

/** Without what would end the line, or the field, of a commit that it is written in. */
const plain = (text: string): string => text.replaceAll(/[<>\p{Cc}]/gu, '').trim();

export async function pushRevert({ branch, parent, changes, message, holds }: Of<'Push'>, at: Doing): Promise<void> {
  const { context, seen, signal, memory } = at;
  const { app } = seen;
  const repository = await repositoryOf(app, context);
  if (!repository.ok) return refused(holds, repository.error, at);
  const below = app.spec.source.path ?? '';
  const request = {
    ...repository.value,
    branch,
    parent,
    changes,
    below,
    message,
    author: authorOf(app),
  };
  const pushed = await context.reader.commitFiles(request, signal);
  if (!pushed.ok) return refused(holds, pushed.error, at);
  memory.reportProblem = undefined;
  settle(holds, { state: 'Pushed', commit: pushed.value }, at);
  context.sources.pollBy(at.key, seen.now);
}

function refused(holds: readonly Hold[], { reason, message }: SourceFailure, at: Doing): void {
  const { memory, seen, context } = at;
  if (reason === 'PushRejected') {
    // Read what is there now: it may declare something else, which ends the hold, or the commit is built anew on it.
    context.sources.pollBy(at.key, seen.now);
    memory.reportRetryAt = seen.now + 1_000;
    return settle(holds, { state: 'Pending', message: 'the branch has moved; built anew on its new head' }, at);
  }
  settle(holds, { state: 'Pending', message }, at);
  // A right takes a person to grant.
  retryLater(message, at, reason === 'AuthFailed' ? FORBIDDEN_RETRY_MS : RETRY_MS);
}

function retryLater(problem: string, { memory, seen }: Doing, waitMs = RETRY_MS): void {
  memory.reportProblem = problem;
  memory.reportRetryAt = seen.now + waitMs;
}

function settle(holds: readonly Hold[], result: WriteBack, { memory }: Doing): void {
  for (const hold of holds) memory.writeBacks.set(holdId(hold), result);
}

export async function pushNotes({ notes }: Of<'Note'>, at: Doing): Promise<void> {
  const { context, seen, signal, memory } = at;
  const repository = await repositoryOf(seen.app, context);
  const error = repository.ok ? await writeNotes(notes, repository.value, at, signal) : repository.error;
  context.metrics?.noted?.(qualifiedName(seen.owner), error ? 'Failed' : 'Pushed');
  if (error) return retryLater(`notes could not be pushed: ${error.message}`, at);
  memory.reportProblem = undefined;
  for (const { commit, rollout, outcome, attempt, ...note } of notes) {
    const id = { commit, rollout, outcome, ...(attempt === undefined ? {} : { attempt }) };
    memory.noted.set(noteKey({ ...note, ...id }), id);
  }
}

async function writeNotes(
  notes: readonly Note[],
  repository: Repository,
  { context, seen }: Doing,
  signal: AbortSignal,
): Promise<SourceFailure | undefined> {
  const sections = new Map<string, NoteSection[]>();
  for (const note of notes) {
    sections.set(note.commit, [...(sections.get(note.commit) ?? []), sectionOf(note)]);
  }
  const added = await context.reader.addNotes({ ...repository, sections, author: authorOf(seen.app) }, signal);
  return added.ok ? undefined : added.error;
}
