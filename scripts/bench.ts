// npm run bench: measures what the design promises, against a real control plane; see docs/benchmark.md.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { idleFigure, pushFigures } from '../test/bench/agent-course.ts';
import { agentTable } from '../test/bench/agent-table.ts';
import { openClient, type BenchClient } from '../test/bench/bench-client.ts';
import { installCrds } from '../test/bench/install-crds.ts';
import { HELP, parseBenchOptions, type BenchOptions } from '../test/bench/options.ts';
import { startKubelet } from '../test/bench/pretend-kubelet.ts';
import { startPrometheus, type PretendPrometheus } from '../test/bench/pretend-prometheus.ts';
import { race, type Result } from '../test/bench/race.ts';
import { figuresTable, rowsOf, writesTable } from '../test/bench/report.ts';
import { traceOf } from '../test/bench/trace-run.ts';
import { runInCluster } from '../test/e2e/cluster/run.ts';

interface Bench {
  options: BenchOptions;
  kubeconfig: string;
  client: BenchClient;
  prometheus: PretendPrometheus;
  logs: string;
}

function report({ options }: Bench, [own, peer]: Result[]): boolean {
  if (own === undefined) return false;
  const { rollouts, json } = options;
  const rows = rowsOf(own, peer, rollouts);
  console.log(`\n${figuresTable(rows, peer?.name)}\n`);
  for (const { name, writes } of [own, peer].filter((r) => r !== undefined)) {
    if (writes.length > 0) console.log(`API writes of a wave, ${name}:\n${writesTable(writes, rollouts)}\n`);
  }
  if (json !== undefined) {
    const data = { at: new Date().toISOString(), node: process.version, rollouts, figures: rows, own, peer };
    writeFileSync(json, `${JSON.stringify(data, null, 2)}\n`);
  }
  return rows.every((row) => row.met !== false) && own.failures.length === 0;
}

async function compare(bench: Bench): Promise<boolean> {
  const { options, kubeconfig, client, prometheus, logs } = bench;
  const { sluice, peer, scenarios, runs, repeats, rollouts, idleSeconds } = options;
  const contestants = [sluice, ...(peer === undefined ? [] : [peer])];
  const course = { contestants, scenarios, runs, repeats, fleet: rollouts, idleSeconds };
  const where = { kubeconfig, logDirectory: logs, say: (line: string) => console.error(line) };
  return report(bench, await race(client, prometheus, { ...course, ...where }));
}

async function trace({ options, client, prometheus, logs }: Bench): Promise<boolean> {
  const contestant = options.peer ?? options.sluice;
  console.log(await traceOf(client, prometheus, { contestant, logDirectory: logs }));
  return true;
}

/** The same again, inside a control plane of the project's own; its kubelet is pretended. */
function inOwnCluster(): Promise<number> {
  const again = [process.execPath, '--import', 'tsx', import.meta.filename, ...process.argv.slice(2)];
  // The kubeconfig of that control plane is in the environment of the command.
  const command = ['/bin/sh', '-c', 'exec "$@" --kubeconfig "$KUBECONFIG"', 'bench', ...again, '--pretend-kubelet'];
  return runInCluster({ bare: true, command, say: (line) => console.error(line) });
}

/** Counts, the same on every machine: it needs no cluster. */
async function agent(): Promise<number> {
  const figures = [...(await pushFigures({ objects: 100 })), await idleFigure({ applications: 50 })];
  console.log(`\nRequests to the API server, watches apart:\n\n${agentTable(figures)}\n`);
  return 0;
}

/** Against a cluster that is there. */
async function onCluster(options: BenchOptions, kubeconfig: string): Promise<number> {
  // What the bench started ends with it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const client = await openClient(kubeconfig);
  console.error(`the cluster is ${client.access.baseUrl}, from ${kubeconfig}`);
  const kubelet = options.pretendKubelet ? await startKubelet(kubeconfig, options.podDelayMs) : undefined;
  const prometheus = await startPrometheus();
  const logs = options.logs ?? mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  mkdirSync(logs, { recursive: true });
  try {
    await installCrds(client, ['crds', ...(options.peerCrds === undefined ? [] : [options.peerCrds])]);
    const bench = { options, kubeconfig, client, prometheus, logs };
    return (await (options.trace ? trace(bench) : compare(bench))) ? 0 : 1;
  } finally {
    kubelet?.();
    await prometheus.stop();
    await client.close();
  }
}

async function main(): Promise<number> {
  if (process.argv[2] === 'agent') return agent();
  const options = parseBenchOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  return options.kubeconfig === undefined ? inOwnCluster() : onCluster(options, resolve(options.kubeconfig));
}

process.exitCode = await main();
