// Runs a command in a cluster of its own: installs what is missing, makes the network, starts the cluster in it, and clears up. The door for
// `npm run e2e` and `npm run bench`.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installAll, installControlPlane, type Say } from '../install/install.ts';
import { kubeconfigFor } from './control-plane.ts';
import { checkNetworkTools, createNetwork, type Network } from './network.ts';
import { relayOut, type Door } from './relay.ts';

export interface RunOptions {
  /** Command and arguments; empty: nothing is run. */
  command: readonly string[];
  /** A control plane alone: no kinds of Sluice's, no node, mesh or Prometheus. */
  bare?: boolean;
  /** Leave the cluster until SIGINT or SIGTERM once the command has ended. */
  keep?: boolean;
  say?: Say;
}

const MAIN = join(import.meta.dirname, 'main.ts');

/** Resolves with the command's exit code. Rejects when a part cannot be had or the cluster cannot be started. */
export async function runInCluster(options: RunOptions): Promise<number> {
  const say = options.say ?? ((line) => console.log(line));
  checkNetworkTools();
  const parts = options.bare === true ? await installControlPlane(say) : await installAll(say);
  const directory = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  writeFileSync(join(directory, 'parts.json'), JSON.stringify(parts));
  let network: Network | undefined;
  let code = 1;
  try {
    network = createNetwork(`sluice-e2e-${process.pid}`);
    code = await runInside(network, directory, options, say);
    return code;
  } finally {
    network?.close();
    if (code === 0) rmSync(directory, { recursive: true, force: true });
    else say(`logs of the cluster are in ${directory}`);
  }
}

async function runInside(network: Network, directory: string, options: RunOptions, say: Say): Promise<number> {
  const flags = [`--directory=${directory}`, `--parts=${join(directory, 'parts.json')}`];
  if (options.bare === true) flags.push('--bare');
  if (options.keep === true) flags.push('--keep');
  const [command, args] = network.inside(process.execPath, [
    '--import',
    'tsx',
    MAIN,
    ...flags,
    '--',
    ...options.command,
  ]);
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
  const doors: Door[] = [];
  child.on('message', (message) => {
    if (message !== 'kept') return;
    void tellOfDoors(directory, options.bare === true, { say, doors }).catch((error: unknown) => say(String(error)));
  });
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    for (const door of doors) door.close();
  }
}

async function tellOfDoors(
  directory: string,
  bare: boolean,
  { say, doors }: { say: Say; doors: Door[] },
): Promise<void> {
  const open = async (name: string): Promise<number> => {
    const door = await relayOut(join(directory, `${name}.sock`));
    doors.push(door);
    return door.port;
  };
  const kubeconfig = join(directory, 'kubeconfig-outside');
  writeFileSync(kubeconfig, kubeconfigFor(`https://127.0.0.1:${await open('apiserver')}`), { mode: 0o600 });
  say(`the cluster stays until you press Ctrl-C:\n\n  export KUBECONFIG=${kubeconfig}`);
  if (!bare) {
    say(`  export PROMETHEUS=http://127.0.0.1:${await open('prometheus')}`);
    say(
      `  export GATEWAY=http://127.0.0.1:${await open('gateway')}       # Istio's ingress gateway; send a Host header`,
    );
    say(`  export SLUICE_E2E_DIRECTORY=${directory}       # with it npm run e2e counts it as its own`);
  }
  say(`\nlogs are in ${directory}\n`);
}
