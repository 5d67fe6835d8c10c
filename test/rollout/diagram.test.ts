import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stateMachinePage } from '../../scripts/diagram.ts';

describe('docs/state-machine.md', () => {
  it('is what the machine gives (npm run generate)', () => {
    expect(readFileSync(new URL('../../docs/state-machine.md', import.meta.url), 'utf8')).toBe(stateMachinePage());
  });
});
