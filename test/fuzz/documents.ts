// Arbitraries of YAML as nobody should write it.
import fc from 'fast-check';

const scalars = fc.oneof(
  fc.constantFrom(
    '1',
    '-0',
    '12e4567',
    '.inf',
    '-.INF',
    '.nan',
    '0x_1F',
    '0o17',
    '0b1',
    '1_000',
    '9007199254740993',
    '1'.repeat(500),
    '~',
    'null',
    'yes',
    'OFF',
    '2026-01-02',
    '!!binary aGk=',
    '!!str 1',
    '"\\uD800"',
    "'it''s'",
    '|\n    x',
    '? y',
    '\t',
    '\u0085',
  ),
  fc.string({ maxLength: 12 }),
);
const lines = fc.oneof(
  fc.constantFrom(
    'apiVersion: v1',
    'kind: ConfigMap',
    'kind: List',
    'items: [*x, *x]',
    'metadata: { name: a }',
    'metadata:',
    '  name: a',
    '---',
    '--- # c',
    '...',
    '%YAML 1.1',
    '%TAG ! tag:x,2000:',
    '# c',
    '',
    '- a',
    '- - - b',
    '  - c: {',
    ']',
    '}',
    '"',
    '|',
    '>-',
    'a: &x { k: 1 }',
    'b: *x',
    '<<: *x',
    '<<: [*x, *x]',
    'a: &x [*x]',
    '__proto__: 1',
    'constructor: 2',
    '? [a]',
    ': b',
    '{{ .Values.x }}',
  ),
  scalars.map((scalar) => `v: ${scalar}`),
);

/** Texts of a file: lines that are nearly YAML, or anything at all. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.array(lines, { maxLength: 14 }).map((parts) => parts.join('\n')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
);

/** Bytes of a file: a text, cut or with a byte in it that is none. */
export const hostileBytes: fc.Arbitrary<Uint8Array> = fc
  .tuple(hostileText, fc.option(fc.tuple(fc.nat(60), fc.nat(255)), { freq: 2 }))
  .map(([text, change]) => {
    const bytes = Buffer.from(text, 'utf8');
    if (change && change[0] < bytes.byteLength) bytes[change[0]] = change[1];
    return bytes;
  });
