// What Git is to be told: commits that restore stable revisions' files, and notes on what became of commits. Nothing in the cluster waits
// for it. Pure.
import { revisionOf, type Application, type ApplicationStatus, type Hold, type Return } from '../../api/application.ts';
import { qualifiedName } from '../../api/object-key.ts';
import type { Rollout } from '../../api/rollout.ts';
import { runsOf } from '../../ledger/runs-of.ts';
import { toTime } from '../../ports/clock.ts';
import type { AgentIntent } from '../intents.ts';
import { holdKey, isPromoted, type EndReason } from '../revert/hold.ts';
import { dueWriteBacks, type WriteBackHead, type WriteBackPlan } from '../revert/write-back-plan.ts';
import type { Declared, Seen } from '../seen.ts';
import { evidenceOf } from './evidence.ts';
import { dueNotes, noteKey, recordOfNote, rejectionOf, type Note, type NotesInput } from './notes.ts';
import { decideLooks, isStale, forgeProblem, obstacleTo, proposeIntent, proposes } from './proposal.ts';
import { revertMessage } from './revert-message.ts';
import { decideWithdrawals, unwanted } from './withdrawal.ts';

export interface ReportDecision {
  /** With what has become of their write-backs. */
  holds: Hold[];
  intents: AgentIntent[];
  /** Outcomes that are kept as notes; undefined leaves what is on record. */
  notes: ApplicationStatus['notes'];
  /** Pull requests that are to be closed. */
  withdrawals: NonNullable<ApplicationStatus['withdrawals']>;
  problem: string | undefined;
  dueAt: number | undefined;
}

type WriteBack = NonNullable<Hold['writeBack']>;

/** Notes that are remembered in a status. */
const MAX_NOTES = 32;

/** Names a hold among those of its Rollout. */
export const holdId = (hold: Hold): string => `${holdKey(hold)} ${hold.since}`;

export interface ReportInput {
  seen: Seen;
  accepted: Declared | undefined;
  holds: readonly Hold[];
  returns: readonly Return[];
  /** Holds that have ended, and why. */
  ended: readonly { hold: Hold; why: EndReason }[];
}

export function decideReports({ seen, accepted, holds: all, returns, ended }: ReportInput): ReportDecision {
  const { memory, now } = seen;
  const known = all.map((hold) => withResult(hold, memory.writeBacks.get(holdId(hold))));
  const plan = planWriteBacks(seen, accepted, known);
  const results = new Map(plan?.settled.map(({ hold, writeBack }) => [holdId(hold), writeBack]));
  const holds = known.map((hold) => withResult(hold, results.get(holdId(hold))));
  const notes = notesDue({ seen, accepted, holds, returns });
  const left = ended.map(({ hold, why }) => ({ hold: withResult(hold, memory.writeBacks.get(holdId(hold))), why }));
  const withdrawals = unwanted(seen, holds, left);
  const closing = decideWithdrawals(withdrawals, memory.forge, now);
  const waits = now < memory.reportRetryAt;
  const writing = proposes(seen.app) ? proposing(seen, accepted, plan) : pushing(seen, accepted, plan);
  const looks = decideLooks(holds, memory.forge, now);
  return {
    holds,
    intents: [...closing.intents, ...writing.intents, ...(waits ? [] : noteIntents(notes.due)), ...looks.intents],
    notes: notes.recorded,
    withdrawals,
    problem:
      problemOf(holds, memory) ?? withdrawals.map(({ url }) => memory.forge.withdrawn.get(url)?.problem).find(Boolean),
    dueAt: earliest(closing.dueAt, waits ? memory.reportRetryAt : undefined, writing.dueAt, looks.dueAt),
  };
}

/** Why Git could not be told. */
function problemOf(holds: readonly Hold[], { reportProblem, forge }: Seen['memory']): string | undefined {
  const failed = holds.find(({ writeBack }) => writeBack?.state === 'Failed');
  const failure = failed && `${failed.rollout.name}: ${failed.writeBack?.message ?? 'failed'}`;
  return reportProblem ?? forgeProblem(holds, forge) ?? failure;
}

const withResult = (hold: Hold, writeBack: WriteBack | undefined): Hold =>
  writeBack === undefined ? hold : { ...hold, writeBack };

/** Only on the head of the branch, and where that is what is in force. */
function planWriteBacks(seen: Seen, accepted: Declared | undefined, holds: readonly Hold[]): WriteBackPlan | undefined {
  const { source, app, now, snapshots } = seen;
  if (!accepted || accepted !== source.newest || source.failure) return undefined;
  if (accepted.branch === undefined) return { pushes: [], settled: withoutBranch(holds, app), dueAt: undefined };
  return dueWriteBacks({
    holds,
    snapshots,
    head: headOf(accepted, seen),
    sourcePath: app.spec.source.path ?? '',
    proposes: proposes(app),
    isStale: (hold) => isStale(hold, accepted.commit.oid, seen.memory.forge),
    undecided: (commit) => declaredRollouts(seen, accepted).some((rollout) => isUndecided(rollout, commit)),
    now,
  });
}

const headOf = (accepted: Declared, { source }: Seen): WriteBackHead => ({
  commit: accepted.commit.oid,
  desired: accepted.desired,
  files: accepted.files,
  rendered: accepted.rendered?.tool,
  filesAt: (commit) => source.earlier(commit)?.files,
});

function withoutBranch(holds: readonly Hold[], app: Application): WriteBackPlan['settled'] {
  const pending = holds.filter(({ writeBack }) => writeBack?.state === 'Pending');
  return pending.map((hold) => ({ hold, writeBack: { state: 'Disabled', message: noBranchText(app) } }));
}

/** For a person: why nothing is pushed. */
export const noBranchText = (app: Application): string =>
  `targetRevision ${revisionOf(app)} is no branch, and a revert can be pushed to a branch only: name one, or set writeBack.onAbort: None`;

function declaredRollouts(seen: Seen, accepted: Declared | undefined): Rollout[] {
  return [...(accepted?.sets.values() ?? [])].flatMap(
    ({ rollout: { ref } }) => seen.rollout(ref.namespace, ref.name) ?? [],
  );
}

/** It is being released at what the commit declared: it may yet be rejected, too. */
const isUndecided = ({ status }: Rollout, commit: string): boolean =>
  status?.revision?.commit === commit && status.abort !== true && status.currentPodHash !== status.stableRS;

interface Writing {
  intents: AgentIntent[];
  /** Milliseconds since the epoch. */
  dueAt: number | undefined;
}

/** Others are built anew on the head that the first one makes. */
function pushing(seen: Seen, accepted: Declared | undefined, plan: WriteBackPlan | undefined): Writing {
  const push = plan?.pushes[0];
  if (!push || accepted?.branch === undefined || seen.now < seen.memory.reportRetryAt)
    return { intents: [], dueAt: plan?.dueAt };
  const { holds, changes } = push;
  const { branch, commit } = accepted;
  const message = messageFor(push, seen);
  return { intents: [{ do: 'Push', branch, parent: commit.oid, message, changes, holds }], dueAt: plan.dueAt };
}

/** One exchange with the forge at a time. */
function proposing(seen: Seen, accepted: Declared | undefined, plan: WriteBackPlan | undefined): Writing {
  const { app, now } = seen;
  const { busy, retryAt } = seen.memory.forge;
  const push = plan?.pushes[0];
  if (!push || accepted?.branch === undefined || busy || obstacleTo(app) !== undefined)
    return { intents: [], dueAt: plan?.dueAt };
  if (now < retryAt) return { intents: [], dueAt: earliest(retryAt, plan.dueAt) };
  const { branch: base, commit } = accepted;
  const intent = proposeIntent({ app, base, parent: commit.oid, push, message: messageFor(push, seen) });
  return { intents: [intent], dueAt: plan.dueAt };
}

function messageFor({ holds, changes }: WriteBackPlan['pushes'][number], seen: Seen): string {
  const reverted = holds.map((hold) => ({ hold, evidence: evidenceFor(hold, seen) }));
  return seen.clean(revertMessage(reverted, [...changes.keys()]));
}

function earliest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function evidenceFor(hold: Hold, seen: Seen): string {
  const { namespace, name } = hold.rollout;
  const entry = rejectionOf(hold, seen.rollout(namespace, name));
  return seen.clean(evidenceOf(runsOf(seen.runs(namespace), hold.rollout, entry ?? hold)));
}

/** Notes that follow from what is on record: those to be written, and what is on record as written. */
function notesDue({ seen, accepted, holds, returns }: Omit<ReportInput, 'ended'>): {
  due: Note[];
  recorded: ApplicationStatus['notes'];
} {
  const { app, memory, status } = seen;
  const known = new Set((status.notes ?? []).map((note) => noteKey(note)));
  const before = (status.notes ?? []).filter((note) => !memory.noted.has(noteKey(note)));
  const recorded = [...before, ...memory.noted.values()];
  if (app.spec.writeBack?.notes === false || !accepted) return { due: [], recorded: status.notes };
  const promoted = [...accepted.sets.values()].flatMap((set) => {
    const live = seen.rollout(set.rollout.ref.namespace, set.rollout.ref.name);
    const isKept = seen.snapshots.get(set.key)?.contentHash === set.hash;
    return live && isKept && isPromoted(live, set) ? [qualifiedName(live.metadata)] : [];
  });
  const input: NotesInput = {
    app: qualifiedName(app.metadata),
    uid: app.metadata.uid,
    repoURL: app.spec.source.repoURL,
    rollouts: declaredRollouts(seen, accepted),
    promoted: new Set(promoted),
    runs: (namespace) => seen.runs(namespace),
    head: accepted.commit,
    holds,
    returns,
    now: toTime(seen.now),
  };
  const fresh = dueNotes(input).filter((note) => !known.has(noteKey(note)) && !memory.noted.has(noteKey(note)));
  return {
    due: fresh.map((note) => ({
      ...cleanNote(note, seen),
      record: recordOfNote(note, input, (text) => seen.clean(text)),
    })),
    recorded: recorded.length === 0 ? status.notes : recorded.slice(-MAX_NOTES),
  };
}

function cleanNote(note: Note, { clean }: Pick<Seen, 'clean'>): Note {
  const { command, reason, evidence } = note;
  return {
    ...note,
    ...(command === undefined ? {} : { command: cleanCommand(command, clean) }),
    reason: reason === undefined ? undefined : clean(reason),
    evidence: clean(evidence),
  };
}

function cleanCommand(command: NonNullable<Note['command']>, clean: Seen['clean']): Note['command'] {
  const { value, by } = command;
  return { ...command, value: clean(value), ...(by === undefined ? {} : { by: clean(by) }) };
}

const noteIntents = (notes: Note[]): AgentIntent[] => (notes.length === 0 ? [] : [{ do: 'Note', notes }]);
