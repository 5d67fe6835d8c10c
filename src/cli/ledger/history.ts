// `sluice history`: the releases of a Rollout, or of all Rollouts of an Application: from the cluster's records, or from Git's notes alone.
import type { ReleaseRecord } from '../../api/release-record.ts';
import { caveatsOf, placesOf, timeOf } from '../../ledger/collect.ts';
import { releasesOf } from '../../ledger/releases.ts';
import { tableOf } from '../../ledger/tell.ts';
import { zoneNamed } from '../../ledger/zone.ts';
import { systemClock } from '../../ports/clock.ts';
import { UsageError } from '../usage-error.ts';
import { CLUSTER_FLAGS, flagsOf, printed, toStdout, withCluster, type Around, type Print } from './cluster.ts';
import { applicationOf, findNamed, meaningOf, rolloutsOf, runsBeside } from './named.ts';
import { readNotes, type NotedLedger } from './notes-source.ts';

const FLAGS = {
  ...CLUSTER_FLAGS,
  repo: { type: 'string' },
  timezone: { type: 'string' },
  limit: { type: 'string' },
} as const;

export interface HistoryOptions {
  /** As it was typed. */
  name: string;
  zone: string;
  /** Releases that are shown; undefined: all. */
  limit: number | undefined;
  json: boolean;
}

const DEFAULT_LIMIT = '20';

/** The zone that a flag names, or this machine's. Throws UsageError where there is none of that name. */
export function zoneOption(name: string | undefined): string {
  const zone = zoneNamed(name);
  if (zone === undefined) throw new UsageError(`--timezone ${name}: write a name such as Europe/Berlin, or UTC`);
  return zone;
}

function limitOption(text: string): number | undefined {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`--limit ${text}: write a whole number; 0 is all`);
  return Number(text) === 0 ? undefined : Number(text);
}

/** Prints what the cluster knows. */
export async function historyOfCluster(options: HistoryOptions, around: Around): Promise<void> {
  const named = await findNamed(options.name, around);
  const app = named.kind === 'Application' ? named.app : await applicationOf(named.rollout, around);
  const rollouts = named.kind === 'Application' ? await rolloutsOf(named.app, around) : [named.rollout];
  const records: ReleaseRecord[] = [];
  for (const rollout of rollouts)
    records.push(...releasesOf({ rollout, runs: await runsBeside(rollout, around), application: app }));
  show(sorted(records), options, { ...around, caveats: [] });
}

/** What is under way comes first. */
const sorted = (records: readonly ReleaseRecord[]): ReleaseRecord[] =>
  [...records].sort((a, b) => timeKey(b) - timeKey(a));

const timeKey = ({ outcome, endedAt }: ReleaseRecord): number =>
  outcome === undefined ? Infinity : (timeOf(endedAt) ?? 0);

/** Prints what the notes of a repository tell. Throws UsageError where they tell nothing of that name, or of several. */
export function historyOfNotes(
  options: HistoryOptions & { namespace: string | undefined },
  ledger: NotedLedger,
  at: { print: Print; clock: { now(): number } },
): void {
  show(meant(ledger, options), options, { ...at, caveats: caveatsOf(ledger) });
}

function meant(
  ledger: NotedLedger,
  { name: text, namespace }: { name: string; namespace: string | undefined },
): ReleaseRecord[] {
  const { kind, name } = meaningOf(text);
  const within = ledger.records.filter((record) => isIn(record, namespace));
  const ofRollouts = kind === 'Application' ? [] : within.filter(({ rollout }) => rollout.name === name);
  const ofApps = kind === 'Rollout' ? [] : within.filter(({ application }) => application?.name === name);
  if (ofRollouts.length > 0 && ofApps.some((record) => !ofRollouts.includes(record)))
    throw new UsageError(`${name} is a Rollout and an Application: write rollout/${name} or app/${name}`);
  const places = placesOf(ofRollouts, name);
  if (places.length > 1) throw new UsageError(severalPlaces(name, places));
  const found = ofRollouts.length > 0 ? ofRollouts : ofApps;
  if (found.length === 0) throw new UsageError(`the notes in ${ledger.from} tell nothing of ${name}${known(ledger)}`);
  return found;
}

const isIn = ({ rollout, application }: ReleaseRecord, namespace: string | undefined): boolean =>
  namespace === undefined || rollout.namespace === namespace || application?.namespace === namespace;

/** What to say where a name is in several namespaces. */
export const severalPlaces = (name: string, places: readonly string[]): string =>
  `${name} is in namespaces ${places.join(' and ')}: say which with -n`;

/** For a message: the Rollouts that there are. */
export function known({ records }: Pick<NotedLedger, 'records'>): string {
  const names = [...new Set(records.map(({ rollout }) => `${rollout.namespace}/${rollout.name}`))].sort();
  return names.length === 0
    ? ''
    : `; they tell of ${names.slice(0, 10).join(', ')}${names.length > 10 ? ' and others' : ''}`;
}

interface Showing {
  print: Print;
  clock: { now(): number };
  caveats: readonly string[];
}

function show(records: readonly ReleaseRecord[], { zone, limit, json }: HistoryOptions, at: Showing): void {
  const shown = records.slice(0, limit);
  const more = records.length - shown.length;
  const lines = [
    ...(records.length === 0 ? ['no release is on record'] : tableOf(shown, zone, at.clock.now())),
    ...(more > 0 ? [`and ${more} more: --limit 0 shows all`] : []),
    ...at.caveats,
  ];
  printed(at.print, lines, json ? { value: { records: shown, more, caveats: at.caveats } } : undefined);
}

/** Runs the command. */
export async function runHistory(argv: readonly string[]): Promise<number> {
  const { values, positionals } = flagsOf(argv, FLAGS, ['Rollout or Application']);
  const { repo, namespace, timezone, limit = DEFAULT_LIMIT, json = false } = values;
  const options = { name: positionals[0] ?? '', zone: zoneOption(timezone), limit: limitOption(limit), json };
  if (repo === undefined) await withCluster(values, (around) => historyOfCluster(options, around));
  else
    historyOfNotes({ ...options, namespace }, await readNotes(repo, systemClock), {
      print: toStdout,
      clock: systemClock,
    });
  return 0;
}
