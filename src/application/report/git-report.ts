// Carries out what is due in Git: the commits that restore stable revisions' files, and notes on what became of commits. Nothing in the
// cluster waits for it.
import type { Application, ApplicationStatus, Hold, Return } from '../../api/application.ts';
import { ANNOTATIONS } from '../../api/names.ts';
import { parseRevision, shortCommit } from '../../api/revision.ts';
import type { Rollout } from '../../api/rollout.ts';
import { GitError, PushRejected, type GitMirror } from '../../git/types.ts';
import { toTime } from '../../ports/clock.ts';
import type { PassContext } from '../context.ts';
import { isStable } from '../revert/hold.ts';
import type { RolloutSet } from '../revert/rollout-set.ts';
import { dueWriteBacks, type WriteBackPlan } from '../revert/write-back-plan.ts';
import { mirrorOf } from '../source/source.ts';
import { authorOf, branchOf, type AppState } from '../state.ts';
import { evidenceOf, runsOf } from './evidence.ts';
import { dueNotes, noteKey, rejectionOf, withSection, type Note } from './notes.ts';
import { revertMessage } from './revert-message.ts';

const MAX_NOTES = 32;
const NOTES_FAILED = 'notes could not be pushed';
const RETRY_MS = 10_000;
type WriteBack = NonNullable<Hold['writeBack']>;

interface Reporter {
  app: Application;
  state: AppState;
  context: PassContext;
}

/** Pushes what is due; failures show in the status and are tried again. Returns when more is due, in milliseconds since the epoch. */
export async function reportToGit(
  app: Application,
  state: AppState,
  seen: { promoted: readonly RolloutSet[]; returns: readonly Return[] },
  context: PassContext,
): Promise<number | undefined> {
  const reporter = { app, state, context };
  let dueAt: number | undefined;
  try {
    dueAt = await writeBack(reporter);
    await writeNotes(seen, reporter);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    state.problems.writeBack = `${NOTES_FAILED}: ${error.message}`;
    retryLater(reporter);
  }
  return dueAt;
}

function retryLater({ state, context }: Reporter): void {
  state.nextPollAt = Math.min(state.nextPollAt, context.clock.now() + RETRY_MS);
}

async function writeBack(reporter: Reporter): Promise<number | undefined> {
  const { app, state, context } = reporter;
  const { rendered } = state;
  if (!rendered || state.failure) return undefined;
  const plan = dueWriteBacks({
    holds: state.status.holds ?? [],
    snapshots: state.snapshots,
    head: { commit: rendered.commit.oid, desired: rendered.desired, files: rendered.files },
    sourcePath: app.spec.source.path ?? '',
    undecided: (commit) => declaredRollouts(state, context).some((rollout) => isUndecided(rollout, commit)),
    now: context.clock.now(),
  });
  for (const { hold, writeBack: result } of plan.settled) settle([hold], result, reporter);
  // Others are built anew on the head that the first one makes.
  if (plan.pushes[0]) await push(plan.pushes[0], rendered.commit.oid, reporter);
  return plan.dueAt;
}

function declaredRollouts({ rendered }: AppState, { rollouts }: PassContext): Rollout[] {
  return [...(rendered?.sets.values() ?? [])].flatMap(({ rollout: { ref } }) => {
    const rollout = rollouts.get(ref.namespace, ref.name);
    return rollout === undefined ? [] : [rollout];
  });
}

/** It is being released at what the commit declared: it may yet be rejected, too. */
function isUndecided(rollout: Rollout, commit: string): boolean {
  const { metadata, status } = rollout;
  const revision = parseRevision(metadata.annotations?.[ANNOTATIONS.revision]) ?? status?.revision;
  return revision?.commit === commit && status?.abort !== true && !isStable(rollout);
}

async function push(
  { holds, changes }: WriteBackPlan['pushes'][number],
  parent: string,
  reporter: Reporter,
): Promise<void> {
  const { app, state, context } = reporter;
  const reverted = holds.map((hold) => ({ hold, evidence: evidenceFor(hold, context) }));
  const message = revertMessage(reverted, [...changes.keys()]);
  try {
    const mirror = await mirrorOf(app, context);
    const commit = await mirror.commitFiles({ branch: branchOf(app), parent, changes, message, author: authorOf(app) });
    settle(holds, { state: 'Pushed', commit }, reporter);
    state.nextPollAt = context.clock.now();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    if (error instanceof PushRejected) {
      // Read what is there now: it may declare something else, which ends the hold, or the commit is built anew on it.
      state.nextPollAt = Math.min(state.nextPollAt, context.clock.now() + 1_000);
      replace(holds, { state: 'Pending', message: 'the branch has moved; built anew on its new head' }, state);
    } else if (error.kind === 'auth') settle(holds, { state: 'Failed', message: error.message }, reporter);
    else {
      replace(holds, { state: 'Pending', message: error.message }, state);
      state.problems.writeBack = error.message;
      retryLater(reporter);
    }
  }
}

function evidenceFor(hold: Hold, context: PassContext): string {
  const { namespace, name } = hold.rollout;
  const entry = rejectionOf(hold, context.rollouts.get(namespace, name));
  return evidenceOf(runsOf(context.analysisRuns.list(namespace), hold.rollout, entry ?? hold));
}

function replace(holds: readonly Hold[], result: WriteBack, state: AppState): void {
  const all = state.status.holds ?? [];
  state.status = {
    ...state.status,
    holds: all.map((each) => (holds.includes(each) ? { ...each, writeBack: result } : each)),
  };
}

/** Puts on record what became of a write-back, and tells of it. */
function settle(holds: readonly Hold[], result: WriteBack, { app, state, context }: Reporter): void {
  replace(holds, result, state);
  const pushed = result.state === 'Pushed';
  const files = holds
    .map(({ rollout, stable }) => `files of ${rollout.name} as of ${shortCommit(stable?.commit ?? '')}`)
    .join(', ');
  const names = holds.map(({ rollout }) => rollout.name).join(', ');
  state.problems.writeBack = pushed ? undefined : `${names}: ${result.message ?? 'failed'}`;
  context.metrics?.writeBack?.(state.key, pushed ? 'Pushed' : 'Failed');
  context.events.emit(app, {
    type: pushed ? 'Normal' : 'Warning',
    reason: pushed ? 'Reverted' : 'WriteBackFailed',
    message: pushed
      ? `pushed ${shortCommit(result.commit ?? '')}: ${files}`
      : `cannot restore the ${files}: ${result.message}`,
  });
}

/** Notes that follow from what is on record and are not written yet, as far as this process and the status know. */
function unwritten(seen: { promoted: readonly RolloutSet[]; returns: readonly Return[] }, reporter: Reporter): Note[] {
  const { app, state, context } = reporter;
  const known = new Set([...(state.status.notes ?? []).map((note) => noteKey(note)), ...state.noted]);
  const notes = dueNotes({
    app: `${app.metadata.namespace ?? ''}/${app.metadata.name}`,
    repoURL: app.spec.source.repoURL,
    rollouts: declaredRollouts(state, context),
    promoted: new Set(seen.promoted.map(({ rollout: { ref } }) => `${ref.namespace ?? ''}/${ref.name}`)),
    runs: (namespace) => context.analysisRuns.list(namespace),
    head: state.rendered?.commit,
    holds: state.status.holds ?? [],
    returns: seen.returns,
    now: toTime(context.clock.now()),
  });
  return notes.filter((note) => !known.has(noteKey(note)));
}

async function writeNotes(
  seen: { promoted: readonly RolloutSet[]; returns: readonly Return[] },
  reporter: Reporter,
): Promise<void> {
  const { app, state, context } = reporter;
  if (app.spec.writeBack?.notes === false) return;
  for (const note of unwritten(seen, reporter)) state.pendingNotes.set(noteKey(note), note);
  const due = [...state.pendingNotes.values()];
  if (due.length === 0) return;
  const mirror = await mirrorOf(app, context);
  const texts = await merged(due, mirror);
  if (texts.size > 0) await mirror.addNotes(texts, authorOf(app));
  for (const note of due) state.noted.add(noteKey(note));
  state.pendingNotes.clear();
  if (state.problems.writeBack?.startsWith(NOTES_FAILED)) state.problems.writeBack = undefined;
  const ids = due.map(({ commit, rollout, outcome, attempt }): NonNullable<ApplicationStatus['notes']>[number] => ({
    commit,
    rollout,
    outcome,
    ...(attempt === undefined ? {} : { attempt }),
  }));
  state.status = { ...state.status, notes: [...(state.status.notes ?? []), ...ids].slice(-MAX_NOTES) };
}

/** The full text of each commit's note that changes: what it said before, and the new sections. */
async function merged(due: readonly Note[], mirror: GitMirror): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const note of due) {
    const before = texts.get(note.commit) ?? (await mirror.readNote(note.commit)) ?? '';
    const after = withSection(before, note);
    if (after !== before) texts.set(note.commit, after);
  }
  return texts;
}
