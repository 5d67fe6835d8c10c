// What the dearest conditions cost: CPU and memory, compiling and error paths included. `npm run bench:conditions -- [RUNS]`.
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { compile } from '../src/analysis/expression/expression.ts';
import { anyCondition, HOSTILE } from '../test/support/conditions.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const runs = Number(positionals[0] ?? 2000);
const samples = Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 100_003);
const collect = (globalThis as { gc?: () => void }).gc;

interface Cost {
  text: string;
  cpuMs: number;
  heapMiB: number;
}

/** CPU of the first evaluation in this process that finds the code warm, and how much more memory stands at its end. */
function costOf(text: string): Cost {
  collect?.();
  const heap = process.memoryUsage().heapUsed;
  const cpu = process.cpuUsage();
  const condition = compile(text);
  const kept = condition.ok ? condition.value.evaluate({ result: samples }) : condition.error;
  const { user, system } = process.cpuUsage(cpu);
  const grown = process.memoryUsage().heapUsed - heap;
  return { text: kept === undefined ? '' : text, cpuMs: (user + system) / 1000, heapMiB: grown / 1024 / 1024 };
}

const all = [...HOSTILE, ...fc.sample(anyCondition, { numRuns: runs, seed: 20260101 })];
const costs = all.map(costOf);
const top = (key: 'cpuMs' | 'heapMiB'): void => {
  console.log(
    `\nmost ${key} of ${costs.length} conditions${collect ? '' : ' (without --expose-gc: garbage of others may count)'}`,
  );
  for (const cost of costs.toSorted((a, b) => b[key] - a[key]).slice(0, 12))
    console.log(
      `${cost.cpuMs.toFixed(1).padStart(8)} ms ${cost.heapMiB.toFixed(2).padStart(7)} MiB  ${cost.text.slice(0, 90)}`,
    );
};
top('cpuMs');
top('heapMiB');
