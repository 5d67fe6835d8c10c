import { describe, expect, it } from 'vitest';
import type { Metric } from '../../../src/api/analysis.ts';
import type { Forecast, Look, Tally } from '../../../src/analysis/judges/judge.ts';
import { judgeOf } from '../../../src/analysis/judges/judges.ts';
import { thresholds } from '../../../src/analysis/judges/thresholds.ts';

const metric = (fields: Partial<Metric> = {}): Metric => ({
  name: 'rate',
  interval: '10s',
  successCondition: 'result >= 0.95',
  provider: { prometheus: { query: 'x' } },
  ...fields,
});
const looks: Record<string, Look> = {
  S: { value: { kind: 'scalar', value: 0.99, text: '0.99' } },
  F: { value: { kind: 'scalar', value: 0.82, text: '0.82' } },
  E: { error: 'rate: cannot reach Prometheus' },
};
const seen = (of: Metric, letters: string): Tally =>
  Array.from(letters).reduce(
    (tally, letter) => thresholds.take(of, tally, looks[letter] ?? { error: letter }).tally,
    thresholds.begin(of),
  );
const forecast = (fields: Partial<Metric>, letters: string): Forecast =>
  thresholds.forecast(metric(fields), seen(metric(fields), letters));

describe('the judge by thresholds', () => {
  it('is the one that every metric has', () => {
    expect(judgeOf(metric())).toBe(thresholds);
  });

  it('remembers counters alone, so that any process goes on from what is recorded', () => {
    const recorded = JSON.parse(JSON.stringify(seen(metric({ count: 9, failureLimit: 9 }), 'SFES'))) as Tally;
    expect(recorded).toEqual({
      count: 3,
      successful: 2,
      failed: 1,
      error: 1,
      consecutiveError: 0,
      consecutiveSuccess: 1,
    });
  });

  it('has a verdict when there will be no further look', () => {
    const of = metric();
    expect(thresholds.ended(of, seen(of, 'S'), undefined)).toEqual({ phase: 'Successful' });
    expect(thresholds.ended(of, seen(of, 'E'), 'why')).toEqual({ phase: 'Error', message: 'why' });
    expect(thresholds.ended(of, {}, undefined).phase).toBe('Inconclusive');
  });
});

describe('its forecast, in looks', () => {
  it.each([
    [{ count: 6 }, '', { taken: 0, of: 6, good: 6, bad: 1, latest: 30 }],
    [{ count: 6 }, 'SS', { taken: 2, of: 6, good: 4, bad: 1, latest: 20 }],
    [{ count: 6, consecutiveErrorLimit: 0 }, 'SS', { taken: 2, of: 6, good: 4, bad: 1, latest: 4 }],
    [{ count: 6, consecutiveErrorLimit: 1 }, 'SE', { taken: 1, of: 6, good: 5, bad: 1, latest: 9 }],
    [{ count: 6, failureLimit: 2 }, 'SF', { taken: 2, of: 6, good: 4, bad: 2, latest: 20 }],
    [{ count: 6, failureLimit: -1 }, '', { taken: 0, of: 6, good: 6, bad: 5, latest: 30 }],
    [{ count: 6, noData: 'Ignore' }, 'S', { taken: 1, of: 6, good: 5, bad: 1, latest: undefined }],
    [{ consecutiveSuccessLimit: 3 }, 'SS', { taken: 2, of: undefined, good: 1, bad: 1, latest: undefined }],
    [{}, 'SSS', { taken: 3, of: undefined, good: undefined, bad: 1, latest: undefined }],
    [
      { count: 4, failureLimit: 1, consecutiveSuccessLimit: 3 },
      'SF',
      { taken: 2, of: 4, good: undefined, bad: 1, latest: 10 },
    ],
  ] satisfies [Partial<Metric>, string, Forecast][])('of %j after "%s"', (fields, letters, expected) => {
    expect(forecast(fields, letters)).toEqual(expected);
  });

  it('holds: nothing is decided sooner than at the earliest, nor later than at the latest', () => {
    const of = metric({ count: 3, failureLimit: 1, consecutiveErrorLimit: 1 });
    const ends: Record<'good' | 'bad', number[]> = { good: [], bad: [] };
    const walk = (tally: Tally, taken: number): void => {
      for (const look of Object.values(looks)) {
        const { tally: after, assessment } = thresholds.take(of, tally, look);
        const verdict = thresholds.verdict(of, after, assessment.message);
        if (verdict === undefined) walk(after, taken + 1);
        else ends[verdict.phase === 'Successful' ? 'good' : 'bad'].push(taken + 1);
      }
    };
    walk({}, 0);
    expect(thresholds.forecast(of, {})).toMatchObject({
      good: Math.min(...ends.good),
      bad: Math.min(...ends.bad),
      latest: Math.max(...ends.good, ...ends.bad),
    });
  });
});
