import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget, MAX_COST } from '../../../src/analysis/expression/budget.ts';
import { compile } from '../../../src/analysis/expression/expression.ts';
import { anyCondition, HOSTILE } from '../../support/conditions.ts';

const samples = Array.from({ length: 30_000 }, (_, index) => (index * 7919) % 30_011);

/** What is held by a value: elements, keys and characters, what is shared counted once. */
function size(value: unknown): number {
  const seen = new Set<object>();
  const left = [value];
  let total = 0;
  while (left.length > 0) {
    const each = left.pop();
    total += typeof each === 'string' ? each.length : 1;
    if (typeof each !== 'object' || each === null || seen.has(each)) continue;
    seen.add(each);
    for (const [key, item] of Object.entries(each)) {
      total += key.length;
      left.push(item);
    }
  }
  return total;
}

function outcome(text: string): { value?: unknown; error?: string } {
  const condition = compile(text);
  if (!condition.ok) return { error: condition.error.message };
  const evaluated = condition.value.evaluate({ result: samples });
  return evaluated.ok ? { value: evaluated.value } : { error: evaluated.error };
}

describe('the cost of a condition', () => {
  it.each(HOSTILE.map((text) => [text]))('is bounded for %.60s', (text) => {
    const { value, error } = outcome(text);
    expect(error ?? 'a value').not.toBe('');
    expect(size(value)).toBeLessThanOrEqual(MAX_COST + samples.length);
  });

  it('is bounded for whatever is written, and nothing but a sentence comes out', () => {
    fc.assert(
      fc.property(anyCondition, (text) => {
        const { value, error } = outcome(text);
        expect(error ?? 'there is a value').toMatch(/^.{10,1500}$/s);
        expect(size(value)).toBeLessThanOrEqual(MAX_COST + samples.length);
      }),
      { numRuns: 300, seed: 20260101 },
    );
  });

  it('is told with the place', () => {
    expect(outcome('1 == 1 and all(1..10000, max(1..10000) > 0)').error).toMatch(
      /^the condition costs too much at position \d+: /,
    );
    expect(outcome('len(map(1..10000, 1..10000)) > 0').error).toContain('at position 20');
  });

  it.each(['all(result, # < 40000)', 'sum(result) > 0', 'max(result) > 1', 'mean(result) > 1', 'median(result) > 1'])(
    'leaves room for thirty thousand samples: %s',
    (text) => {
      expect(outcome(text)).toEqual({ value: true });
    },
  );

  it.each([
    ['1..1000', 2001],
    ['"abc" + "def"', 9],
    ['result == result', 30_004],
    ['"aaaa" matches "a*"', 17],
    ['map(1..100, #)', 602],
  ])('of %s is counted: some %i', (text, units) => {
    const condition = compile(text);
    const budget = new Budget(MAX_COST);
    if (condition.ok) condition.value.evaluate({ result: samples }, budget);
    const spent = MAX_COST - budget.left;
    expect(spent).toBeGreaterThan(units * 0.8);
    expect(spent).toBeLessThan(units * 1.3 + 10);
  });

  it('does not grow with comparisons inside each other', () => {
    let text = '1';
    for (let level = 0; level < 31; level++) text = `0<(${text})<2`;
    // A comparison gives true or false, which is no number.
    expect(outcome(text).error).toContain('cannot say whether');
  });
});

describe('messages', () => {
  it.each([
    'float("hunter2-T") > 1',
    'int("hunter2-T") > 1',
    '"hunter2-T" > 1',
    '"hunter2-T".hunter2',
    '1["hunter2-T"]',
    '[1]["hunter2-T"]',
    '-"hunter2-T"',
    'max("hunter2-T")',
    '"a" matches "hunter2-T("',
    '"a" matches ("hunter2-T(" + "")',
    '1 in ["hunter2-T"]',
    'join(["hunter2-T", 1])',
    'all(["hunter2-T"], #)',
    'result[424242]',
    '1 % (0 * 424242)',
    '1..0.424242',
    'result "hunter2-T"',
  ])('never hold a value: %s', (text) => {
    const { error } = outcome(text);
    expect(error).toBeDefined();
    expect(error).not.toMatch(/hunter2-T|424242/);
  });
});
