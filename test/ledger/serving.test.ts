import { describe, expect, it } from 'vitest';
import type { ReleaseRecord } from '../../src/api/release-record.ts';
import { servingAt } from '../../src/ledger/serving.ts';
import { at, commit, sampleRecord } from './samples.ts';

const release = (digit: number, from: number, to: number, more: Partial<ReleaseRecord> = {}): ReleaseRecord =>
  sampleRecord({
    attempt: digit,
    podHash: `hash${digit}`,
    revision: { commit: commit(digit) },
    startedAt: at(from),
    endedAt: at(to),
    weights: [
      { at: at(from + 1), weight: 10 },
      { at: at(from + 3), weight: 50 },
    ],
    ...more,
  });

const told = (records: ReleaseRecord[], minute: number) => {
  const { stable, candidate } = servingAt(records, Date.parse(at(minute)));
  const share = (one: typeof stable) => one && [one.commit[0], one.weight];
  return [share(stable), share(candidate)];
};

const story = [
  release(1, 0, 5),
  release(2, 10, 20),
  release(3, 30, 40, { outcome: 'Aborted', wentBackTo: commit(2) }),
  sampleRecord({
    attempt: undefined,
    outcome: 'Restored',
    revision: { commit: commit(4) },
    startedAt: undefined,
    endedAt: at(41),
    rejected: commit(3),
    wentBackTo: commit(2),
  }),
  release(5, 50, 60, { outcome: 'Superseded' }),
];

describe('what served', () => {
  it.each([
    ['before anything that is told of', -5, undefined, undefined],
    ['while the first one came', 2, undefined, ['1', 10]],
    ['once it was promoted', 7, ['1', 100], undefined],
    ['when the next one had begun, and had no traffic', 10, ['1', 100], ['2', 0]],
    ['at its first weight', 12, ['1', 90], ['2', 10]],
    ['at its second weight', 15, ['1', 50], ['2', 50]],
    ['at the moment of its promotion', 20, ['2', 100], undefined],
    ['while one went that was rejected later', 34, ['2', 50], ['3', 50]],
    ['after the rejection', 40, ['2', 100], undefined],
    ['after the files were restored', 45, ['4', 100], undefined],
    ['while one went that another took over from', 55, ['4', 50], ['5', 50]],
    ['after that', 70, ['4', 100], undefined],
  ])('%s', (_when, minute, stable, candidate) => {
    expect(told(story, minute)).toEqual([stable, candidate]);
    expect(told([...story].reverse(), minute)).toEqual([stable, candidate]);
  });

  it('is told by where a rejection went back to, where no promotion is on record', () => {
    const [, , rejected] = story;
    if (!rejected) throw new Error('it was made');
    expect(told([rejected], 34)).toEqual([
      ['2', 50],
      ['3', 50],
    ]);
    expect(told([rejected], 45)).toEqual([['2', 100], undefined]);
    expect(told([rejected], 25)).toEqual([undefined, undefined]);
  });

  it('has no weight that is not on record', () => {
    expect(told([release(1, 0, 5), release(2, 10, 20, { weights: [] })], 15)).toEqual([
      ['1', undefined],
      ['2', undefined],
    ]);
  });

  it('is not told by times that are none', () => {
    expect(told([release(1, 0, 5, { endedAt: 'soon' })], 10)).toEqual([undefined, ['1', 50]]);
    expect(told([release(1, 0, 5, { startedAt: 'x', endedAt: 'y' })], 10)).toEqual([undefined, undefined]);
  });
});
