import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseMegabytes, parseStat, resetPeak } from './process-tree.ts';

describe('what /proc says of a process', () => {
  it('is read past a name that holds spaces and brackets', () => {
    const fields = ['S', '77', ...Array<string>(9).fill('0'), '250', '50', '0'];
    expect(parseStat(`4711 (node (worker) 1) ${fields.join(' ')}`)).toEqual({ parent: 77, cpu: 3 });
  });

  it('has memory now and at most, in megabytes', () => {
    const status = 'Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n';
    expect(parseMegabytes(status, 'VmRSS')).toBe(100);
    expect(parseMegabytes(status, 'VmHWM')).toBe(200);
  });

  it('has no memory when it has ended', () => {
    expect(parseMegabytes('Name:\tnode\nState:\tZ\n', 'VmRSS')).toBe(0);
  });

  it('needs no new peak when it has ended', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    expect(() => resetPeak(pid)).not.toThrow();
  });
});
