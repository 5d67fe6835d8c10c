import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Redactor } from '../../src/analysis/redactor.ts';

const SECRET = 'hün/ter2 "T\\k+=\n%\'&<';

const go = (text: string): string =>
  text.replaceAll(/[^\x20-\x7e]|["\\]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const yamlEscape = (unit: string): string =>
  unit.charCodeAt(0) < 256
    ? `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`
    : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const SPELLINGS: [string, (text: string) => string][] = [
  ['as it is', (text) => text],
  ['percent-encoded', encodeURIComponent],
  [
    'percent-encoded in small letters',
    (text) => encodeURIComponent(text).replaceAll(/%../g, (hex) => hex.toLowerCase()),
  ],
  ['percent-encoded twice', (text) => encodeURIComponent(encodeURIComponent(text))],
  ['as a form', (text) => new URLSearchParams({ '': text }).toString().slice(1)],
  ['as JSON', (text) => JSON.stringify(text).slice(1, -1)],
  ['as JSON in JSON', (text) => JSON.stringify(JSON.stringify(text)).slice(3, -3)],
  [
    'as JSON for a page',
    (text) => JSON.stringify(text).slice(1, -1).replaceAll('<', '\\u003C').replaceAll('&', '\\u0026'),
  ],
  ['as Go quotes it', go],
  ['as HTML', (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&#34;').replaceAll('<', '&lt;')],
  ['as YAML in single quotes', (text) => `'${text.replaceAll("'", "''")}'`],
  ['as YAML in double quotes', (text) => `"${text.replaceAll(/[^\x20-\x7e]|["\\]/g, yamlEscape)}"`],
  ['as base64', (text) => Buffer.from(text).toString('base64')],
  ['as base64 for URLs', (text) => Buffer.from(text).toString('base64url')],
  ['as base64 in a URL', (text) => encodeURIComponent(Buffer.from(text).toString('base64'))],
  ['as basic credentials', (text) => Buffer.from(`me:${text}`).toString('base64')],
  ['as longer credentials', (text) => Buffer.from(`user:${text}!`).toString('base64')],
  ['as a bearer token', (text) => `Bearer ${text}`],
  ['as hex', (text) => Buffer.from(text).toString('hex').toUpperCase()],
];

const redactor = (...secrets: string[]): Redactor => {
  const made = new Redactor();
  for (const secret of secrets) made.add(secret);
  return made;
};

describe('a redactor hides a secret', () => {
  it.each(SPELLINGS)('%s', (_, spell) => {
    const clean = redactor(SECRET).clean(`error near ${spell(SECRET)} here`);
    expect(clean).toMatch(/^error near (Bearer )?\S{0,6}\*\*\*\S{0,6} here$/);
  });

  it('whatever it is', () => {
    const unit = fc.constantFrom(...Array.from('aZ0 "\'\\/+=%&<>\n\té😀*.$^()[]{}|-_~`#'));
    const secret = fc.string({ unit, minLength: 3, maxLength: 12 }).filter((text) => text.trim().length > 2);
    fc.assert(
      fc.property(secret, fc.constantFrom(...SPELLINGS), (text, [, spell]) => {
        const clean = redactor(text).clean(`>>> ${spell(text)} <<<`);
        expect(clean).toContain('***');
        expect(clean).not.toContain(text.trim());
        expect(clean.length).toBeLessThan(35);
      }),
      { numRuns: 300, seed: 20260101 },
    );
  });

  it('with its final newline or without, the longer one first', () => {
    expect(redactor('tok\n').clean('a tok b')).toBe('a *** b');
    expect(redactor('abc', 'abcdef').clean('abcdef abc')).toBe('*** ***');
    expect(redactor('').clean('abc')).toBe('abc');
  });

  it('before it cuts, so that no half of one is left', () => {
    expect(redactor('hunter2-token').clean(`${'x'.repeat(10)}hunter2-token`, 14)).toBe('xxxxxxxxxx***');
    const long = redactor('hunter2-token').clean(`${'hunter2-token'.repeat(20_000)}`);
    expect(long).toMatch(/^\*+…$/);
  });

  it('and keeps texts on one line', () => {
    expect(redactor().clean('a\r\nb\u2028c\u0000d\u202ee')).toBe('a b c d e');
  });

  it('in bounded time, whatever the text is', () => {
    const dear = redactor(`${'\\'.repeat(40)}x`, `${'"'.repeat(40)}y`, `${'a'.repeat(2000)}b`);
    for (const piece of ['\\', '"', '\\"', 'a', '%25', '+%', '&amp;', '\\u005c'])
      expect(dear.clean(piece.repeat(1000).slice(0, 4000), 50).length).toBeLessThanOrEqual(51);
  });
});
