// Records as people read them: one line for a release in a list, and a few for one that is looked at. What others wrote cannot steer the
// terminal.
import type { RecordedMetric, ReleaseRecord } from '../api/release-record.ts';
import { shortCommit } from '../api/revision.ts';
import { timeOf } from './collect.ts';
import { oneLine, plainText } from './text.ts';
import { shownTime } from './zone.ts';

const MAX_SUBJECT = 50;
const MAX_REASON = 80;
const MAX_VALUES = 5;

/** `1h 5m`, `41s`; undefined where it is not known how long it took. */
export function lengthOf(from: string | undefined, to: string | undefined): string | undefined {
  const [begin, end] = [timeOf(from), timeOf(to)];
  if (begin === undefined || end === undefined || end < begin) return undefined;
  const seconds = Math.round((end - begin) / 1000);
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days}d ${hours}h`;
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${seconds % 60}s` : `${seconds}s`;
}

const HEADER = ['WHEN', 'ROLLOUT', 'COMMIT', 'OUTCOME', 'TOOK', 'AUTHOR', 'SUBJECT', 'REASON'];

/** One line for each, in the order given; `now` is for what is under way. Milliseconds since the epoch. */
export function tableOf(records: readonly ReleaseRecord[], zone: string, now: number): string[] {
  const rows = records.map((record) => {
    const { rollout, revision, outcome, reason, startedAt, endedAt } = record;
    const at = timeOf(endedAt ?? startedAt);
    return [
      at === undefined ? '-' : shownTime(at, zone),
      `${rollout.namespace}/${rollout.name}`,
      shortCommit(revision.commit),
      outcome ?? underWay(record),
      lengthOf(startedAt, endedAt ?? new Date(now).toISOString()) ?? '',
      oneLine(revision.author ?? '', 24),
      oneLine(revision.subject ?? '', MAX_SUBJECT),
      oneLine(reason ?? '', MAX_REASON),
    ].map((cell) => plainText(cell === '' ? '-' : cell));
  });
  return columns([HEADER, ...rows]);
}

function underWay({ weights }: ReleaseRecord): string {
  const weight = weights.at(-1)?.weight;
  return weight === undefined ? 'UnderWay' : `UnderWay ${weight}%`;
}

/** As wide as they have to be; the last one ends its line. */
function columns(rows: readonly string[][]): string[] {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, at) => Math.max(most[at] ?? 0, cell.length)), []);
  return rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** Who had a part in the commit, as far as it says. */
export function peopleOf({ revision }: Pick<ReleaseRecord, 'revision'>): string | undefined {
  const { author, committer, people = {} } = revision;
  const parts = [
    ...(author === undefined ? [] : [`written by ${author}`]),
    ...(committer === undefined ? [] : [`committed by ${committer}`]),
    ...named('with', people.coAuthors),
    ...named('reviewed by', people.reviewedBy),
    ...named('signed off by', people.signedOffBy),
  ];
  return parts.length === 0 ? undefined : plainText(parts.join(', '));
}

const named = (did: string, names: readonly string[] | undefined): string[] =>
  names === undefined || names.length === 0 ? [] : [`${did} ${names.join(' and ')}`];

/** The commit of the code that came with it. */
export function codeOf({ revision: { code } }: Pick<ReleaseRecord, 'revision'>): string | undefined {
  if (code === undefined) return undefined;
  const { commit, subject, author, repo } = code;
  const what = subject === undefined ? '' : ` ${oneLine(subject, MAX_SUBJECT)}`;
  const by = author === undefined ? '' : `, by ${author}`;
  return plainText(`${shortCommit(commit)}${what}${by}${repo === undefined ? '' : `, of ${repo}`}`);
}

/** Each command with who gave it, as far as a field manager tells. */
export const commandsOf = ({ commands }: ReleaseRecord, zone: string): string[] =>
  commands.map(({ verb, value, at, by }) => {
    const what = value === 'true' ? verb : `${verb} ${value}`;
    const time = timeOf(at);
    const when = time === undefined ? '' : ` at ${shownTime(time, zone)}`;
    return plainText(`${what}${when}, ${by === undefined ? 'by whom is not known' : `set by field manager ${by}`}`);
  });

/** What each metric said, in numbers. */
export const analysisOf = ({ runs }: ReleaseRecord): string[] =>
  runs.flatMap(({ name, metrics }) => metrics.map((metric) => plainText(`${name}: ${metricText(metric)}`)));

function metricText(metric: RecordedMetric): string {
  const { name, phase, good, bad, looks } = metric;
  const condition = good === undefined ? bad && `bad when ${bad}` : `good when ${good}`;
  const limit = condition === undefined ? '' : `, ${condition}`;
  const values = looks.flatMap(({ value }) => (value === undefined ? [] : [value])).slice(-MAX_VALUES);
  const last = values.length === 0 ? '' : `; last measured ${values.join(', ')}`;
  return `${name} ${phase}: ${countsOf(metric)}${limit}${last}`;
}

function countsOf({ successful = 0, failed = 0, inconclusive = 0, error = 0 }: RecordedMetric): string {
  const rare = [
    ...(inconclusive > 0 ? [`${inconclusive} inconclusive`] : []),
    ...(error > 0 ? [`${error} without an answer`] : []),
  ];
  return [`${successful} good`, `${failed} bad`, ...rare].join(', ');
}
