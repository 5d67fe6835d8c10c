import { describe, expect, it } from 'vitest';
import type { AnalysisRunSpec, AnalysisRunStatus, Metric } from '../../../src/api/analysis.ts';
import type { Look } from '../../../src/analysis/judges/judge.ts';
import { begin, conclude, planRun, recordMeasurement, type Measured } from '../../../src/analysis/run/run.ts';
import { valueText, type MetricValue } from '../../../src/analysis/value.ts';

const START = Date.UTC(2026, 0, 1);
const metric = (fields: Partial<Metric> = {}): Metric => ({
  name: 'rate',
  successCondition: 'result[0] >= 0.95',
  failureCondition: 'result[0] < 0.9',
  noData: 'Ignore',
  provider: { prometheus: { query: 'x' } },
  ...fields,
});
const every10s = { interval: '10s' };

const vector = (...value: number[]): MetricValue => ({ kind: 'vector', value, text: valueText(value) });
/** Looks as people talk of them: good, bad, in doubt, an error, one without data. */
const LOOKS: Record<string, Look> = {
  S: { value: vector(0.99) },
  F: { value: vector(0.82) },
  I: { value: vector(0.92) },
  E: { error: 'rate: cannot reach Prometheus' },
  '-': { value: vector() },
};
const looked = (letter: string, at = START): Measured => ({
  ...(LOOKS[letter] ?? { error: letter }),
  startedAt: at - 5,
  finishedAt: at,
});

/** Plays looks at one metric, a second apart. */
function play(spec: AnalysisRunSpec, letters: string, name = 'rate'): AnalysisRunStatus {
  return Array.from(letters).reduce(
    (status, letter, index) => recordMeasurement(spec, status, name, looked(letter, START + (index + 1) * 1000)),
    begin(spec, START),
  );
}
const outcome = (fields: Partial<Metric>, phases: string): string => play({ metrics: [metric(fields)] }, phases).phase;

describe('when a metric is decided', () => {
  it.each([
    [{}, 'S', 'Successful'],
    [{}, 'F', 'Failed'],
    [{}, 'I', 'Inconclusive'],
    [{}, 'EEEE', 'Running'],
    [{}, 'EEEEE', 'Error'],
    [{}, 'EEEES', 'Successful'],
    [{ ...every10s, count: 3 }, 'SS', 'Running'],
    [{ ...every10s, count: 3 }, 'SSS', 'Successful'],
    [{ ...every10s, count: '3' }, 'SSS', 'Successful'],
    [{ ...every10s, count: 3 }, 'SESS', 'Successful'],
    [{ ...every10s, count: 3, failureLimit: 1 }, 'SFS', 'Successful'],
    [{ ...every10s, count: 3, failureLimit: 1 }, 'FSF', 'Failed'],
    [{ ...every10s, count: 2, failureLimit: -1 }, 'FF', 'Successful'],
    [{ ...every10s, count: 3, inconclusiveLimit: 1 }, 'ISI', 'Inconclusive'],
    [{ ...every10s, consecutiveErrorLimit: 1 }, 'ESES', 'Running'],
    [{ ...every10s, consecutiveErrorLimit: 1 }, 'EE', 'Error'],
    [{ ...every10s, failureLimit: 5, consecutiveSuccessLimit: 2 }, 'SFSS', 'Successful'],
    [{ ...every10s, count: 3, failureLimit: 1, consecutiveSuccessLimit: 2 }, 'SFS', 'Inconclusive'],
    [{ ...every10s, count: 3, failureLimit: -1, consecutiveSuccessLimit: 2 }, 'SFS', 'Failed'],
    [{}, '---', 'Running'],
    [{}, '--S', 'Successful'],
    [every10s, 'SSSSSSSSSSSS', 'Running'],
  ] satisfies [Partial<Metric>, string, string][])('%j after %s is %s', (fields, phases, expected) => {
    expect(outcome(fields, phases)).toBe(expected);
  });

  it('says why, and by how much', () => {
    expect(play({ metrics: [metric()] }, 'F').message).toBe('rate 0.82 < 0.9');
    const tolerant = { metrics: [metric({ ...every10s, failureLimit: 1 })] };
    expect(play(tolerant, 'FF').message).toBe('rate 0.82 < 0.9 (2 bad measurements, 1 tolerated)');
  });

  it('keeps ten measurements, or as many as asked, and all counts', () => {
    const spec: AnalysisRunSpec = { metrics: [metric(every10s)] };
    expect(play(spec, 'S'.repeat(15)).metricResults?.[0]).toMatchObject({ count: 15, successful: 15 });
    expect(play(spec, 'S'.repeat(15)).metricResults?.[0]?.measurements).toHaveLength(10);
    const less = { ...spec, measurementRetention: [{ metricName: 'rate', limit: 2 }] };
    expect(play(less, 'SSSS').metricResults?.[0]?.measurements).toHaveLength(2);
  });
});

describe('when a run is over', () => {
  const two: AnalysisRunSpec = { metrics: [metric({ ...every10s, count: 5 }), metric({ name: 'latency' })] };

  it('one bad metric ends it, with the others as far as they came', () => {
    const status = recordMeasurement(two, play(two, 'S'), 'latency', looked('F'));
    expect(status).toMatchObject({
      phase: 'Failed',
      message: 'latency 0.82 < 0.9',
      runSummary: { count: 2, successful: 1, failed: 1 },
    });
    expect(status.completedAt).toBe('2026-01-01T00:00:00.000Z');
  });

  it('nothing changes it any more', () => {
    const status = play({ metrics: [metric()] }, 'F');
    expect(play({ metrics: [metric()] }, 'FS')).toEqual(status);
    expect(conclude({ metrics: [metric()], terminate: true }, status, START)).toBe(status);
  });

  it('waits for all metrics', () => {
    expect(play(two, 'SSSSS').phase).toBe('Running');
    expect(recordMeasurement(two, play(two, 'SSSSS'), 'latency', looked('S')).phase).toBe('Successful');
  });

  it('a metric on trial does not count', () => {
    const spec = { ...two, dryRun: [{ metricName: 'lat.*' }] };
    const bad = recordMeasurement(spec, play(spec, 'SSSS'), 'latency', looked('F'));
    expect(bad.phase).toBe('Running');
    const end = recordMeasurement(spec, bad, 'rate', looked('S'));
    expect(end).toMatchObject({ phase: 'Successful', runSummary: { count: 1 }, dryRunSummary: { failed: 1 } });
  });

  it.each([
    ['S', 'Successful'],
    ['SE', 'Successful'],
    ['EE', 'Error'],
    ['', 'Inconclusive'],
    ['--', 'Inconclusive'],
  ])('ended by hand after "%s" it is %s', (phases, expected) => {
    const spec = { metrics: [metric(every10s)] };
    expect(conclude({ ...spec, terminate: true }, play(spec, phases), START).phase).toBe(expected);
  });
});

describe('when to measure', () => {
  const at = (spec: AnalysisRunSpec, status: AnalysisRunStatus, after: number) => planRun(spec, status, START + after);

  it('at once, or after the initial delay', () => {
    const spec = { metrics: [metric(), metric({ name: 'late', initialDelay: '1m' })] };
    const status = begin(spec, START);
    expect(at(spec, status, 0)).toEqual({ due: ['rate'], nextAt: START + 60_000 });
    expect(at(spec, status, 60_000).due).toEqual(['rate', 'late']);
  });

  it('an interval after the last, from what is recorded alone', () => {
    const spec = { metrics: [metric({ interval: '1500ms' })] };
    const status = JSON.parse(JSON.stringify(play(spec, 'S'))) as AnalysisRunStatus;
    expect(at(spec, status, 2499)).toEqual({ due: [], nextAt: START + 2500 });
    expect(at(spec, status, 2500)).toEqual({ due: ['rate'] });
  });

  it.each(['1ms', '0s', '999ms'])('no sooner than after a second, and says so: %s', (interval) => {
    const spec = { metrics: [metric({ interval })] };
    for (const phases of ['S', 'E', '-'])
      expect(at(spec, play(spec, phases), 1000).nextAt).toBeGreaterThanOrEqual(START + 2000);
    expect(play(spec, 'SS').metricResults?.[0]?.message).toBe(
      `the interval ${interval} is below 1s: it is measured every 1s`,
    );
  });

  it('keeps no more than a hundred measurements', () => {
    const spec = { metrics: [metric(every10s)], measurementRetention: [{ metricName: 'rate', limit: 100_000 }] };
    expect(play(spec, 'S'.repeat(120)).metricResults?.[0]?.measurements).toHaveLength(100);
  });

  it.each([
    ['5m', 10_000],
    ['2s', 2_000],
  ])('sooner after an error with an interval of %s', (interval, wait) => {
    const spec = { metrics: [metric({ interval })] };
    expect(at(spec, play(spec, 'E'), 1000).nextAt).toBe(START + 1000 + wait);
  });

  it('not any more once it is over or asked to end', () => {
    const spec = { metrics: [metric()] };
    expect(at(spec, play(spec, 'S'), 99_000)).toEqual({ due: [] });
    expect(at({ ...spec, terminate: true }, begin(spec, START), 99_000)).toEqual({ due: [] });
  });
});

describe('what people read while it goes on', () => {
  const spec: AnalysisRunSpec = { metrics: [metric({ ...every10s, count: 6 })] };

  it('is how many looks were taken, and when it can end', () => {
    expect(play(spec, 'SS').forecast).toEqual({
      message: '2 of 6 looks, ends at the earliest 00:00:42 UTC',
      earliest: '2026-01-01T00:00:42.000Z',
    });
    expect(play(spec, 'SSSSSS').forecast).toBeUndefined();
    const certain = { metrics: [metric({ ...every10s, count: 6, noData: 'Error', consecutiveErrorLimit: 1 })] };
    expect(play(certain, 'SS').forecast?.latest).toBe('2026-01-01T00:01:22.000Z');
  });

  it('is that of the metric that takes longest, on trial or over ones left out', () => {
    const two = { metrics: [...spec.metrics, metric({ name: 'slow', interval: '1m', count: 2 })] };
    expect(play(two, 'S').forecast?.message).toBe('slow: 0 of 2 looks, ends at the earliest 00:01:00 UTC');
    const trial = { ...two, dryRun: [{ metricName: 'slow' }] };
    expect(play(trial, 'S').forecast?.message).toBe('rate: 1 of 6 looks, ends at the earliest 00:00:51 UTC');
  });

  it('says where it has no end by itself', () => {
    expect(play({ metrics: [metric(every10s)] }, 'SS').forecast).toEqual({
      message: '2 looks, goes on until it is ended',
    });
  });

  it('is that there is no data yet, in the same words from look to look', () => {
    const dry = play(spec, '-');
    expect(dry.message).toBe(
      'no data yet: rate: the query answered an empty vector, which is no data; it does not count',
    );
    expect(play(spec, '---').message).toBe(dry.message);
    expect(play(spec, '--S').message).toBeUndefined();
    expect(play(spec, '--S').metricResults?.[0]?.noData).toBeUndefined();
    expect(play({ metrics: [metric({ noData: 'Error' })] }, '--').message).toMatch(/^no data yet: /);
  });

  it('is that data ceased, once that is no accident', () => {
    expect(play(spec, 'S--').message).toBeUndefined();
    expect(play(spec, 'S---').message).toMatch(/^no data any more: rate: the query answered an empty vector/);
    expect(play(spec, 'S---S').message).toBeUndefined();
  });

  it('gives way to the verdict', () => {
    const status = play({ metrics: [metric({ noData: 'Error', consecutiveErrorLimit: 1 })] }, '--');
    expect(status.message).toBe(
      'rate: the query answered an empty vector, which is no data (2 errors in a row, 1 tolerated)',
    );
    const ended = conclude({ ...spec, terminate: true }, play(spec, '--S'), START);
    expect([ended.message, ended.forecast]).toEqual([undefined, undefined]);
  });
});
