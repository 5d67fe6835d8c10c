// A secret that was read is planted into log lines, in whatever form; none of them lets it out, and a line stays a line of JSON.
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { knownSecrets } from '../../src/secrecy/known-secrets.ts';
import { jsonLog } from '../../src/server/log.ts';
import { fuzzRuns } from '../support/fuzz.ts';

// What a secret is made of: random enough not to be part of what surrounds it by chance.
const secret = fc
  .tuple(fc.uuid(), fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ maxLength: 12 }))
  .map((parts) => parts.join(''));

type Form = [name: string, make: (secret: string, around: string) => string];
const bytes = (text: string) => Buffer.from(text, 'utf8');
const FORMS: Form[] = [
  ['plain', (text) => text],
  ['upper case', (text) => text.toUpperCase()],
  ['URL-encoded', (text) => encodeURIComponent(bytes(text).toString())],
  ['form', (text, around) => new URLSearchParams({ [around]: text }).toString()],
  ['JSON', (text, around) => JSON.stringify({ around, text })],
  ['JSON twice', (text) => JSON.stringify(JSON.stringify(text))],
  ['base64', (text, around) => bytes(`${around}${text}${around}`).toString('base64')],
  ['base64url', (text, around) => bytes(`${around}${text}${around}`).toString('base64url')],
  ['hex', (text) => bytes(text).toString('hex')],
  ['YAML', (text, around) => dump({ around, text })],
  ['YAML in JSON', (text, around) => JSON.stringify(dump({ around, text }))],
];
const form = fc.constantFrom(...FORMS);

/** What of it must never be seen: its random part, and that part in base64 at every offset. */
function traces(text: string): string[] {
  const random = text.slice(0, 36);
  const offsets = [0, 1, 2].map((offset) => Buffer.concat([Buffer.alloc(offset), bytes(random)]).toString('base64'));
  return [random, bytes(random).toString('hex'), ...offsets.map((each) => each.slice(4, 40))];
}

describe('a line of the log', () => {
  it('never tells a known secret, wherever and however it is planted', () => {
    fc.assert(
      fc.property(secret, form, fc.string({ maxLength: 20 }), (planted, [, make], around) => {
        const secrets = knownSecrets();
        secrets.learn(planted);
        const lines: string[] = [];
        const log = jsonLog({ write: (line) => lines.push(line), secrets });
        const text = `${around}${make(planted.trim(), around)}${around}`;
        log.info(text, { value: text, deep: [{ [text]: text }], error: new Error(text) });
        for (const trace of traces(planted.trim())) expect(lines[0]?.toLowerCase()).not.toContain(trace.toLowerCase());
        expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info' });
      }),
      fuzzRuns(300),
    );
  });

  it('is one line of JSON whatever is logged, and writing it never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string(), fc.anything({ withBigInt: true })),
        (message, fields) => {
          const lines: string[] = [];
          jsonLog({ write: (line) => lines.push(line), secrets: knownSecrets() }).warn(message, fields);
          expect(lines).toHaveLength(1);
          expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
          expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn' });
        },
      ),
      fuzzRuns(500),
    );
  });

  it('holds no credentials of a URL, whatever stands around it', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.~%!$'.split('')), minLength: 8, maxLength: 30 });
    fc.assert(
      fc.property(fc.string(), word, word, fc.string(), (before, user, password, after) => {
        const clean = knownSecrets().scrub(`${before} https://q${user}q:z${password}z@git.example.com/ ${after}`);
        expect(clean).not.toContain(`z${password}z`);
        expect(clean).toContain('@git.example.com/');
      }),
      fuzzRuns(300),
    );
  });
});
