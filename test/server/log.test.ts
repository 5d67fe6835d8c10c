import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { LogLevel } from '../../src/ports/log.ts';
import { knownSecrets } from '../../src/secrecy/known-secrets.ts';
import { jsonLog } from '../../src/server/log.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

function world(level: LogLevel, secrets = knownSecrets()) {
  const lines: string[] = [];
  const log = jsonLog({ level, write: (line) => lines.push(line), clock: new VirtualClock(0), secrets });
  return { log, lines, secrets };
}

describe('the log', () => {
  it('writes JSON lines at its level and above, without credentials', () => {
    const { log, lines } = world('warn');
    log.info('quiet');
    log.warn('fetch failed', { error: new Error('https://bob:hunter2@git.example.com/x'), token: 'abc' });
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0]!);
    expect(line).toMatchObject({
      time: '1970-01-01T00:00:00.000Z',
      level: 'warn',
      message: 'fetch failed',
      token: '***',
    });
    expect(line.error).toContain('https://***@git.example.com/x');
    expect(lines[0]).not.toContain('hunter2');
  });

  const SECRET = 'hunter2 "T\\k3n/ä+\n~(x)!';
  const encoded = encodeURIComponent(SECRET);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  it.each([
    ['as it is', SECRET],
    ['in upper case', SECRET.toUpperCase()],
    ['URL-encoded', encoded],
    ['URL-encoded in small letters', encoded.toLowerCase()],
    [
      'URL-encoded in every character that may be',
      encoded.replaceAll('!', '%21').replaceAll('(', '%28').replaceAll(')', '%29').replaceAll('~', '%7E'),
    ],
    ['URL-encoded twice', encodeURIComponent(encoded)],
    ['as a field of a form', new URLSearchParams({ q: SECRET }).toString()],
    ['as a JSON text', JSON.stringify({ secret: SECRET })],
    ['as a JSON text in a JSON text', JSON.stringify(JSON.stringify({ a: SECRET }))],
    ['base64', base64(SECRET)],
    ['base64 behind one other', base64(`u${SECRET}`)],
    ['base64 of Basic authentication', base64(`bot:${SECRET}`)],
    ['base64 between others', base64(`ab:${SECRET}:yz`)],
    ['base64 for URLs', Buffer.from(SECRET).toString('base64url')],
    ['in hex', Buffer.from(SECRET).toString('hex')],
    ['as a YAML text', dump({ secret: SECRET })],
    [
      'as a YAML text in a block',
      dump({ secret: `a long text in front: ${SECRET}, and\nmore lines` }, { lineWidth: 20 }),
    ],
    ['base64 in lines', `secret: |\n  ${base64(SECRET).replaceAll(/.{10}/g, '$&\n  ')}`],
  ])('never tells a secret that was read: %s', (_, form) => {
    const { log, lines, secrets } = world('info');
    secrets.learn(SECRET);
    log.info(`answer: ${form}`, { [`field ${form}`]: form, deep: { list: [form], error: new Error(form) } });
    for (const piece of [
      'hunter2',
      'k3n',
      encoded.slice(-12),
      base64(SECRET).slice(4, 20),
      base64(`u${SECRET}`).slice(4, 20),
    ])
      expect(lines[0]?.toLowerCase()).not.toContain(piece.toLowerCase());
    expect(lines[0]).toContain('***');
  });

  it('knows each line of a key, and leaves words alone that are too short to be secret', () => {
    const { log, lines, secrets } = world('info');
    secrets.learn('-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7d0z\nabc\n-----END KEY-----\n');
    secrets.learn('main');
    log.info('branch main: MIIEpAIBAAKCAQEA7d0z');
    expect(JSON.parse(lines[0]!).message).toBe('branch main: ***');
  });

  it('remembers the secrets that were read last, and no more than a number', () => {
    const { log, lines, secrets } = world('info');
    for (let n = 0; n < 21_000; n++) secrets.learn(`planted-${n}-secret`);
    log.info('planted-0-secret planted-20999-secret');
    expect(JSON.parse(lines[0]!).message).toBe('planted-0-secret ***');
  });

  it('tells what a user or the outside did without a stack, and a bug with one', () => {
    const { log, lines } = world('info');
    log.warn('a pass failed', { error: new Error('spec.steps: there is no step 3') });
    log.warn('a pass failed', { error: new TypeError('undefined is no object') });
    log.error('a bug', { error: new Error('impossible') });
    const errors = lines.map((line) => JSON.parse(line).error as string);
    expect(errors[0]).toBe('Error: spec.steps: there is no step 3');
    expect(errors[1]).toContain('\n    at ');
    expect(errors[2]).toContain('\n    at ');
  });

  it('tells every stack at debug', () => {
    const { log, lines } = world('debug');
    log.warn('a pass failed', { error: new Error('no') });
    expect(JSON.parse(lines[0]!).error).toContain('\n    at ');
  });
});

it.each(['\\'.repeat(100), '%25'.repeat(40), `${'a'.repeat(127)}b`, '(a+)+$'.repeat(20), '"\\"\\'.repeat(30)])(
  'comes to an end whatever a secret is made of: %s',
  (secret) => {
    const secrets = knownSecrets();
    secrets.learn(`${secret}x`);
    for (const piece of secret.slice(0, 4).split('')) secrets.scrub(`${piece.repeat(5_000)}!`);
    secrets.scrub(secret.repeat(50));
    expect(secrets.scrub(`<${secret}x>`)).toMatch(/^<(\*\*\*)+>$/);
  },
);
