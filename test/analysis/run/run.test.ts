import { describe, expect, it } from 'vitest';
import type { AnalysisRunSpec, AnalysisRunStatus, Metric } from '../../../src/api/analysis.ts';
import { begin, conclude, plan, record, type Measured } from '../../../src/analysis/run/run.ts';

const START = Date.UTC(2026, 0, 1);
const metric = (fields: Partial<Metric> = {}): Metric => ({
  name: 'rate',
  provider: { prometheus: { query: 'x' } },
  ...fields,
});
const every10s = { interval: '10s' };

/** Plays measurements of one metric (S, F, I, E, or `-` for one that does not count), a second apart. */
function play(spec: AnalysisRunSpec, phases: string, name = 'rate'): AnalysisRunStatus {
  const names = { S: 'Successful', F: 'Failed', I: 'Inconclusive', E: 'Error', '-': 'Inconclusive' } as const;
  let status = begin(spec, START);
  Array.from(phases).forEach((letter, index) => {
    const phase = names[letter as keyof typeof names];
    const at = START + (index + 1) * 1000;
    const measured: Measured = { phase, startedAt: at - 5, finishedAt: at, value: '[0.82]' };
    if (phase !== 'Successful') measured.message = 'rate 0.82 < 0.95';
    if (letter === '-') measured.ignored = true;
    status = record(spec, status, name, measured);
  });
  return status;
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
    expect(play({ metrics: [metric()] }, 'F').message).toBe('rate 0.82 < 0.95');
    const tolerant = { metrics: [metric({ ...every10s, failureLimit: 1 })] };
    expect(play(tolerant, 'FF').message).toBe('rate 0.82 < 0.95 (2 bad measurements, 1 tolerated)');
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
    const status = record(two, play(two, 'S'), 'latency', {
      phase: 'Failed',
      message: 'slow',
      startedAt: START,
      finishedAt: START,
    });
    expect(status).toMatchObject({
      phase: 'Failed',
      message: 'slow',
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
    expect(record(two, play(two, 'SSSSS'), 'latency', { phase: 'Successful', startedAt: 0, finishedAt: 0 }).phase).toBe(
      'Successful',
    );
  });

  it('a metric on trial does not count', () => {
    const spec = { ...two, dryRun: [{ metricName: 'lat.*' }] };
    const bad = record(spec, play(spec, 'SSSS'), 'latency', { phase: 'Failed', startedAt: 0, finishedAt: 0 });
    expect(bad.phase).toBe('Running');
    const end = record(spec, bad, 'rate', { phase: 'Successful', startedAt: 0, finishedAt: 0 });
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
  const at = (spec: AnalysisRunSpec, status: AnalysisRunStatus, after: number) => plan(spec, status, START + after);

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
