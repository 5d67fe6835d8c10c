import { describe, expect, it } from 'vitest';
import { FIGURES, judge } from './figures.ts';

describe('a budget', () => {
  const budget = { most: 84, share: 0.8 };

  it('is held to the absolute limit where nobody else was measured', () => {
    expect(judge(budget, 84, undefined, 200)).toEqual({ budget: '≤ 84.0', met: true });
    expect(judge(budget, 84.1, undefined, 200).met).toBe(false);
  });

  it('is held to the share of what the peer needed in the same run, and to nothing else', () => {
    expect(judge(budget, 150, 200, 200)).toEqual({ budget: '≤ 0.8×', met: true });
    expect(judge(budget, 70, 80, 200).met).toBe(false);
  });

  it('that is absolute stays so beside a peer', () => {
    expect(judge({ most: 250 }, 200, 13_200, 200)).toEqual({ budget: '≤ 250', met: true });
  });

  it('for a fleet of one size says nothing of another', () => {
    const ofFleet = { most: 9.6, share: 0.6, fleet: 200 };
    expect(judge(ofFleet, 99, undefined, 50)).toEqual({ budget: '≤ 9.60 at 200', met: undefined });
    expect(judge(ofFleet, 5, 10, 50).met).toBe(true);
  });

  it('that is not there is neither met nor missed', () => {
    expect(judge(undefined, 1, 2, 200)).toEqual({ budget: '', met: undefined });
    expect(judge({ share: 1 }, 1, undefined, 200)).toEqual({ budget: '', met: undefined });
  });
});

describe('the figures', () => {
  it('are each measured under a name of their own', () => {
    const ids = FIGURES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
