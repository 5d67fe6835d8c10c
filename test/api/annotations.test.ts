import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ZodType } from 'zod';
import { heldNoteSchema, readAnnotation, takenCommandSchema } from '../../src/api/annotations.ts';
import { revisionRefSchema } from '../../src/api/revision.ts';

const command = { id: '17-promote', verb: 'promote', value: 'full', at: '2026-01-01T00:00:00Z' };
const read = (text: string) => readAnnotation({ 'sluice.dev/command': text }, 'sluice.dev/command', takenCommandSchema);

describe('annotations that Sluice reads back', () => {
  it('are taken as Sluice wrote them', () => {
    expect(read(JSON.stringify(command))).toEqual({ ok: true, value: command });
  });

  it.each([
    ['{"verb":"promote","value":"full"}'],
    [JSON.stringify({ ...command, id: 'x' })],
    [JSON.stringify({ ...command, id: '17-abort' })],
    [JSON.stringify({ ...command, verb: 'approve' })],
    [JSON.stringify({ ...command, at: 'soon' })],
    ['null'],
    ['{'],
    [`"${'x'.repeat(100_000)}"`],
  ])('are ignored by name where they are malformed: %.60s', (text) => {
    const result = read(text);
    expect(result.ok ? '' : result.error.field).toBe('metadata.annotations[sluice.dev/command]');
  });

  it('never throw, whatever is written', () => {
    const schemas: ZodType<unknown>[] = [takenCommandSchema, heldNoteSchema, revisionRefSchema];
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.constantFrom(...schemas), (text, schema) => {
        expect(typeof readAnnotation({ a: text }, 'a', schema).ok).toBe('boolean');
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});
