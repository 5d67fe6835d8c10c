import { createHmac, randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogFields } from '../../src/ports/log.ts';
import type { RunningServer } from '../../src/server/listener.ts';
import type { Hint } from '../../src/server/webhook.ts';
import { serveWebhooks, type HookResult } from '../../src/server/webhooks.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

const SECRET = 's3cret';
const REPOSITORY = 'https://git.example.com/acme/shop.git';
const push = (commit = 'a'.repeat(40)): string =>
  JSON.stringify({ ref: 'refs/heads/main', after: commit, repository: { clone_url: REPOSITORY } });
const nthPush = (n: number): string => push(n.toString(16).padStart(40, '0'));
const hmac = (text: string, secret = SECRET): string => createHmac('sha256', secret).update(text).digest('hex');
const signed = (body: string): Record<string, string> => ({ 'x-hub-signature-256': `sha256=${hmac(body)}` });
const PUSH = push();

let server: RunningServer;
let hints: Hint[];
let results: HookResult[];
let logged: { level: string; message: string; fields: LogFields | undefined }[];
let secretLookups: number;
let clock: VirtualClock;

beforeEach(async () => {
  hints = [];
  results = [];
  logged = [];
  secretLookups = 0;
  clock = new VirtualClock();
  const keep = (level: string) => (message: string, fields?: LogFields) => void logged.push({ level, message, fields });
  server = await serveWebhooks({
    clock,
    log: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') },
    host: '127.0.0.1',
    port: 0,
    webhookSecret: (application) => {
      secretLookups++;
      return application?.name === 'none' ? undefined : SECRET;
    },
    onHint: (hint) => hints.push(hint),
    counted: (result) => results.push(result),
    hooksPerMinute: 3,
  });
});
afterEach(() => server.close());

async function post(path: string, headers: Record<string, string>, body = PUSH): Promise<[number, string]> {
  const answer = await fetch(server.url + path, { method: 'POST', body, headers });
  return [answer.status, (await answer.text()).trim()];
}

describe('a webhook', () => {
  it('that GitHub, Gitea or GitLab signs becomes a hint', async () => {
    expect(await post('/webhook', signed(PUSH))).toEqual([202, 'accepted']);
    expect(await post('/webhook/shop/web', { 'x-gitea-signature': hmac(PUSH) })).toEqual([202, 'accepted']);
    expect(await post('/webhook', { 'x-gitlab-token': SECRET }, push('b'.repeat(40)))).toEqual([202, 'accepted']);
    const hint = { repoURLs: [REPOSITORY], ref: 'refs/heads/main', deliveredAt: clock.now() };
    expect(hints).toEqual([hint, { ...hint, application: { namespace: 'shop', name: 'web' } }, hint]);
  });

  it.each([
    ['without a signature', '/webhook', {}],
    ['with another signature', '/webhook', { 'x-hub-signature-256': `sha256=${hmac(PUSH, 'other')}` }],
    ['with the signature of another body', '/webhook', signed(`${PUSH} `)],
    ['with another token', '/webhook', { 'x-gitlab-token': 'wrong' }],
    ['with an empty signature', '/webhook', { 'x-hub-signature-256': '' }],
    ['for which no secret is set', '/webhook/shop/none', signed(PUSH)],
  ])('%s is refused with 401', async (_, path, headers) => {
    expect((await post(path, headers as Record<string, string>))[0]).toBe(401);
    expect(hints).toEqual([]);
    expect(results).toEqual(['unauthenticated']);
  });

  it('is answered the same whether its Application has no secret or another one', async () => {
    const wrong = signed('something else');
    expect(await post('/webhook/shop/none', wrong)).toEqual(await post('/webhook/shop/web', wrong));
  });

  it('that claims nothing makes nobody look for a secret', async () => {
    await post('/webhook/shop/web', {});
    expect(secretLookups).toBe(0);
  });

  it('that is signed but is not JSON is refused, and one that names no repository ignored', async () => {
    expect((await post('/webhook', signed('{'), '{'))[0]).toBe(400);
    expect(await post('/webhook', signed('[]'), '[]')).toEqual([202, 'ignored: the payload names no repository']);
    expect(hints).toEqual([]);
  });

  it('over 1 MiB is refused, announced or not', async () => {
    const long = 'x'.repeat(1024 * 1024 + 1);
    expect((await post('/webhook', signed(PUSH), long))[0]).toBe(413);
    const body = new Blob([long]).stream();
    const request = { method: 'POST', body, duplex: 'half', headers: signed(PUSH) } as RequestInit;
    expect((await fetch(`${server.url}/webhook`, request)).status).toBe(413);
  });

  it('goes to its path by POST alone', async () => {
    expect((await fetch(`${server.url}/webhook`)).status).toBe(405);
    for (const path of ['/', '/metrics', '/healthz', '/readyz', '/webhook/shop', '/webhook/shop/web/more'])
      expect([path, (await fetch(server.url + path)).status]).toEqual([path, 404]);
  });
});

describe('a flood', () => {
  it('of unsigned requests leaves a signed one alone', async () => {
    const statuses = new Set<number>();
    for (let n = 0; n < 640; n += 20)
      for (const [status] of await Promise.all(Array.from({ length: 20 }, () => post('/webhook', {}))))
        statuses.add(status);
    expect(statuses).toEqual(new Set([401, 429]));
    expect(await post('/webhook', signed(PUSH))).toEqual([202, 'accepted']);
  });

  it('of wrongly signed requests leaves a signed one alone', async () => {
    const wrong = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };
    for (let n = 0; n < 100; n++) await post('/webhook', wrong);
    expect(await post('/webhook', signed(PUSH))).toEqual([202, 'accepted']);
  });

  it('of signed requests is limited, for each path on its own', async () => {
    const statuses = [];
    for (let n = 1; n <= 4; n++) statuses.push((await post('/webhook/a/a', signed(nthPush(n)), nthPush(n)))[0]);
    expect(statuses).toEqual([202, 202, 202, 429]);
    expect((await post('/webhook/b/b', signed(PUSH)))[0]).toBe(202);
    await clock.advance(60_000);
    expect((await post('/webhook/a/a', signed(nthPush(4)), nthPush(4)))[0]).toBe(202);
  });

  it('of one recorded delivery spends nothing of what a new one needs', async () => {
    for (let n = 0; n < 100; n++) await post('/webhook', signed(PUSH));
    expect(hints).toHaveLength(1);
    const next = nthPush(2);
    expect(await post('/webhook', signed(next), next)).toEqual([202, 'accepted']);
  });
});

describe('a delivery that is sent again', () => {
  it('does nothing, whatever id it carries', async () => {
    for (const id of ['one', 'one', 'another']) await post('/webhook', { ...signed(PUSH), 'x-github-delivery': id });
    expect(await post('/webhook', signed(PUSH))).toEqual([202, 'already seen']);
    expect(hints).toHaveLength(1);
    expect(results).toEqual(['accepted', 'replayed', 'replayed', 'replayed']);
  });

  it('does nothing when two of it come at once', async () => {
    const answers = await Promise.all([post('/webhook', signed(PUSH)), post('/webhook', signed(PUSH))]);
    expect(answers.map(([, words]) => words).sort()).toEqual(['accepted', 'already seen']);
  });

  it('is acted on when it could not be before', async () => {
    for (let n = 1; n <= 3; n++) await post('/webhook', signed(nthPush(n)), nthPush(n));
    expect((await post('/webhook', signed(PUSH)))[0]).toBe(429);
    await clock.advance(60_000);
    expect(await post('/webhook', signed(PUSH))).toEqual([202, 'accepted']);
  });

  it('is told from a new one by its id where it names no commit', async () => {
    const body = JSON.stringify({ repoURL: REPOSITORY });
    const send = (id: string) => post('/webhook', { ...signed(body), 'x-gitea-delivery': id }, body);
    expect([await send('1'), await send('1'), await send('2')].map(([, words]) => words)).toEqual([
      'accepted',
      'already seen',
      'accepted',
    ]);
  });

  it('cannot be told from a new one where it names nothing that is unique, and is limited', async () => {
    const body = JSON.stringify({ repoURL: REPOSITORY, ref: 'refs/heads/main' });
    const words = [];
    for (let n = 0; n < 5; n++) words.push((await post('/webhook', signed(body), body))[1]);
    expect(words.slice(0, 3)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(words[4]).toBe('too many webhook requests');
    // One that names a commit is not limited by these.
    expect(await post('/webhook', signed(PUSH))).toEqual([202, 'accepted']);
  });
});

describe('a signed timestamp', () => {
  const body = JSON.stringify({ repoURL: REPOSITORY });
  const send = (seconds: number | string, signedAs = `${seconds}.${body}`) =>
    post('/webhook', { 'x-sluice-timestamp': String(seconds), ...signed(signedAs) }, body);

  it('makes a delivery unique, so that the same body may come again and a recorded one may not', async () => {
    const now = clock.now() / 1000;
    expect((await send(now))[1]).toBe('accepted');
    expect((await send(now))[1]).toBe('already seen');
    expect((await send(now + 1))[1]).toBe('accepted');
  });

  it('over five minutes off is refused, before and after', async () => {
    const now = clock.now() / 1000;
    for (const seconds of [now - 301, now + 301, 0, '', 'now', '1e9', '-1'])
      expect([seconds, (await send(seconds))[0]]).toEqual([seconds, 401]);
    expect((await send(now - 299))[0]).toBe(202);
    expect(hints).toHaveLength(1);
  });

  it('that is not part of what was signed is refused', async () => {
    expect((await send(clock.now() / 1000, body))[0]).toBe(401);
  });

  it('of a recorded delivery is remembered until it is too old', async () => {
    const ahead = clock.now() / 1000 + 299;
    expect((await send(ahead))[1]).toBe('accepted');
    await clock.advance(9 * 60_000);
    expect((await send(ahead))[1]).toBe('already seen');
    await clock.advance(60_000);
    expect((await send(ahead))[0]).toBe(401);
  });
});

describe('a slow sender', () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  /** A request whose body never comes to its end; resolves with what was answered when the server hangs up. */
  async function open(): Promise<{ socket: Socket; answer: Promise<string> }> {
    const before = clock.pending;
    const socket = connect(server.port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.on('data', (piece) => (text += piece.toString()));
    socket.on('error', () => {});
    const answer = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
    const head = `POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\nx-hub-signature-256: sha256=${hmac('x')}\r\n\r\n{`;
    socket.write(head);
    while (clock.pending === before) await new Promise((resolve) => setImmediate(resolve));
    return { socket, answer };
  }

  it('is cut ten seconds after it began', async () => {
    const { answer } = await open();
    await clock.advance(9_999);
    expect(results).toEqual([]);
    await clock.advance(1);
    expect(await answer).toMatch(/^HTTP\/1.1 408 /);
    expect(results).toEqual(['cut']);
    expect(clock.pending).toBe(0);
  });

  it('that hangs up is not an error of ours', async () => {
    const { socket, answer } = await open();
    socket.destroy();
    await answer;
    while (results.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(logged.map(({ level }) => level)).toEqual(['debug']);
  });

  it('does not keep a quick one out, however many there are: the oldest goes', async () => {
    const first = await open();
    for (let n = 1; n < 64; n++) await open();
    expect(await post('/webhook', signed(PUSH))).toEqual([202, 'accepted']);
    expect(await first.answer).toMatch(/^HTTP\/1.1 503 /);
  });
});

it('says nothing of a delivery to the log above debug', async () => {
  await post('/webhook', { ...signed(PUSH), 'x-github-delivery': randomUUID() });
  await post('/webhook', {});
  expect(logged.filter(({ level }) => level !== 'debug')).toEqual([]);
});
