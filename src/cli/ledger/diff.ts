// `sluice diff`: what differs between what Git declares and the cluster, as the agent has found it.
import { differenceLines, differencesOf, isDifferent } from '../../ledger/differences.ts';
import { CLUSTER_FLAGS, flagsOf, printed, withCluster, type Around } from './cluster.ts';
import { zoneOption } from './history.ts';
import { findApplication } from './named.ts';

const FLAGS = { ...CLUSTER_FLAGS, timezone: { type: 'string' } } as const;

/** So that a script can tell a difference from a failure. */
const DIFFERENT = 3;

export interface DiffOptions {
  name: string;
  zone: string;
  json: boolean;
}

/** Prints what differs. Resolves to the exit code. Throws UsageError for a name that is not there. */
export async function diff({ name, zone, json }: DiffOptions, around: Around): Promise<number> {
  const app = await findApplication(name, around);
  const differences = differencesOf(app);
  const isEqual = !isDifferent(differences);
  const { namespace = '', name: own } = app.metadata;
  const lines = [
    ...(isEqual ? [`the cluster is as Git declares it: Application ${namespace}/${own}`] : []),
    ...differenceLines(differences, zone),
  ];
  printed(around.print, lines, json ? { value: { different: !isEqual, ...differences } } : undefined);
  return isEqual ? 0 : DIFFERENT;
}

/** Runs the command. */
export async function runDiff(argv: readonly string[]): Promise<number> {
  const { values, positionals } = flagsOf(argv, FLAGS, ['Application']);
  const options = { name: positionals[0] ?? '', zone: zoneOption(values.timezone), json: values.json ?? false };
  return withCluster(values, (around) => diff(options, around));
}
