// What the agent writes into Git: the commit that restores a stable revision's files, and notes on what became of commits. Nothing in the
// cluster waits for it.
import type { Application, ApplicationStatus, Hold } from '../../api/application.ts';
import { ANNOTATIONS } from '../../api/names.ts';
import { toTime } from '../../ports/clock.ts';
import { shortCommit } from '../../api/revision.ts';
import { GitError, PushRejected, type GitMirror } from '../../git/types.ts';
import type { PassContext } from '../context.ts';
import { evidenceOf, noteText, noteTitle, revertMessage, runsOf, type NoteInput } from './evidence.ts';
import { holdKey } from '../revert/hold.ts';
import { historyNotes, restoredNote, type DueNote } from './past-notes.ts';
import type { RolloutSet } from '../revert/rollout-set.ts';
import { parseRevision } from '../revert/snapshot.ts';
import { mirrorOf } from '../source/source.ts';
import { authorOf, branchOf, type AppState } from '../state.ts';
import { restoreFiles } from '../revert/write-back.ts';

const MAX_NOTES = 32;
const NOTES_FAILED = 'notes could not be pushed';
type Note = NonNullable<ApplicationStatus['notes']>[number];

/** Pushes what is pending; failures show in the status and are tried again. Changes `state.status`. */
export async function reportToGit(
  app: Application,
  state: AppState,
  promoted: readonly RolloutSet[],
  context: PassContext,
): Promise<void> {
  try {
    const pending = (state.status.holds ?? []).filter((hold) => hold.writeBack?.state === 'Pending');
    if (state.rendered && !state.failure) {
      for (const hold of pending) await writeBack(app, state, hold, context);
    }
    await writeNotes(app, state, promoted, context);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    state.problems.writeBack = `${NOTES_FAILED}: ${error.message}`;
    retryLater(state, context);
  }
}

function retryLater(state: AppState, context: PassContext): void {
  state.nextPollAt = Math.min(state.nextPollAt, context.clock.now() + 10_000);
}

async function writeBack(app: Application, state: AppState, hold: Hold, context: PassContext): Promise<void> {
  const { rendered } = state;
  const snapshot = state.snapshots.get(holdKey(hold));
  if (!rendered || !snapshot) return;
  const restored = restoreFiles({ hold, snapshot, desired: rendered.desired, files: rendered.files });
  const finish = finisher(app, state, hold, context);
  if (!restored.ok) return finish({ state: 'Failed', message: restored.error });
  if (restored.value.size === 0) {
    return finish({ state: 'Failed', message: 'the files already say what the stable revision did' });
  }
  const message = revertMessage(hold, [...restored.value.keys()], evidenceRuns(hold, context));
  try {
    const mirror = await mirrorOf(app, context);
    const request = {
      branch: branchOf(app),
      parent: rendered.commit.oid,
      changes: restored.value,
      message,
      author: authorOf(app),
    };
    const commit = await mirror.commitFiles(request);
    finish({ state: 'Pushed', commit });
    state.nextPollAt = context.clock.now();
  } catch (error) {
    if (error instanceof PushRejected) {
      // Read what is there now: it may declare something else, which ends the hold, or the commit is built anew on it.
      state.nextPollAt = Math.min(state.nextPollAt, context.clock.now() + 1_000);
      replace(state, hold, { state: 'Pending', message: 'the branch has moved; built anew on its new head' });
    } else if (error instanceof GitError && error.kind !== 'auth') {
      replace(state, hold, { state: 'Pending', message: error.message });
      state.problems.writeBack = error.message;
      retryLater(state, context);
    } else if (error instanceof GitError) finish({ state: 'Failed', message: error.message });
    else throw error;
  }
}

const evidenceRuns = (hold: Hold, context: PassContext) =>
  runsOf(context.analysisRuns.list(hold.rollout.namespace), hold.rollout, hold.podHash);

function replace(state: AppState, hold: Hold, writeBack: NonNullable<Hold['writeBack']>): void {
  state.status.holds = (state.status.holds ?? []).map((each) => (each === hold ? { ...each, writeBack } : each));
}

function finisher(
  app: Application,
  state: AppState,
  hold: Hold,
  context: PassContext,
): (result: NonNullable<Hold['writeBack']>) => void {
  return (result) => {
    replace(state, hold, result);
    const pushed = result.state === 'Pushed';
    state.problems.writeBack = pushed ? undefined : `${hold.rollout.name}: ${result.message ?? 'failed'}`;
    context.metrics?.writeBack?.(state.key, pushed ? 'Pushed' : 'Failed');
    const what = `files of ${hold.rollout.name} as of ${shortCommit(hold.stable?.commit ?? '')}`;
    context.events.emit(app, {
      type: pushed ? 'Normal' : 'Warning',
      reason: pushed ? 'Reverted' : 'WriteBackFailed',
      message: pushed
        ? `pushed ${shortCommit(result.commit ?? '')}: ${what}`
        : `cannot restore the ${what}: ${result.message}`,
    });
  };
}

/** Notes that are due: rejected, restored and promoted commits. */
function dueNotes(app: Application, state: AppState, promoted: readonly RolloutSet[], context: PassContext): DueNote[] {
  const name = `${app.metadata.namespace ?? ''}/${app.metadata.name}`;
  return [
    ...pastNotes(app, state, context),
    ...(state.status.holds ?? []).flatMap((hold) => holdNotes(name, hold, context)),
    ...promoted.flatMap((set) => promotionNotes(name, set, context)),
  ];
}

function pastNotes(app: Application, { rendered }: AppState, context: PassContext): DueNote[] {
  const { name, namespace = '' } = app.metadata;
  return [...(rendered?.sets.values() ?? [])].flatMap(({ rollout: { ref } }) => {
    const rollout = context.rollouts.get(ref.namespace, ref.name);
    if (rollout === undefined || rendered === undefined) return [];
    const runs = context.analysisRuns.list(ref.namespace);
    const past = { app: `${namespace}/${name}`, repoURL: app.spec.source.repoURL, rollout, runs };
    return [...historyNotes(past), ...restoredNote(past, rendered.commit)];
  });
}

function holdNotes(app: string, hold: Hold, context: PassContext): DueNote[] {
  const rollout = `${hold.rollout.namespace}/${hold.rollout.name}`;
  const evidence = evidenceOf(evidenceRuns(hold, context));
  const common = { app, rollout, at: hold.since, reason: hold.reason, evidence };
  const related: Record<string, string> = hold.stable ? { 'Went back to': hold.stable.commit } : {};
  const aborted = { ...common, outcome: 'Aborted', related };
  const due: DueNote[] = [[{ commit: hold.rejected.commit, rollout, outcome: 'Aborted' }, aborted]];
  const commit = hold.writeBack?.state === 'Pushed' ? hold.writeBack.commit : undefined;
  if (commit !== undefined) {
    const restored = { ...common, outcome: 'Restored', related: { Rejected: hold.rejected.commit, ...related } };
    due.push([{ commit, rollout, outcome: 'Restored' }, restored]);
  }
  return due;
}

function promotionNotes(app: string, { rollout: member }: RolloutSet, context: PassContext): DueNote[] {
  const { namespace = '', name } = member.ref;
  const live = context.rollouts.get(namespace, name);
  const revision = parseRevision(live?.metadata.annotations?.[ANNOTATIONS.revision]);
  if (!live || !revision) return [];
  const rollout = `${namespace}/${name}`;
  const runs = runsOf(context.analysisRuns.list(namespace), { namespace, name }, live.status?.stableRS);
  const at = toTime(context.clock.now());
  const note = { app, rollout, outcome: 'Promoted', at, evidence: evidenceOf(runs) };
  return [[{ commit: revision.commit, rollout, outcome: 'Promoted' }, note]];
}

const noteKey = ({ commit, rollout, outcome }: Note): string => `${commit} ${rollout} ${outcome}`;

async function writeNotes(
  app: Application,
  state: AppState,
  promoted: readonly RolloutSet[],
  context: PassContext,
): Promise<void> {
  if (app.spec.writeBack?.notes === false) return;
  const known = new Set([...(state.status.notes ?? []).map((note) => noteKey(note)), ...state.noted]);
  for (const note of dueNotes(app, state, promoted, context)) {
    if (!known.has(noteKey(note[0]))) state.pendingNotes.set(noteKey(note[0]), note);
  }
  const due = [...state.pendingNotes.values()];
  if (due.length === 0) return;
  const mirror = await mirrorOf(app, context);
  const texts = await merged(due, mirror);
  if (texts.size > 0) await mirror.addNotes(texts, authorOf(app));
  for (const [note] of due) state.noted.add(noteKey(note));
  state.pendingNotes.clear();
  if (state.problems.writeBack?.startsWith(NOTES_FAILED)) state.problems.writeBack = undefined;
  state.status.notes = [...(state.status.notes ?? []), ...due.map(([note]) => note)].slice(-MAX_NOTES);
}

/** The full text of each commit's note: what it said before, and the new sections it does not have yet. */
async function merged(due: readonly [Note, NoteInput][], mirror: GitMirror): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const [{ commit }, input] of due) {
    const before = texts.get(commit) ?? (await mirror.readNote(commit)) ?? '';
    if (before.split('\n').includes(noteTitle(input))) continue;
    texts.set(commit, `${before}${before === '' ? '' : '\n'}${noteText(input)}`);
  }
  return texts;
}
