// `sluice at`: what served at a moment, who wrote it, who let it and what the analysis said, from Git alone, by its notes.
import { shortCommit } from '../../api/revision.ts';
import type { ReleaseRecord } from '../../api/release-record.ts';
import { byApplication, caveatsOf, placesOf } from '../../ledger/collect.ts';
import { servingAt, type Serving, type Share } from '../../ledger/serving.ts';
import { analysisOf, codeOf, commandsOf, peopleOf } from '../../ledger/tell.ts';
import { whenOf } from '../../ledger/when.ts';
import { shownTime } from '../../ledger/zone.ts';
import { systemClock } from '../../ports/clock.ts';
import { UsageError } from '../usage-error.ts';
import { flagsOf, printed, toStdout, type Print } from './cluster.ts';
import { known, severalPlaces, zoneOption } from './history.ts';
import { meaningOf } from './named.ts';
import { readNotes, type NotedLedger } from './notes-source.ts';

const FLAGS = {
  repo: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  timezone: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export interface AtOptions {
  /** As they were typed. */
  when: string;
  name: string;
  namespace: string | undefined;
  zone: string;
  json: boolean;
}

/** Prints what served. Throws UsageError for a moment or a name that cannot be read; rejects with what is missing where the notes do not tell. */
export function servedAt(
  options: AtOptions,
  ledger: NotedLedger,
  around: { print: Print; clock: { now(): number } },
): void {
  const { zone, json } = options;
  const when = whenOf(options.when, { now: around.clock.now(), zone });
  if (!when.ok) throw new UsageError(when.error);
  const records = recordsOf(options, ledger);
  const answers = byApplication(records).map((own) => ({ own, serving: servingAt(own, when.value) }));
  const told = answers.filter(({ serving: { stable, candidate } }) => stable ?? candidate);
  const caveats = [...staleness(ledger, when.value, zone), ...caveatsOf(ledger)];
  if (told.length === 0) throw new Error([notTold(records, when.value, zone), ...caveats].join('\n'));
  const isOne = told.length === 1;
  const lines = told.flatMap(({ own, serving }) => answer(serving, own, { at: when.value, zone, isOne }));
  const value = {
    at: new Date(when.value).toISOString(),
    answers: told.map(({ own, serving: { stable, candidate } }) => ({
      application: own[0]?.application,
      rollout: own[0]?.rollout,
      stable: stable && asValue(stable),
      candidate: candidate && asValue(candidate),
    })),
    caveats,
  };
  printed(around.print, [...lines, ...caveats], json ? { value } : undefined);
}

const asValue = ({ since, ...share }: Share): object => ({
  ...share,
  since: since === undefined ? undefined : new Date(since).toISOString(),
});

function recordsOf({ name: text, namespace }: AtOptions, ledger: NotedLedger): ReleaseRecord[] {
  const { kind, name } = meaningOf(text);
  if (kind === 'Application') throw new UsageError(`${text}: a Rollout is asked for`);
  const found = ledger.records.filter(
    ({ rollout }) => rollout.name === name && (namespace === undefined || rollout.namespace === namespace),
  );
  const places = placesOf(found, name);
  if (places.length > 1) throw new UsageError(severalPlaces(name, places));
  if (found.length > 0) return found;
  const where = namespace === undefined ? name : `${namespace}/${name}`;
  throw new UsageError(`the notes in ${ledger.from} tell nothing of Rollout ${where}${known(ledger)}`);
}

function notTold(records: readonly ReleaseRecord[], at: number, zone: string): string {
  const times = records
    .flatMap(({ startedAt, endedAt }) => [startedAt ?? endedAt ?? ''])
    .map((time) => Date.parse(time));
  const first = Math.min(...times.filter((time) => !Number.isNaN(time)));
  const since = Number.isFinite(first) ? `: the first release that they tell of began ${shownTime(first, zone)}` : '';
  return `the notes do not tell what served at ${shownTime(at, zone)}${since}`;
}

/** What ended after the notes were written last is in none of them; nor is what had not ended. */
const staleness = ({ writtenAt }: NotedLedger, at: number, zone: string): string[] =>
  at <= writtenAt
    ? []
    : [
        `the notes here were last written ${shownTime(writtenAt, zone)}: what has ended since, or goes on, is not in them`,
      ];

interface Telling {
  at: number;
  zone: string;
  /** The only answer. */
  isOne: boolean;
}

function answer(serving: Serving, own: readonly ReleaseRecord[], { at, zone, isOne }: Telling): string[] {
  const { stable, candidate } = serving;
  return [
    ...own.slice(0, 1).map((record) => `${whose(record, isOne)} at ${shownTime(at, zone)}`),
    ...(stable === undefined ? ['  stable: the notes do not tell'] : shareLines('stable', stable, zone)),
    ...(candidate === undefined ? [] : shareLines('candidate', candidate, zone)),
  ];
}

function whose({ rollout, application: app }: ReleaseRecord, isOne: boolean): string {
  const name = `Rollout ${rollout.namespace}/${rollout.name}`;
  if (app === undefined) return name;
  const uid = isOne || app.uid === undefined ? '' : ` with UID ${app.uid}`;
  return `${name} (Application ${app.namespace}/${app.name}${uid})`;
}

function shareLines(role: 'stable' | 'candidate', share: Share, zone: string): string[] {
  const { record } = share;
  return [`  ${role}: ${headOf(share, zone)}`, ...(record === undefined ? [] : detailsOf(role, record, zone))];
}

function headOf({ commit, weight, since, record }: Share, zone: string): string {
  const percent = weight === undefined ? '' : `${weight}% `;
  const which = commit === '' ? 'a commit that is not known' : shortCommit(commit);
  const subject = record?.revision.subject === undefined ? '' : ` ${record.revision.subject}`;
  const from = since === undefined ? '' : `, since ${shownTime(since, zone)}`;
  return `${percent}${which}${subject}${from}`;
}

function detailsOf(role: 'stable' | 'candidate', record: ReleaseRecord, zone: string): string[] {
  const [people, code, runs] = [peopleOf(record), codeOf(record), analysisOf(record)];
  const { rejected } = record;
  const said = [
    ...(people === undefined ? [] : [people]),
    ...(code === undefined ? [] : [`brought ${code}`]),
    ...(rejected === undefined ? [] : [`restored after ${shortCommit(rejected)} was rejected`]),
    ...commandsOf(record, zone).map((command) => `let by ${command}`),
    ...(runs.length === 0 && rejected === undefined ? ['nothing was measured'] : runs),
    ...(role === 'candidate' ? endOf(record, zone) : []),
  ];
  return said.map((line) => `    ${line}`);
}

/** What became of a candidate afterwards. */
function endOf({ outcome, endedAt, reason, wentBackTo }: ReleaseRecord, zone: string): string[] {
  if (outcome === undefined || endedAt === undefined) return [];
  const why = reason === undefined ? '' : `: ${reason}`;
  const back = wentBackTo === undefined ? '' : `; went back to ${shortCommit(wentBackTo)}`;
  return [`ended ${outcome} ${shownTime(Date.parse(endedAt), zone)}${why}${back}`];
}

/** Runs the command. */
export async function runAt(argv: readonly string[]): Promise<number> {
  const { values, positionals } = flagsOf(argv, FLAGS, ['time', 'Rollout']);
  const { repo, namespace, timezone, json = false } = values;
  if (repo === undefined)
    throw new UsageError('--repo: name the folder of a clone, or the URL of the repository whose notes tell it');
  const [when = '', name = ''] = positionals;
  const zone = zoneOption(timezone);
  // What cannot be read is said before a repository is asked.
  const read = whenOf(when, { now: systemClock.now(), zone });
  if (!read.ok) throw new UsageError(read.error);
  const ledger = await readNotes(repo, systemClock);
  servedAt({ when, name, namespace, zone, json }, ledger, { print: toStdout, clock: systemClock });
  return 0;
}
