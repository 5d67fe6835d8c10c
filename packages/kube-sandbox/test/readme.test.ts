// The README's example is a program, and prints what the README says.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const [, shown, printed] =
  /```ts\n([^]*?)```\s+prints\s+```\n([^]*?)```/.exec(readFileSync(file('README.md'), 'utf8')) ?? [];

describe('the example of the README', () => {
  it('is the program in examples/', () => {
    expect(shown).toBe(readFileSync(file('examples/first.ts'), 'utf8'));
  });

  it('runs by itself and prints what the README says', () => {
    const run = ['--import', 'tsx', file('examples/first.ts')];
    expect(execFileSync(process.execPath, run, { encoding: 'utf8', cwd: file('.') })).toBe(printed);
  });
});
