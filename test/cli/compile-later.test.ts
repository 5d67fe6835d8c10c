// What V8 is told about when to compile.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { compilerFlag } from '../../src/cli/compile-later.ts';

describe('the flag for the compiler', () => {
  it('has the name that the V8 of each Node knows', () => {
    expect(compilerFlag('11.3.244.8-node.38')).toBe('--interrupt-budget=540000');
    expect(compilerFlag('12.4.254.21-node.33')).toBe('--invocation-count-for-turbofan=24000');
    expect(compilerFlag('13.6.233.17-node.37')).toBe('--invocation-count-for-turbofan=24000');
  });

  it('is one that the V8 of this Node takes', () => {
    const taken = execFileSync(process.execPath, [compilerFlag(process.versions.v8), '-p', '1']).toString();
    expect(taken.trim()).toBe('1');
  });
});
