import { describe, expect, it } from 'vitest';
import type { Result } from './race.ts';
import { figuresTable, rowsOf, writesTable } from './report.ts';

const result = (name: string, measured: Record<string, number[]>): Result => ({
  name,
  measured,
  writes: [],
  failures: [],
});
const own = result('sluice', { firstWeight: [80, 90, 85], stormAbort: [30] });
const peer = result('peer', { firstWeight: [100, 120, 110], stormAbort: [3000] });

describe('the report', () => {
  it('has a row for each figure that was measured, and no other', () => {
    expect(rowsOf(own, undefined, 200).map(({ id }) => id)).toEqual(['firstWeight', 'stormAbort']);
  });

  it('compares medians with the peer of the same run', () => {
    const [row] = rowsOf(own, peer, 200);
    expect(row).toMatchObject({ median: 85, peerMedian: 110, budget: '≤ 0.8×', met: true });
    expect(row?.ratio).toBeCloseTo(0.773, 3);
  });

  it('shows the spread of what was measured more than once', () => {
    const [, line] = figuresTable(rowsOf(own, undefined, 200), undefined).split('\n');
    expect(line).toContain('85.0 (80.0-90.0)');
    expect(line).toMatch(/≤ 84\.0 +NOT MET$/);
  });

  it('prints the ratio beside the peer', () => {
    const lines = figuresTable(rowsOf(own, peer, 200), 'argo').split('\n');
    expect(lines[0]).toMatch(/sluice +argo +ratio +budget$/);
    expect(lines[1]).toMatch(/110 \(100-120\) +0\.77× +≤ 0\.8× +met$/);
  });

  it('says of writes what each rollout cost, and what they come to', () => {
    const writes = [
      { writer: 'bench', kind: 'PATCH rollouts', count: 200 },
      { writer: 'sluice', kind: 'PATCH virtualservices', count: 800 },
    ];
    const lines = writesTable(writes, 200).split('\n');
    expect(lines[2]).toMatch(/^sluice +PATCH virtualservices +4\.00$/);
    expect(lines[3]).toMatch(/together +5\.00$/);
  });
});
