import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SOURCE_PROPERTIES } from '../fuzz/properties.ts';

describe('whatever a stranger sends', () => {
  it.each(SOURCE_PROPERTIES.map(({ name, runs, property }) => [name, runs, property] as const))(
    '%s',
    async (_name, numRuns, property) => {
      const outcome = await fc.check(property(), { seed: 8, numRuns });
      expect(fc.defaultReportMessage(outcome)).toBeUndefined();
    },
  );
});
