// Runs inside the network namespace: starts the cluster, opens the doors to it, runs a command that uses it, and ends with that.
// --directory FOLDER --parts FILE [--bare] [--keep] -- COMMAND ARGS…
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Parts, Say } from '../install/install.ts';
import { PORTS } from './addresses.ts';
import { startBareCluster, startCluster, type Cluster } from './cluster.ts';
import { relayIn } from './relay.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    directory: { type: 'string', default: '' },
    parts: { type: 'string', default: '' },
    bare: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

const startedAt = performance.now();
const say: Say = (line) => console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`);

async function openDoors(env: Record<string, string>): Promise<void> {
  const door = (name: string): string => join(values.directory, `${name}.sock`);
  await relayIn(door('apiserver'), PORTS.apiserver);
  if (env['GATEWAY'] === undefined) return;
  await relayIn(door('prometheus'), PORTS.prometheus);
  await relayIn(door('gateway'), PORTS.gateway, new URL(env['GATEWAY']).hostname);
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    // A terminal's Ctrl-C comes twice: to the whole process group, and passed on.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
}

function runCommand(env: Record<string, string>, signal: Promise<void>): Promise<number> {
  const [command, ...args] = positionals;
  if (command === undefined) return Promise.resolve(0);
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'inherit' });
  void signal.then(() => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve((console.error(error.message), 127)));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function main(): Promise<number> {
  const parts = JSON.parse(readFileSync(values.parts, 'utf8')) as Parts;
  const end = interrupted();
  const start: Promise<Cluster> = (values.bare ? startBareCluster : startCluster)(parts, values.directory, say);
  const cluster = await start;
  try {
    await openDoors(cluster.env);
    const code = await runCommand(cluster.env, end);
    if (values.keep) {
      process.send?.('kept');
      await end;
    }
    return code;
  } finally {
    await cluster.stop();
  }
}

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
