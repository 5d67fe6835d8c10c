import { describe, expect, it } from 'vitest';
import type { Metric } from '../../../src/api/analysis.ts';
import { assess } from '../../../src/analysis/judges/assess.ts';
import { cleanValue, valueText, type Json, type MetricValue, type Sample } from '../../../src/analysis/value.ts';

const metric = (success?: string, failure?: string, noData?: Metric['noData']): Metric => ({
  name: 'success-rate',
  provider: { prometheus: { query: 'x' } },
  ...(success !== undefined && { successCondition: success }),
  ...(failure !== undefined && { failureCondition: failure }),
  ...(noData !== undefined && { noData }),
});
const vector = (...value: number[]): MetricValue => ({ kind: 'vector', value, text: valueText(value) });
const phase = (of: Metric, value: MetricValue): string => assess(of, value).phase;

describe('the conditions over a value', () => {
  it.each([
    [undefined, undefined, 'Successful'],
    ['result[0] > 0.5', undefined, 'Successful'],
    ['result[0] > 0.95', undefined, 'Failed'],
    [undefined, 'result[0] < 0.5', 'Successful'],
    [undefined, 'result[0] < 0.95', 'Failed'],
    ['result[0] > 0.5', 'result[0] < 0.4', 'Successful'],
    ['result[0] > 0.5', 'result[0] < 0.9', 'Failed'],
    ['result[0] > 0.95', 'result[0] < 0.5', 'Inconclusive'],
    ['result[7] > 0.95', 'result[0] < 0.9', 'Error'],
    ['result[0] > 0.5', 'result[7] < 0.9', 'Error'],
    ['result[0]', undefined, 'Error'],
    ['result[0] >', undefined, 'Error'],
  ])('success %s, failure %s on 0.82: %s', (success, failure, expected) => {
    expect(phase(metric(success, failure), vector(0.82))).toBe(expected);
  });

  it('say why with the numbers', () => {
    const why = (success?: string, failure?: string, value = vector(0.82)) =>
      assess(metric(success, failure), value).message;
    expect(why('result[0] >= 0.95')).toBe('success-rate 0.82 < 0.95');
    expect(why('0.95 <= result[0]')).toBe('success-rate 0.82 < 0.95');
    expect(why(undefined, 'result[0] < 0.95')).toBe('success-rate 0.82 < 0.95');
    expect(why('result[0] >= 0.95', undefined, vector(0.94999999))).toBe('success-rate 0.94999999 < 0.95');
    expect(why('all(result, # >= 0.95)')).toBe('success-rate: [0.82] does not meet all(result, # >= 0.95)');
    expect(why('result >= 0.95', undefined, { kind: 'scalar', value: 0.5, text: '0.5' })).toBe(
      'success-rate 0.5 < 0.95',
    );
  });
});

describe('a value', () => {
  const json = (value: Json, stable?: Sample): MetricValue => ({
    kind: 'json',
    value,
    text: valueText(value),
    ...(stable && { stable }),
  });

  it('may be JSON, as conditions see it', () => {
    expect(phase(metric('result.score >= 90'), json({ score: 95 }))).toBe('Successful');
    expect(phase(metric('all(result, .ok)'), json([{ ok: true }, { ok: false }]))).toBe('Failed');
    expect(assess(metric('result.score >= 90'), json({ score: 80 })).message).toBe(
      'success-rate: {"score":80} does not meet result.score >= 90',
    );
  });

  it('of two arms is the candidate to conditions', () => {
    const both = json(0.99, { kind: 'scalar', value: 0.2 });
    expect(phase(metric('result > 0.9'), both)).toBe('Successful');
  });

  it('is cleaned of secrets in both arms, keys and depths', () => {
    const both = json({ 's3cret key': ['s3cret', 1, null, { a: 'x s3cret' }] }, { kind: 'string', value: 's3cret' });
    const clean = cleanValue(both, (text) => text.replaceAll('s3cret', '***'));
    expect(JSON.stringify(clean)).not.toContain('s3cret');
    expect(clean).toMatchObject({ value: { '*** key': ['***', 1, null, { a: 'x ***' }] }, stable: { value: '***' } });
  });
});

describe('no data is never a pass by accident', () => {
  it.each([
    [undefined, undefined],
    ['result[0] >= 0.95', undefined],
    ['all(result, # >= 0.95)', undefined],
    [undefined, 'result[0] > 0.05'],
    [undefined, 'any(result, # > 0.05)'],
    [undefined, 'sum(result) > 5'],
    ['len(result) == 0 || result[0] >= 0.95', 'result[0] < 0.5'],
  ])('an empty vector with success %s and failure %s is an error', (success, failure) => {
    const verdict = assess(metric(success, failure), vector());
    expect(verdict).toMatchObject({
      phase: 'Error',
      noData: true,
      message: 'success-rate: the query answered an empty vector, which is no data',
    });
  });

  it.each([
    ['result[0] >= 0.95', undefined],
    [undefined, 'result[0] < 0.95'],
    ['len(result) > 0 && result[0] >= 0.95', undefined],
  ])('NaN alone with success %s and failure %s is an error', (success, failure) => {
    expect(assess(metric(success, failure), vector(NaN, NaN))).toMatchObject({ phase: 'Error', noData: true });
  });

  it.each([
    ['len(result) == 0 || result[0] >= 0.95', 'Successful'],
    ['len(result) > 0 && result[0] >= 0.95', 'Failed'],
    ['default(result, 0) == 0', 'Successful'],
    ['default(result[0], 1) >= 0.95', 'Successful'],
    ['result != []', 'Failed'],
    ['(first(result) ?? 0) >= 0.95', 'Failed'],
  ])('unless the condition speaks of it: %s', (success, expected) => {
    expect(assess(metric(success), vector())).toMatchObject({ phase: expected });
    expect(assess(metric(success), vector()).noData).toBeUndefined();
  });

  it('unless the condition speaks of NaN', () => {
    expect(phase(metric('isNaN(result[0]) || result[0] >= 0.95'), vector(NaN))).toBe('Successful');
    expect(phase(metric('!isNaN(result[0]) && result[0] >= 0.95'), vector(NaN))).toBe('Failed');
  });

  it.each([
    ['result[0] >= 0.95', undefined, [Infinity]],
    [undefined, 'result[0] < 0.95', [Infinity]],
    [undefined, 'result[0] > 5', [-Infinity]],
    ['result[0] >= 0.95', 'result[0] < 0.5', [Infinity]],
    ['result[0] >= 0.95', undefined, [Infinity, 0.99]],
    ['result[-1] >= 0.95', undefined, [0.99, Infinity]],
    ['isNaN(result[0]) || result[0] >= 0.95', undefined, [Infinity]],
    ['!isInf(result[0]) && result[0] >= 0.95', undefined, [NaN]],
    ['all(result, # >= 0.95)', undefined, [Infinity, 0.99]],
    ['all(result, # >= 0.95)', undefined, [NaN, 0.99]],
    [undefined, undefined, [Infinity]],
  ])('what is no number is no data with success %s and failure %s: %j', (success, failure, values) => {
    expect(assess(metric(success, failure), vector(...values))).toMatchObject({ phase: 'Error', noData: true });
  });

  it('a scalar that is no number is no data, and says so', () => {
    const infinite: MetricValue = { kind: 'scalar', value: Infinity, text: '+Inf' };
    expect(assess(metric('result >= 0.95'), infinite)).toMatchObject({
      phase: 'Error',
      message: 'success-rate: the query answered an infinite number (a division by 0), which is no data',
    });
    expect(phase(metric('isInf(result) || result >= 0.95'), infinite)).toBe('Successful');
  });

  it.each([
    ['isInf(result[0]) || result[0] >= 0.95', [Infinity], 'Successful'],
    ['not isInf(result[0]) and result[0] >= 0.95', [-Infinity], 'Failed'],
    ['all(result, isNaN(#) or # >= 0.95)', [NaN, 0.99], 'Successful'],
    ['result[0] >= 0.95', [0.99, NaN], 'Successful'],
    ['all(result, # >= 0.95)', [0.2, NaN], 'Failed'],
    ['all(result, # >= 0.95)', [0.2, Infinity], 'Failed'],
  ])(
    'unless the condition speaks of it, looks elsewhere, or the others are bad: %s of %j',
    (success, values, expected) => {
      expect(assess(metric(success), vector(...values))).toMatchObject({ phase: expected });
      expect(assess(metric(success), vector(...values)).noData).toBeUndefined();
    },
  );

  it.each([
    ['matrix', [], 'an empty matrix'],
    ['json', null, 'nothing'],
    ['json', [], 'nothing'],
  ] as const)('an empty answer of kind %s says so: %j', (kind, value, what) => {
    const empty = { kind, value, text: '' } as MetricValue;
    expect(assess(metric('result[0] > 1'), empty).message).toBe(
      `success-rate: the query answered ${what}, which is no data`,
    );
  });

  it.each([
    ['Error', 'Error'],
    ['Inconclusive', 'Inconclusive'],
    ['Ignore', 'Inconclusive'],
    ['Pass', 'Successful'],
    ['Fail', 'Failed'],
  ] as const)('noData: %s makes it %s', (policy, expected) => {
    const verdict = assess(metric('result[0] > 0.5', undefined, policy), vector());
    expect(verdict).toMatchObject({ phase: expected, noData: true });
    expect(verdict.ignored).toBe(policy === 'Ignore' ? true : undefined);
  });
});
