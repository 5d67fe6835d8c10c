import { describe, expect, it } from 'vitest';
import { median, summarise } from './statistics.ts';

describe('a median', () => {
  it('is the value in the middle, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('of an even count lies between the two in the middle', () => {
    expect(median([4, 1, 3, 100])).toBe(3.5);
  });

  it('sorts by size and not by spelling', () => {
    expect(median([100, 20, 3])).toBe(20);
  });

  it('leaves its input as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('of nothing is refused', () => {
    expect(() => median([])).toThrow('no median of nothing');
  });
});

describe('a summary', () => {
  it('says how far the measurements lie apart, and how many there were', () => {
    expect(summarise([7, 3, 5])).toEqual({ median: 5, least: 3, most: 7, count: 3 });
  });
});
