// npm run e2e [-- NAME…] [--keep] [--up]: the scenarios on real parts; in a cluster of its own, or in the one that KUBECONFIG names.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { prepareGivenCluster } from '../test/e2e/cluster/given.ts';
import { runInCluster } from '../test/e2e/cluster/run.ts';

const USAGE = `npm run e2e -- [NAME…]   scenarios whose file name contains NAME; without one, all
  -t TEXT                 only those whose title contains TEXT
  --keep                  leave the cluster when they have ended, and print a kubeconfig
  --up                    only start the cluster, and leave it
KUBECONFIG=FILE PROMETHEUS=URL GATEWAY=URL npm run e2e   in a cluster you have; what it lacks is skipped, with the reason`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    test: { type: 'string', short: 't' },
    keep: { type: 'boolean' },
    up: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
const scenarios = [
  process.execPath,
  'node_modules/vitest/vitest.mjs',
  'run',
  '--config',
  'vitest.e2e.config.ts',
  ...positionals,
  ...(values.test === undefined ? [] : ['--testNamePattern', values.test]),
];

async function main(): Promise<number> {
  if (values.help === true) return (console.log(USAGE), 0);
  if (process.env['KUBECONFIG']) {
    if (values.up || values.keep)
      throw new Error('--up and --keep are for a cluster of the suite’s own: leave KUBECONFIG out');
    prepareGivenCluster((line) => console.log(line));
    const [command = '', ...args] = scenarios;
    return spawnSync(command, args, { stdio: 'inherit' }).status ?? 1;
  }
  const up = values.up === true;
  return runInCluster({ command: up ? [] : scenarios, keep: up || values.keep === true });
}

void main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
