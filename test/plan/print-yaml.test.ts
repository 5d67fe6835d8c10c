// What is printed is read as the same values again, whatever a text looks like.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../src/application/source/yaml.ts';
import { printYaml } from '../../src/plan/print-yaml.ts';

const ODD = [
  'on',
  'Off',
  'y',
  'N',
  '~',
  'null',
  '0777',
  '0o7',
  '1_000',
  '.5',
  '1e3',
  '0b1',
  '-0',
  '.inf',
  '=',
  '<<',
  ' x',
  'a: b',
  'x #y',
  '- a',
  '---',
  '...',
  '2024-01-01',
  '1:30',
  '\u0085',
  '\uFEFF',
  'a\n\n b\n',
  '\t',
  '"',
  "'",
  '%',
  '@',
  '`',
  '!a',
  '&a',
  '*a',
  '',
];

const text = fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary-ascii' }));
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.boolean(),
    fc.integer(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('any'),
      { maxKeys: 4 },
    ),
  ),
})).any;

describe('an object that is printed', () => {
  it('is read as the same', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'on'), value, { minKeys: 1 }), (object) => {
        expect(parseDocument(printYaml(object))).toEqual(object);
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});
