// Durations as Go writes them, and what is none.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duration, durationMs } from '../../src/api/fields.ts';
import { fuzzRuns } from '../support/fuzz.ts';

const UNITS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const part = fc.record({
  amount: fc.oneof(
    fc.nat(9_999).map(String),
    fc.double({ min: 0, max: 999, noNaN: true }).map((n) => n.toFixed(3)),
  ),
  unit: fc.constantFrom(...(Object.keys(UNITS) as (keyof typeof UNITS)[])),
});
const digits = fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), maxLength: 400 });
const nearly = fc.string({ unit: fc.constantFrom(...'0123456789.smhµun-+eE '.split('')), maxLength: 40 });

describe('a duration', () => {
  it('is the sum of its parts, to the millisecond', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const text = parts.map(({ amount, unit }) => `${amount}${unit}`).join('');
        fc.pre(text.length <= 32);
        const sum = parts.reduce((ms, { amount, unit }) => ms + Number(amount) * UNITS[unit], 0);
        expect(Math.abs((durationMs(text) ?? Number.NaN) - sum)).toBeLessThanOrEqual(0.5);
        expect(duration.safeParse(text).success).toBe(true);
      }),
      fuzzRuns(300),
    );
  });

  it('is a whole number of milliseconds that a clock can count, or none, whatever is written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), digits, nearly, fc.double(), fc.integer()), (value) => {
        const ms = durationMs(value);
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true);
      }),
      fuzzRuns(1_000),
    );
  });

  it('is understood by the schema and by what counts it alike', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), (text) => {
        expect(!duration.safeParse(text).success || durationMs(text) !== undefined).toBe(true);
      }),
      fuzzRuns(1_000),
    );
  });
});
