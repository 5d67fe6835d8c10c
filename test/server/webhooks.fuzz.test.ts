// Whatever is sent to the port for webhooks: it answers, no hint comes of what is not signed, and one of what is signed and names a repository.
import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LogFields } from '../../src/ports/log.ts';
import { silentLog } from '../../src/ports/log.ts';
import type { RunningServer } from '../../src/server/listener.ts';
import { claimOf, holds, isStale, readPush, type Hint } from '../../src/server/webhook.ts';
import { serveWebhooks } from '../../src/server/webhooks.ts';
import { fuzzRuns } from '../support/fuzz.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

const SECRET = 'a secret that nobody guesses';
const clock = new VirtualClock();
let server: RunningServer;
let hints: Hint[] = [];
let faults: [string, LogFields | undefined][] = [];

beforeAll(async () => {
  server = await serveWebhooks({
    clock,
    log: { ...silentLog, error: (message, fields) => void faults.push([message, fields]) },
    host: '127.0.0.1',
    port: 0,
    webhookSecret: () => SECRET,
    onHint: (hint) => hints.push(hint),
    hooksPerMinute: 1_000_000,
  });
});
afterAll(() => server.close());
beforeEach(() => {
  hints = [];
  faults = [];
});

const HEADERS = [
  'x-hub-signature-256',
  'x-gitea-signature',
  'x-gitlab-token',
  'x-sluice-timestamp',
  'x-github-delivery',
  'content-type',
];
// What may stand in a header.
const value = fc.string({ unit: fc.constantFrom(...'abcdef0123456789=/;,. sha256'.split('')), maxLength: 80 });
const headers = fc.dictionary(fc.constantFrom(...HEADERS), value, { maxKeys: 6, noNullPrototype: true });
const path = fc.oneof(
  fc.constantFrom('/webhook', '/webhook/', '/webhook/shop/web', '/webhook/shop/web/'),
  fc
    .array(fc.constantFrom('webhook', 'shop', '..', '%2e%2e', '', '-', 'A', '%00', '.'), { maxLength: 5 })
    .map((p) => `/${p.join('/')}`),
);
const body = fc.oneof(fc.string({ unit: 'binary' }), fc.json({ maxDepth: 4 }));

async function post(to: string, given: Record<string, string>, text: string | Buffer): Promise<number> {
  const request = { method: 'POST', headers: given, body: text as string };
  const answer = await fetch(new Request(server.url + to, request));
  await answer.arrayBuffer();
  return answer.status;
}

describe('the port for webhooks', () => {
  it('refuses everything that is not signed, and never fails', async () => {
    await fc.assert(
      fc.asyncProperty(path, headers, body, async (to, given, text) => {
        expect([401, 404, 429]).toContain(await post(to, given, text));
        expect([hints, faults]).toEqual([[], []]);
      }),
      fuzzRuns(200),
    );
  });

  it('takes everything that is signed for what it is, and never fails', async () => {
    const push = fc.record({ repoURL: fc.webUrl(), ref: fc.string(), after: fc.stringMatching(/^[0-9a-f]{40}$/) });
    const payload = fc.oneof(
      body,
      push.map((p) => JSON.stringify(p)),
    );
    await fc.assert(
      fc.asyncProperty(payload, fc.nat(), async (text, delivery) => {
        hints = [];
        await clock.advance(60_000);
        const bytes = Buffer.from(text, 'utf8');
        const digest = createHmac('sha256', SECRET).update(bytes).digest('hex');
        const status = await post(
          '/webhook',
          { 'x-hub-signature-256': `sha256=${digest}`, 'x-github-delivery': String(delivery) },
          bytes,
        );
        expect([202, 400]).toContain(status);
        expect(faults).toEqual([]);
        for (const hint of hints) expect(hint.repoURLs.every((url) => url.length > 0)).toBe(true);
      }),
      fuzzRuns(200),
    );
  });
});

describe('a payload', () => {
  it('of any shape is read without a throw, as URLs and a ref that are texts of bounded length', () => {
    const keys = [
      'repository',
      'project',
      'repoURL',
      'clone_url',
      'url',
      'ref',
      'after',
      'commit',
      '__proto__',
      'constructor',
    ];
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        // The first is taken at the deepest.
        fc.webUrl(),
        fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 5 }),
        fc.anything(),
        fc.string({ maxLength: 3_000, minLength: 2_000 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (payload) => {
        const push = readPush(payload);
        for (const text of [...(push?.repoURLs ?? []), push?.ref ?? '']) {
          expect(typeof text).toBe('string');
          expect(text.length).toBeLessThanOrEqual(2_048);
        }
      }),
      fuzzRuns(500),
    );
  });
});

describe('a claim', () => {
  const given = fc.dictionary(fc.constantFrom(...HEADERS), fc.oneof(fc.string(), fc.array(fc.string())), {
    maxKeys: 6,
  });

  it('never holds without the secret', () => {
    fc.assert(
      fc.property(given, fc.uint8Array(), fc.uuid(), (raw, bytes, secret) => {
        const claim = claimOf(raw);
        expect(claim !== undefined && holds(claim, Buffer.from(bytes), secret)).toBe(false);
      }),
      fuzzRuns(500),
    );
  });

  it('with a timestamp holds for that timestamp and that body alone, and near its time', () => {
    const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
    fc.assert(
      fc.property(seconds, seconds, fc.string(), fc.string(), (at, other, text, otherText) => {
        const sign = (t: number, b: string) => createHmac('sha256', SECRET).update(`${t}.${b}`).digest('hex');
        const claim = claimOf({ 'x-sluice-timestamp': String(at), 'x-hub-signature-256': `sha256=${sign(at, text)}` });
        if (claim === undefined) throw new Error('there is a claim');
        expect(holds(claim, Buffer.from(text), SECRET)).toBe(true);
        expect(holds(claim, Buffer.from(otherText), SECRET)).toBe(text === otherText);
        expect(isStale(claim, other * 1_000)).toBe(Math.abs(at - other) > 300);
      }),
      fuzzRuns(300),
    );
  });
});
