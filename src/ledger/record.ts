// The record of a release, composed of what the cluster knows: the status of the Rollout, its AnalysisRuns, and the hold of its Application.
// Pure: the same sources give the same record, whether it is shown while the release runs or written into Git's notes at its end.
import type { AnalysisRun } from '../api/analysis.ts';
import type { Hold } from '../api/application.ts';
import { present } from '../api/json.ts';
import type { ReleaseRecord } from '../api/release-record.ts';
import { RECORD_LIMITS, RECORD_VERSION } from '../api/release-record.ts';
import type { RevisionRef } from '../api/revision.ts';
import type { HistoryEntry, Rollout } from '../api/rollout.ts';
import { recordedRuns, type Room } from './recorded-runs.ts';
import { oneLine } from './text.ts';

type Told = 'podHash' | 'attempt' | 'startedAt' | 'weights' | 'command' | 'earlierCommands' | 'reason';

/** What is told of a release: an entry of the history, or the one under way. */
export type ReleaseFacts = { [K in Told]?: HistoryEntry[K] | undefined } & {
  revision: RevisionRef;
  /** Undefined: it is under way. */
  outcome?: string | undefined;
  endedAt?: string | undefined;
};

export interface RecordSources {
  rollout: { namespace: string; name: string };
  /** As it is now; undefined where it is gone. */
  live?: Pick<Rollout, 'metadata' | 'status'> | undefined;
  application?: { namespace: string; name: string; uid?: string | undefined } | undefined;
  release: ReleaseFacts;
  /** Of this release, oldest first. */
  runs: readonly AnalysisRun[];
  section?: string | undefined;
  /** Commits. */
  wentBackTo?: string | undefined;
  rejected?: string | undefined;
  writeBack?: Hold['writeBack'];
}

/** Takes out of a text what is secret. */
type Clean = (text: string) => string;

/** Room for what was measured, wide first; the next is taken where a record would be too long. */
const ROOMS: readonly Room[] = [
  { runs: RECORD_LIMITS.runs, metrics: RECORD_LIMITS.metrics, looks: RECORD_LIMITS.looks, query: RECORD_LIMITS.query },
  { runs: RECORD_LIMITS.runs, metrics: RECORD_LIMITS.metrics, looks: 5, query: 512 },
  { runs: 8, metrics: 8, looks: 1, query: 256 },
  { runs: 4, metrics: 4, looks: 0, query: 0 },
  { runs: 0, metrics: 0, looks: 0, query: 0 },
];

/** The record of a release. `clean` takes secrets out of every text that others wrote, before it is cut. */
export function recordOf(sources: RecordSources, clean: Clean = (text) => text): ReleaseRecord {
  const said = (text: string, most: number): string => oneLine(clean(text), most);
  const about = aboutOf(sources, said);
  const { observations, left } = observationsOf(sources, said);
  for (const room of ROOMS) {
    const { runs, omitted } = recordedRuns(sources.runs, room, said);
    const all = present({ ...omitted, observations: left === 0 ? undefined : left });
    const record = { ...about, observations, runs, ...(Object.keys(all).length === 0 ? {} : { omitted: all }) };
    if (JSON.stringify(record).length <= RECORD_LIMITS.record) return record;
  }
  const runs = sources.runs.length;
  return { ...about, observations: [], runs: [], omitted: { runs, observations: observations.length + left } };
}

type Said = (text: string, most: number) => string;

const { short, text, weights: MAX_WEIGHTS, commands: MAX_COMMANDS } = RECORD_LIMITS;

/** All but what was measured and observed. The first fields tell it from every other record. */
function aboutOf(sources: RecordSources, said: Said): Omit<ReleaseRecord, 'observations' | 'runs' | 'omitted'> {
  const { rollout, live, application, release, section, wentBackTo, rejected, writeBack } = sources;
  const { attempt, podHash, outcome, reason, startedAt, endedAt, weights = [] } = release;
  const uid = live?.metadata.uid;
  return {
    version: RECORD_VERSION,
    ...present({ section }),
    ...(application === undefined ? {} : { application: { ...application } }),
    rollout: { ...rollout, ...present({ uid }) },
    ...present({ attempt, podHash }),
    revision: revisionOf(release.revision, said),
    ...present({ outcome, reason: reason === undefined ? undefined : said(reason, text), startedAt, endedAt }),
    weights: weights.slice(-MAX_WEIGHTS),
    commands: commandsOf(release, said),
    ...present({ wentBackTo, rejected, writeBack: writeBackOf(writeBack) }),
  };
}

/** Of what a commit says of itself as much as is of use. */
function revisionOf({ short: _short, ...revision }: RevisionRef, said: Said): RevisionRef {
  const cut = (value: string | undefined): string | undefined => value && said(value, short);
  const { author, committer, subject } = revision;
  return { ...revision, ...present({ author: cut(author), committer: cut(committer), subject: cut(subject) }) };
}

function commandsOf({ earlierCommands = [], command }: ReleaseFacts, said: Said): ReleaseRecord['commands'] {
  const all = [...earlierCommands, ...(command === undefined ? [] : [command])];
  return all.slice(-MAX_COMMANDS).map(({ verb, value, at, by }) => ({
    verb,
    value: said(value, short),
    at,
    ...(by === undefined ? {} : { by: said(by, 128) }),
  }));
}

function writeBackOf(writeBack: Hold['writeBack']): ReleaseRecord['writeBack'] {
  if (writeBack === undefined) return undefined;
  const { state, commit, url } = writeBack;
  return { state, ...present({ commit, url }) };
}

/** Conditions that say in other words what the record does. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['Completed', 'Healthy', 'Paused']);
/** Good while they are true; of all others it is worth telling that they are. */
const GOOD: ReadonlySet<string> = new Set(['Available', 'Progressing']);

/** Conditions that changed while the release ran and have been so since. */
function observationsOf(
  { live, release: { startedAt, endedAt } }: RecordSources,
  said: Said,
): { observations: ReleaseRecord['observations']; left: number } {
  const all = (live?.status?.conditions ?? []).filter(
    ({ type, status, lastTransitionTime: at }) =>
      !TOLD_ELSEWHERE.has(type) &&
      (status === 'True') !== GOOD.has(type) &&
      startedAt !== undefined &&
      at >= startedAt &&
      (endedAt === undefined || at <= endedAt),
  );
  const kept = all.slice(0, RECORD_LIMITS.observations);
  const observations = kept.map(({ type, reason, message, lastTransitionTime: at }) => {
    return { at, type: said(type, 128), reason: said(reason, 128), message: said(message, short) };
  });
  return { observations, left: all.length - kept.length };
}
