// Annotations that anybody may have written: read without a throw, and only as what their schema says.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { driverSchema, heldNoteSchema, readAnnotation, takenCommandSchema } from '../../src/api/annotations.ts';
import { revisionRefSchema } from '../../src/api/revision.ts';
import { fuzzRuns } from '../support/fuzz.ts';

const NAME = 'sluice.dev/x';
const SCHEMAS = {
  command: takenCommandSchema,
  held: heldNoteSchema,
  driver: driverSchema,
  revision: revisionRefSchema,
};
const keys = [
  'rollout',
  'trafficRouting',
  'canaryService',
  'id',
  'verb',
  'value',
  'at',
  'rejected',
  'stable',
  'reason',
  'commit',
  'short',
  '__proto__',
  'constructor',
];
const words = fc.oneof(
  fc.constantFrom('promote', 'abort', 'full', '1-abort', '2026-01-01T00:00:00Z', 'a'.repeat(40)),
  fc.string(),
);
const shaped = fc.dictionary(
  fc.constantFrom(...keys),
  fc.oneof(words, fc.dictionary(fc.constantFrom(...keys), words), fc.jsonValue()),
);
const text = fc.oneof(
  fc.string(),
  fc.json(),
  shaped.map((value) => JSON.stringify(value)),
);

describe.each(Object.entries(SCHEMAS))('the annotation %s', (_, schema) => {
  it('is what its schema says, or an issue that names it, whatever is written', () => {
    fc.assert(
      fc.property(text, (value) => {
        const result = readAnnotation<unknown>({ [NAME]: value }, NAME, schema);
        const fits = result.ok ? schema.safeParse(result.value).success : result.error.field.includes(NAME);
        expect(fits).toBe(true);
      }),
      fuzzRuns(500),
    );
  });
});
