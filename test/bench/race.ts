// The runs: contestants take turns over the same course, so that a machine that gets slower gets slower for all.
import type { BenchClient } from './bench-client.ts';
import { start, type Contestant } from './contestant.ts';
import type { Course } from './course.ts';
import type { Measured, Scenario } from './figures.ts';
import { template } from './manifests.ts';
import type { PretendPrometheus } from './pretend-prometheus.ts';
import { idle } from './scenarios/idle.ts';
import { latency } from './scenarios/latency.ts';
import { push } from './scenarios/push.ts';
import { storm } from './scenarios/storm.ts';
import { wave } from './scenarios/wave.ts';
import { digits } from './table.ts';
import { World } from './world.ts';
import type { Writes } from './write-counts.ts';

export interface RaceOptions {
  contestants: readonly Contestant[];
  scenarios: readonly Scenario[];
  runs: number;
  repeats: number;
  fleet: number;
  idleSeconds: number;
  kubeconfig: string;
  logDirectory: string;
  say: (line: string) => void;
}

export interface Result {
  name: string;
  measured: Record<string, number[]>;
  /** Of the last wave. */
  writes: readonly Writes[];
  /** Runs that broke off; what they measured before counts. */
  failures: string[];
}

/** A namespace each: what one leaves behind is not the other's to follow. */
const namespaceOf = (contestant: Contestant): string => `bench-${contestant.name}`;

export async function race(
  client: BenchClient,
  prometheus: PretendPrometheus,
  options: RaceOptions,
): Promise<Result[]> {
  const results = options.contestants.map((c): Result => ({ name: c.name, measured: {}, writes: [], failures: [] }));
  const worlds = options.contestants.map((c) => new World(client, namespaceOf(c), c.apiVersion));
  for (const world of worlds) {
    await world.open();
    await declareTemplate(world, prometheus);
  }
  for (let run = 1; run <= options.runs; run++) {
    for (const [at, contestant] of options.contestants.entries()) {
      const [world, result] = [worlds[at], results[at]];
      if (world && result) await runOnce({ contestant, world, prometheus, run, options, result });
    }
  }
  for (const world of worlds) world.close();
  return results;
}

/** Written over one that is left from an earlier bench: the port of the metrics is another. */
async function declareTemplate(world: World, prometheus: PretendPrometheus): Promise<void> {
  const wanted = template(world.apiVersion, prometheus.url);
  const made = await world.client.call('POST', world.path('analysistemplates'), wanted, [409]);
  if (made === undefined) await world.client.call('PATCH', world.path('analysistemplates', 'success-rate'), wanted);
}

interface Run {
  contestant: Contestant;
  world: World;
  prometheus: PretendPrometheus;
  run: number;
  options: RaceOptions;
  result: Result;
}

async function runOnce({ contestant, world, prometheus, run, options, result }: Run): Promise<void> {
  const { kubeconfig, logDirectory, fleet, repeats, idleSeconds } = options;
  const where = {
    kubeconfig,
    prometheus: prometheus.url,
    namespace: world.namespace,
    logFile: `${logDirectory}/${contestant.name}.log`,
  };
  const running = start(contestant, where);
  const round = `${Date.now().toString(36)}-${run}`;
  const { say } = options;
  const { logFile } = where;
  const course: Course = { contestant, world, running, prometheus, fleet, repeats, idleSeconds, round, logFile, say };
  try {
    for (const scenario of options.scenarios) {
      options.say(`run ${run}/${options.runs}, ${contestant.name}: ${scenario}`);
      const measured = await measure(scenario, course, result);
      keep(result, measured);
      options.say(`  ${inShort(measured)}`);
    }
  } catch (error) {
    result.failures.push(`run ${run}: ${error instanceof Error ? error.message : String(error)}`);
    options.say(`  ${result.failures.at(-1)}`);
  } finally {
    await running.stop();
  }
}

async function measure(scenario: Scenario, course: Course, result: Result): Promise<Measured> {
  switch (scenario) {
    case 'latency':
      return latency(course);
    case 'push':
      return push(course);
    case 'storm':
      return storm(course);
    case 'idle':
      return idle(course);
    case 'wave': {
      const { measured, writes } = await wave(course);
      result.writes = writes;
      return measured;
    }
  }
}

/** So that a bench which is broken off has told what it found. */
const inShort = (measured: Measured): string =>
  Object.entries(measured)
    .map(([id, values]) => `${id} ${values.map(digits).join(' ')}`)
    .join(', ');

function keep(result: Result, measured: Measured): void {
  for (const [id, values] of Object.entries(measured)) (result.measured[id] ??= []).push(...values);
}
