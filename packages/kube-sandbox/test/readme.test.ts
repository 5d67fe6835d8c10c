// The README's example is a program, and prints what the README says.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const [, shown, printed] =
  /```ts\n([^]*?)```\s+prints\s+```\n([^]*?)```/.exec(readFileSync(file('README.md'), 'utf8')) ?? [];

describe("the example of the README for a program of one's own", () => {
  it('is the program in examples/', () => {
    expect(readFileSync(file('README.md'), 'utf8')).toContain(readFileSync(file('examples/served.ts'), 'utf8'));
  });

  it('gives the program a cluster, and ends as it does', () => {
    const ask = `
      const { clusters } = JSON.parse(require('fs').readFileSync(process.env.KUBECONFIG, 'utf8'));
      fetch(clusters[0].cluster.server + '/version').then((answer) => process.exit(answer.status === 200 ? 7 : 1));`;
    const run = ['--import', 'tsx', file('examples/served.ts'), process.execPath, '-e', ask];
    expect(spawnSync(process.execPath, run, { cwd: file('.') }).status).toBe(7);
  });
});

describe('the example of the README', () => {
  it('is the program in examples/', () => {
    expect(shown).toBe(readFileSync(file('examples/first.ts'), 'utf8'));
  });

  it('runs by itself and prints what the README says', () => {
    const run = ['--import', 'tsx', file('examples/first.ts')];
    expect(execFileSync(process.execPath, run, { encoding: 'utf8', cwd: file('.') })).toBe(printed);
  });
});
