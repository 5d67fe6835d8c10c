// Notes: what became of a commit, so that Git alone can tell what served when, at which weight, who let it, and on what evidence. All of
// them follow from what is on record, in the statuses of Rollouts, in holds and in the trailers of commits, so that none is lost.
import type { AnalysisRun } from '../../api/analysis.ts';
import type { ApplicationStatus, Hold, Return } from '../../api/application.ts';
import { ANNOTATIONS } from '../../api/names.ts';
import { qualifiedName } from '../../api/object-key.ts';
import type { ReleaseRecord } from '../../api/release-record.ts';
import { parseRevision, type RevisionRef } from '../../api/revision.ts';
import type { HistoryEntry, Rollout } from '../../api/rollout.ts';
import type { Commit } from '../../git/types.ts';
import { beginningsOf, recordLine } from '../../ledger/line.ts';
import { recordOf } from '../../ledger/record.ts';
import { runsOf } from '../../ledger/runs-of.ts';
import { oneLine } from '../../ledger/text.ts';
import type { NoteSection } from '../../ports/source-reader.ts';
import { revisionRef } from '../revision.ts';
import { evidenceOf } from './evidence.ts';
import { restorationsIn } from './revert-message.ts';

/** What makes a note news: it is written once. */
export type NoteId = NonNullable<ApplicationStatus['notes']>[number];

export interface Note extends NoteId {
  app: string;
  /** When it came to this, RFC 3339. */
  at: string;
  startedAt?: string | undefined;
  weights?: HistoryEntry['weights'];
  command?: HistoryEntry['command'];
  earlierCommands?: HistoryEntry['earlierCommands'];
  reason?: string | undefined;
  podHash?: string | undefined;
  /** As far as it is known what the commit says of itself. */
  revision?: RevisionRef | undefined;
  /** Other commits it is about, by what they are to this one. */
  related?: Record<string, string>;
  evidence: string;
  /** For machines. */
  record?: ReleaseRecord;
}

export interface NotesInput {
  /** `namespace/name` of the Application. */
  app: string;
  /** Of the Application. */
  uid?: string | undefined;
  repoURL: string;
  /** Those that the head declares. */
  rollouts: readonly Rollout[];
  /** Keys (`namespace/name`) of the Rollouts whose declared revision is the stable one. */
  promoted: ReadonlySet<string>;
  /** Runs in the namespace of a Rollout. */
  runs(namespace: string | undefined): readonly AnalysisRun[];
  head?: Commit | undefined;
  holds: readonly Hold[];
  /** In force, or ended in this pass. */
  returns: readonly Return[];
  /** RFC 3339. */
  now: string;
}

export const noteKey = ({ commit, rollout, outcome, attempt }: NoteId): string =>
  [commit, rollout, outcome, ...(attempt === undefined ? [] : [attempt])].join(' ');

/** All notes that follow from what is on record, whether they are written or not. */
export function dueNotes(input: NotesInput): Note[] {
  const all = [
    ...input.rollouts.flatMap((rollout) => [...historyNotes(rollout, input), ...unrecordedNotes(rollout, input)]),
    ...restoredNotes(input),
    ...input.holds.flatMap((hold) => holdNotes(hold, input)),
  ];
  return [...new Map(all.map((note) => [noteKey(note), note])).values()];
}

const nameOf = ({ metadata }: Rollout): string => qualifiedName(metadata);

/** One for each release that ended, whichever way. */
function historyNotes(rollout: Rollout, input: NotesInput): Note[] {
  const name = nameOf(rollout);
  return (rollout.status?.history ?? []).flatMap((entry) => {
    const { revision, at, startedAt, weights, command, earlierCommands, attempt, reason, podHash } = entry;
    if (revision?.repo !== input.repoURL) return [];
    const isBack = entry.outcome === 'Promoted' && cameBack(name, entry, input.returns);
    return [
      {
        commit: revision.commit,
        rollout: name,
        outcome: isBack ? 'Restored' : entry.outcome,
        ...(attempt === undefined ? {} : { attempt }),
        app: input.app,
        at,
        startedAt,
        weights,
        command,
        ...(earlierCommands === undefined ? {} : { earlierCommands }),
        podHash,
        revision,
        ...wentBack(rollout, entry, input.holds),
        reason: isBack ? 'the Rollout was lost; it came back at its stable revision' : reason,
        evidence: evidenceFor(rollout, entry, input),
      },
    ];
  });
}

/** Where the Rollout went from a revision that was rejected, while that is on record. */
function wentBack(rollout: Rollout, entry: HistoryEntry, holds: readonly Hold[]): Pick<Note, 'related'> {
  const { namespace, name } = rollout.metadata;
  const own = holds.find((hold) => hold.rollout.namespace === namespace && hold.rollout.name === name);
  const stable = own && rejectionOf(own, rollout) === entry ? own.stable : undefined;
  return stable === undefined ? {} : { related: { 'Went back to': stable.commit } };
}

function cameBack(name: string, { revision, at }: HistoryEntry, returns: readonly Return[]): boolean {
  return returns.some(
    ({ rollout, stable, since }) =>
      `${rollout.namespace}/${rollout.name}` === name && stable.commit === revision?.commit && at >= since,
  );
}

/** A promotion that the history does not tell of: of an earlier version, or lost with a status. */
function unrecordedNotes(rollout: Rollout, input: NotesInput): Note[] {
  const { status, metadata } = rollout;
  const name = nameOf(rollout);
  const revision = parseRevision(metadata.annotations?.[ANNOTATIONS.revision]);
  const isRestoring =
    restorationsOf(input).some((each) => each.rollout === name) && revision?.commit === input.head?.oid;
  if (!input.promoted.has(name) || !revision || tellsOfPromotion(status) || isRestoring) return [];
  const podHash = status?.stableRS;
  const evidence = evidenceFor(rollout, { podHash }, input);
  const { app, now: at } = input;
  return [{ commit: revision.commit, rollout: name, outcome: 'Promoted', app, at, podHash, revision, evidence }];
}

const tellsOfPromotion = (status: Rollout['status']): boolean =>
  status?.history?.some(({ outcome, podHash }) => outcome === 'Promoted' && podHash === status.stableRS) ?? false;

const restorationsOf = ({ head }: NotesInput) => (head === undefined ? [] : restorationsIn(head.message));

/** Of a commit that says of itself that it restores Rollouts. */
function restoredNotes(input: NotesInput): Note[] {
  const { head, rollouts, app } = input;
  if (!head) return [];
  const revision = revisionRef(head, input.repoURL);
  return restorationsOf(input).flatMap(({ rollout: name, rejected, restored, reason }) => {
    const rollout = rollouts.find((each) => nameOf(each) === name);
    if (!rollout) return [];
    // Whoever may commit can write such words: what was never rejected is not restored by them.
    const entry = rollout.status?.history?.findLast(({ revision }) => revision?.commit === rejected);
    if (entry === undefined && !input.holds.some((hold) => hold.rejected.commit === rejected)) return [];
    const related = { Rejected: rejected, 'Went back to': restored };
    const evidence = entry === undefined ? '' : evidenceFor(rollout, entry, input);
    const outcome = 'Restored';
    return [{ commit: head.oid, rollout: name, outcome, app, at: head.date, revision, reason, related, evidence }];
  });
}

/** What a hold knows: the rejection, where the history does not tell of it, and the commit that restored the files. */
function holdNotes(hold: Hold, input: NotesInput): Note[] {
  const name = `${hold.rollout.namespace}/${hold.rollout.name}`;
  const rollout = input.rollouts.find((each) => nameOf(each) === name);
  const entry = rejectionOf(hold, rollout);
  const evidence = evidenceOf(runsOf(input.runs(hold.rollout.namespace), hold.rollout, entry ?? hold));
  const related: Record<string, string> = hold.stable ? { 'Went back to': hold.stable.commit } : {};
  const { podHash } = hold;
  const common = { rollout: name, app: input.app, reason: hold.reason, evidence };
  const notes: Note[] = [];
  if (entry?.revision?.commit !== hold.rejected.commit || entry.revision.repo !== input.repoURL)
    notes.push({
      ...common,
      commit: hold.rejected.commit,
      outcome: 'Aborted',
      at: hold.since,
      podHash,
      revision: hold.rejected,
      related,
    });
  const { state, commit } = hold.writeBack ?? {};
  if (state === 'Pushed' && commit !== undefined) {
    const from = { Rejected: hold.rejected.commit, ...related };
    notes.push({ ...common, commit, outcome: 'Restored', at: input.now, related: from });
  }
  return notes;
}

/** The entry of the history that tells of what is held. */
export const rejectionOf = ({ podHash }: Hold, rollout: Rollout | undefined): HistoryEntry | undefined =>
  rollout?.status?.history?.findLast((entry) => entry.outcome === 'Aborted' && entry.podHash === podHash);

function evidenceFor(
  rollout: Rollout,
  { podHash, attempt }: { podHash?: string | undefined; attempt?: number | undefined },
  input: NotesInput,
): string {
  const { namespace = '', name } = rollout.metadata;
  return evidenceOf(runsOf(input.runs(namespace), { namespace, name }, { podHash, attempt }));
}

/** The same for machines; `clean` takes secrets out of it. */
export function recordOfNote(note: Note, input: NotesInput, clean: (text: string) => string): ReleaseRecord {
  const { commit, at, related = {}, revision = { commit, repo: input.repoURL } } = note;
  const [namespace = '', name = ''] = note.rollout.split('/');
  const [appNamespace = '', appName = ''] = input.app.split('/');
  // Of a commit that restores files it tells, and not of the release that was rejected.
  const podHash = note.outcome === 'Restored' ? undefined : note.podHash;
  return recordOf(
    {
      rollout: { namespace, name },
      live: input.rollouts.find((each) => nameOf(each) === note.rollout),
      application: {
        namespace: appNamespace,
        name: appName,
        ...(input.uid === undefined ? {} : { uid: input.uid }),
      },
      release: { ...note, podHash, revision, endedAt: at },
      runs: podHash === undefined ? [] : runsOf(input.runs(namespace), { namespace, name }, { ...note, podHash }),
      section: noteTitle(note),
      wentBackTo: related['Went back to'],
      rejected: related['Rejected'],
    },
    clean,
  );
}

/** The note as a part of a text of Git's. */
export function sectionOf(note: Note): NoteSection {
  const { record } = note;
  const told = record === undefined ? {} : { told: beginningsOf(record) };
  return { title: noteTitle(note), text: noteText(note), ...told };
}

/** First line of a note's section: the same for the same news, so that it is written once. */
export const noteTitle = ({ outcome, rollout, app, attempt }: Pick<Note, keyof NoteId | 'app'>): string =>
  `${outcome}: Rollout ${rollout} (Application ${app})${attempt === undefined ? '' : `, release ${attempt}`}`;

/** A section of a note, `Key: value` in each line but those of the evidence, which comes last. */
export function noteText(note: Note): string {
  const { command, weights = [], evidence } = note;
  return [
    noteTitle(note),
    ...(note.startedAt === undefined ? [] : [`Began: ${note.startedAt}`]),
    `At: ${note.at}`,
    ...weights.map(({ at, weight }) => `Weight: ${weight} since ${at}`),
    ...(command === undefined ? [] : [commandLine(command)]),
    ...(note.reason === undefined ? [] : [`Reason: ${oneLine(note.reason, 500)}`]),
    ...Object.entries(note.related ?? {}).map(([name, value]) => `${name}: ${oneLine(value, 200)}`),
    ...(evidence === '' ? ['Evidence: nothing was measured'] : ['Evidence:', evidence]),
    ...(note.record === undefined ? [] : [recordLine(note.record)]),
    '',
  ].join('\n');
}

/** The field manager is the name that a client gave itself: evidence, and no proof of who it was. */
function commandLine({ verb, value, at, by }: NonNullable<Note['command']>): string {
  const who = by === undefined ? '' : `, set by field manager ${oneLine(by, 128)}`;
  return `Command: ${verb} ${oneLine(value, 200)} at ${at}${who}`;
}
