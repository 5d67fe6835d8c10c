// `npm run fuzz -- --minutes 60`: every *.fuzz.test.ts again and again, each round with a fresh seed, until the time is over or one fails.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string' }, runs: { type: 'string' }, seed: { type: 'string' } },
  allowPositionals: true,
});

const minutes = above(0, 'minutes', values.minutes ?? '10');
const runs = Math.round(above(0, 'runs', values.runs ?? '10'));
const end = Date.now() + minutes * 60_000;
let rounds = 0;
do {
  const seed = values.seed === undefined ? randomInt(1, 2 ** 31) : Math.round(above(0, 'seed', values.seed));
  rounds++;
  console.log(`round ${rounds}: seed ${seed}, ${runs} times the runs of npm test`);
  if (!round(seed)) {
    console.error(
      `failed; it comes again with: npm run fuzz -- --runs ${runs} --seed ${seed} ${positionals.join(' ')}`,
    );
    process.exit(1);
  }
  // A given seed repeats to the letter: once is enough.
} while (Date.now() < end && values.seed === undefined);
console.log(`${rounds} rounds without a failure`);

/** Whether everything held. */
function round(seed: number): boolean {
  const args = ['vitest', 'run', '--config', 'vitest.fuzz.config.ts', ...positionals];
  const env = { ...process.env, SLUICE_FUZZ_RUNS: String(runs), SLUICE_FUZZ_SEED: String(seed) };
  return spawnSync('npx', args, { stdio: 'inherit', env }).status === 0;
}

function above(least: number, flag: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > least) return value;
  console.error(`--${flag} ${text}: write a number above ${least}`);
  process.exit(2);
}
