// All that the notes of a repository say of releases, each once, newest first.
import type { ReleaseRecord } from '../api/release-record.ts';
import { readNote } from './read-note.ts';

export interface Ledger {
  /** Newest first. */
  records: ReleaseRecord[];
  unreadable: number;
  later: number;
  /** Notes that are too large to be read. */
  skipped: number;
}

/** Of notes by commit; `skipped` of them could not be read. */
export function ledgerOf(notes: ReadonlyMap<string, string>, skipped = 0): Ledger {
  const readings = [...notes].map(([commit, text]) => readNote(commit, text));
  const records = new Map(readings.flatMap(({ records: all }) => all).map((record) => [identityOf(record), record]));
  const sum = (of: 'unreadable' | 'later'): number => readings.reduce((all, reading) => all + reading[of], 0);
  return {
    records: [...records.values()].sort(newestFirst),
    unreadable: sum('unreadable'),
    later: sum('later'),
    skipped,
  };
}

/** What is not told for want of understanding it; empty: nothing. */
export function caveatsOf({ unreadable, later, skipped }: Omit<Ledger, 'records'>): string[] {
  return [
    ...(unreadable > 0
      ? [`${counted(unreadable, 'record')} in the notes cannot be read, and ${are(unreadable)} left out`]
      : []),
    ...(later > 0
      ? [
          `${counted(later, 'record')} ${are(later)} of a later version of Sluice, and left out: use that version to read them`,
        ]
      : []),
    ...(skipped > 0 ? [`${counted(skipped, 'note')} ${are(skipped)} too large to be read, and left out`] : []),
  ];
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const are = (count: number): string => (count === 1 ? 'is' : 'are');

/** One release of one Rollout, or one commit that restored it, in one cluster. */
const identityOf = ({ application, rollout, attempt, revision, outcome }: ReleaseRecord): string =>
  JSON.stringify([application, rollout, attempt, revision.commit, outcome]);

const newestFirst = (a: ReleaseRecord, b: ReleaseRecord): number => endOf(b) - endOf(a);

/** Milliseconds since the epoch; what is under way ends last, what does not say when, first. */
const endOf = ({ endedAt, outcome }: ReleaseRecord): number => {
  if (outcome === undefined) return Infinity;
  return timeOf(endedAt) ?? -Infinity;
};

/** Milliseconds since the epoch; undefined where there is no time. */
export function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Where the records are of Rollouts of this name: `namespace/name`, each once. */
export const placesOf = (records: readonly ReleaseRecord[], name: string): string[] =>
  [...new Set(records.filter(({ rollout }) => rollout.name === name).map(({ rollout }) => rollout.namespace))].sort();

/** The records by whose they are: one Application of one cluster each, newest first. Records that do not tell the cluster go with any. */
export function byApplication(records: readonly ReleaseRecord[]): ReleaseRecord[][] {
  const nameOf = ({ application }: ReleaseRecord): string =>
    application === undefined ? '' : `${application.namespace}/${application.name}`;
  const clusters = new Map<string, Set<string>>();
  for (const record of records) {
    const known = clusters.get(nameOf(record)) ?? new Set<string>();
    clusters.set(nameOf(record), known);
    const uid = record.application?.uid;
    if (uid !== undefined) known.add(uid);
  }
  return [...clusters].flatMap(([name, uids]) => {
    const own = records.filter((record) => nameOf(record) === name);
    if (uids.size <= 1) return [own];
    return [...uids].map((uid) => own.filter(({ application }) => (application?.uid ?? uid) === uid));
  });
}
