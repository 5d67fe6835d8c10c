// Notes that follow from what is on record, in the status of a Rollout and in a commit's trailers: so that none is lost with the
// process that should have written it.
import type { AnalysisRun } from '../../api/analysis.ts';
import type { ApplicationStatus } from '../../api/application.ts';
import type { HistoryEntry, Rollout } from '../../api/rollout.ts';
import type { Commit } from '../../git/types.ts';
import { evidenceOf, runsOf, type NoteInput } from './evidence.ts';

export type DueNote = [NonNullable<ApplicationStatus['notes']>[number], NoteInput];

export interface Past {
  /** `namespace/name` of the Application. */
  app: string;
  repoURL: string;
  rollout: Rollout;
  /** Runs in the namespace of the Rollout. */
  runs: readonly AnalysisRun[];
}

/** One note for each promotion and abort in the history of a Rollout. */
export function historyNotes(past: Past): DueNote[] {
  return (past.rollout.status?.history ?? []).flatMap((entry) => {
    const { outcome, revision, reason, at } = entry;
    if (revision?.repo !== past.repoURL || (outcome !== 'Promoted' && outcome !== 'Aborted')) return [];
    const evidence = evidenceFor(past, entry);
    const note = { app: past.app, rollout: nameOf(past), outcome, at, evidence };
    return [due(revision.commit, outcome === 'Aborted' && reason !== undefined ? { ...note, reason } : note)];
  });
}

/** The note of a commit that says of itself that it restores a Rollout; empty for any other. */
export function restoredNote(past: Past, commit: Commit): DueNote[] {
  const trailer = (name: string): string | undefined =>
    new RegExp(`^Sluice-${name}: (.+)$`, 'm').exec(commit.message)?.[1]?.trim();
  const [rejected, restored, reason] = [trailer('Rejected'), trailer('Restored'), trailer('Reason')];
  if (trailer('Rollout') !== nameOf(past) || rejected === undefined || restored === undefined) return [];
  const entry = past.rollout.status?.history?.findLast(({ revision }) => revision?.commit === rejected);
  return [
    due(commit.oid, {
      app: past.app,
      rollout: nameOf(past),
      outcome: 'Restored',
      at: commit.date,
      ...(reason === undefined ? {} : { reason }),
      related: { Rejected: rejected, 'Went back to': restored },
      evidence: entry === undefined ? '' : evidenceFor(past, entry),
    }),
  ];
}

const nameOf = ({ rollout: { metadata } }: Past): string => `${metadata.namespace ?? ''}/${metadata.name}`;

function evidenceFor({ rollout: { metadata }, runs }: Past, { podHash }: HistoryEntry): string {
  return evidenceOf(runsOf(runs, { namespace: metadata.namespace ?? '', name: metadata.name }, podHash));
}

const due = (commit: string, note: NoteInput): DueNote => [
  { commit, rollout: note.rollout, outcome: note.outcome },
  note,
];
