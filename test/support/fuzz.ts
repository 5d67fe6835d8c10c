// How often and with which seed a property is tried: few times and always the same in `npm test`, often and ever anew in `npm run fuzz`.
import type { Parameters } from 'fast-check';

const FIXED_SEED = 20260101;

/**
 * Parameters for `fc.assert`. `runs`: how often in `npm test`; choose it so that the property takes about a second.
 * `npm run fuzz` sets SLUICE_FUZZ_RUNS, which multiplies `runs`, and SLUICE_FUZZ_SEED; with both set by hand its failure comes again.
 */
export function fuzzRuns(runs: number): Required<Pick<Parameters, 'numRuns' | 'seed'>> {
  return { numRuns: runs * wholeNumber('SLUICE_FUZZ_RUNS', 1), seed: wholeNumber('SLUICE_FUZZ_SEED', FIXED_SEED) };
}

function wholeNumber(variable: string, otherwise: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${variable}=${text}: write a whole number from 1`);
  return value;
}
