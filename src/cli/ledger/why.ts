// `sluice why`: in a few sentences, what a Rollout or an Application is doing, what it waits for, and what a person can do.
import { whyApplication } from '../../ledger/why-application.ts';
import { whyRollout, type Why } from '../../ledger/why.ts';
import { CLUSTER_FLAGS, flagsOf, printed, withCluster, type Around } from './cluster.ts';
import { zoneOption } from './history.ts';
import { applicationOf, findNamed, rolloutsOf, runsBeside } from './named.ts';

const FLAGS = { ...CLUSTER_FLAGS, timezone: { type: 'string' } } as const;

export interface WhyOptions {
  /** As it was typed. */
  name: string;
  zone: string;
  json: boolean;
}

/** Prints why it is as it is. Throws UsageError for a name that is not there. */
export async function why({ name, zone, json }: WhyOptions, around: Around): Promise<void> {
  const told = await whyOf(name, zone, around);
  const lines = [
    ...told.says,
    ...(told.todo.length === 0 ? [] : ['What you can do:']),
    ...told.todo.flatMap(({ line, does }) => [`  ${line}`, `      ${does}`]),
  ];
  printed(around.print, lines, json ? { value: told } : undefined);
}

async function whyOf(name: string, zone: string, around: Around): Promise<Why> {
  const named = await findNamed(name, around);
  if (named.kind === 'Rollout') {
    const { rollout } = named;
    const [runs, application] = [await runsBeside(rollout, around), await applicationOf(rollout, around)];
    return whyRollout({ rollout, runs, application, zone });
  }
  const rollouts = await rolloutsOf(named.app, around);
  const beside = await Promise.all(
    rollouts.map(async (rollout) => ({ rollout, runs: await runsBeside(rollout, around) })),
  );
  return whyApplication(named.app, beside, zone);
}

/** Runs the command. */
export async function runWhy(argv: readonly string[]): Promise<number> {
  const { values, positionals } = flagsOf(argv, FLAGS, ['Rollout or Application']);
  const options = { name: positionals[0] ?? '', zone: zoneOption(values.timezone), json: values.json ?? false };
  await withCluster(values, (around) => why(options, around));
  return 0;
}
