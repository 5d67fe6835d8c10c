import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundsOf, goal, nextCounts, resolveCount } from '../../src/rollout/surge.ts';

describe('a count or percentage', () => {
  it.each([
    [undefined, 5, 'up', 2],
    [undefined, 5, 'down', 1],
    ['50%', 3, 'up', 2],
    ['50%', 3, 'down', 1],
    [0, 9, 'up', 0],
    ['2', 9, 'up', 2],
  ] as const)('%s of %s, rounded %s, is %s', (value, replicas, round, count) => {
    expect(resolveCount(value, replicas, round)).toBe(count);
  });
});

describe('one pod and a surge', () => {
  it('are two pods to share: a canary gets one of them', () => {
    expect(goal(1, 10, 1)).toEqual({ canary: 1, stable: 1 });
    expect(goal(1, 10, 0)).toEqual({ canary: 0, stable: 1 });
  });
});

describe('stable pods that are not available', () => {
  it('go without loss, but pay for no canary pod', () => {
    const sides = { canary: { desired: 2, available: 2 }, stable: { desired: 4, available: 0 }, older: 0 };
    const counts = nextCounts({ replicas: 2, weight: 50, maxSurge: 1, maxUnavailable: 0, aborting: false, ...sides });
    expect(counts.canary).toBe(2);
  });
});

describe('a rolling update', () => {
  it('stays within maxSurge and maxUnavailable at each move and ends at the goal', () => {
    const n = fc.nat(12);
    fc.assert(
      fc.property(n, fc.nat(100), fc.nat(4), fc.nat(4), (replicas, weight, surge, unavailable) => {
        const { maxSurge, maxUnavailable } = boundsOf({ maxSurge: surge, maxUnavailable: unavailable }, replicas);
        const target = goal(replicas, weight, maxSurge);
        let [canary, stable] = [0, replicas];
        for (let i = 0; i < 60; i++) {
          const side = (x: number): { desired: number; available: number } => ({ desired: x, available: x });
          const sides = { canary: side(canary), stable: side(stable), older: 0, aborting: false };
          const next = nextCounts({ replicas, weight, maxSurge, maxUnavailable, ...sides });
          expect(next.canary + next.stable).toBeLessThanOrEqual(
            Math.max(replicas + maxSurge, target.canary + target.stable),
          );
          const available = Math.min(canary, next.canary) + Math.min(stable, next.stable);
          expect(available).toBeGreaterThanOrEqual(Math.min(canary + stable, replicas - maxUnavailable));
          [canary, stable] = [next.canary, next.stable];
        }
        expect({ canary, stable }).toEqual(target);
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});
