import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createEgress } from '../../src/egress/egress.ts';
import { createHttp } from '../../src/http/http.ts';
import type { EgressPolicy } from '../../src/ports/egress.ts';
import { HttpFailure, type OutboundRequest } from '../../src/ports/http.ts';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server on the loopback, and what it saw. */
async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen = { requests: [] as { method?: string; url?: string; key?: unknown; body: string }[], connections: 0 };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.requests.push({ method, url, key: headers['x-key'], body });
      answer(request, response);
    });
  });
  server.on('connection', () => seen.connections++);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a?b=c`), seen };
}

const LISTED: EgressPolicy = { analysisHosts: ['127.0.0.1'] };
const clock = new VirtualClock();
const httpFor = (policy: EgressPolicy = LISTED) => createHttp({ egress: createEgress(policy), clock });
const request = (url: URL, more: Partial<OutboundRequest> = {}): OutboundRequest => ({
  use: 'analysis',
  method: 'GET',
  url,
  deadlineMs: 5_000,
  maxBytes: 1_000,
  ...more,
});
const failure = (promise: Promise<unknown>): Promise<HttpFailure> =>
  promise.then(
    () => Promise.reject(new Error('there was an answer')),
    (error: HttpFailure) => error,
  );

describe('an outbound request', () => {
  it('is sent as it is said, and any status is an answer', async () => {
    const { url, seen } = await listen((_, response) => response.writeHead(418, { 'X-Kind': 'tea' }).end('short'));
    const sent = request(url, { method: 'PUT', headers: { 'x-key': 'k' }, body: '{"a":1}' });
    expect(await httpFor().request(sent)).toMatchObject({ status: 418, headers: { 'x-kind': 'tea' }, body: 'short' });
    expect(seen.requests).toEqual([{ method: 'PUT', url: '/a?b=c', key: 'k', body: '{"a":1}' }]);
  });

  it('takes a connection that is there', async () => {
    const { url, seen } = await listen((_, response) => response.end('ok'));
    const http = httpFor();
    for (let n = 0; n < 3; n++) {
      await http.request(request(url));
      await settle();
    }
    expect(seen).toMatchObject({ connections: 1, requests: { length: 3 } });
  });

  it('does not follow a redirect, wherever it leads', async () => {
    const { url, seen } = await listen((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
    expect(await httpFor().request(request(url))).toMatchObject({ status: 302, headers: { location: '/elsewhere' } });
    expect(seen.requests).toHaveLength(1);
  });

  it('goes to no host that may not be asked, with no Secret that may not go there, and nowhere with credentials in its URL', async () => {
    const { url, seen } = await listen((_, response) => response.end('ok'));
    const secrets = [{ namespace: 'shop', name: 'key' }];
    const local = new URL(url);
    local.hostname = 'localhost';
    const withUser = new URL(url);
    withUser.username = 'me';
    const refused: [EgressPolicy, URL, Partial<OutboundRequest>][] = [
      [{}, url, {}],
      [LISTED, local, {}],
      [{ analysisHosts: ['*', '127.0.0.1:1'] }, new URL('http://example.com'), { secrets }],
      [LISTED, withUser, {}],
    ];
    for (const [policy, to, more] of refused) {
      const http = httpFor(policy);
      expect(await failure(http.request(request(to, more)))).toMatchObject({ kind: 'refused' });
      expect(() => http.check(request(to, more))).toThrow(HttpFailure);
    }
    expect(seen.connections).toBe(0);
  });

  it('goes to no address that a name resolves to and that may not be asked', async () => {
    const egress = createEgress({}, { resolve: () => Promise.resolve([{ address: '169.254.169.254', family: 4 }]) });
    const sent = createHttp({ egress, clock }).request(request(new URL('http://metrics.example/')));
    expect(await failure(sent)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('metrics.example resolves to it'),
    });
  });

  it('is over at its deadline, also in the middle of an answer', async () => {
    const answers: ((response: ServerResponse) => void)[] = [() => undefined, (response) => response.write('half')];
    for (const answer of answers) {
      const { url, seen } = await listen((_, response) => answer(response));
      const late = failure(httpFor().request(request(url)));
      while (seen.requests.length === 0) await settle();
      await clock.advance(5_000);
      expect(await late).toMatchObject({ kind: 'late', message: 'no answer within 5s' });
      expect(clock.pending).toBe(0);
    }
  });

  it('is broken off when the caller gives up, and not begun when it has', async () => {
    let closed = false;
    const { url, seen } = await listen((incoming) => incoming.socket.on('close', () => (closed = true)));
    const caller = new AbortController();
    const given = failure(httpFor().request(request(url, { signal: caller.signal })));
    while (seen.requests.length === 0) await settle();
    caller.abort();
    expect(await given).toMatchObject({ kind: 'aborted' });
    while (!closed) await settle();
    expect(await failure(httpFor().request(request(url, { signal: caller.signal })))).toMatchObject({
      kind: 'aborted',
    });
    expect(clock.pending).toBe(0);
  });

  it('takes no answer beyond its limit', async () => {
    const { url } = await listen((_, response) => response.end('x'.repeat(1_001)));
    expect(await failure(httpFor().request(request(url)))).toMatchObject({
      kind: 'too-large',
      message: 'the answer is larger than 1000 bytes',
    });
    expect((await httpFor().request(request(url, { maxBytes: 1_001 }))).body).toHaveLength(1_001);
  });

  it('that fails holds nothing of what was sent', async () => {
    const headers = { authorization: 'Bearer tok-4f' };
    const sent = request(new URL('http://127.0.0.1:1/?key=tok-4f'), { method: 'POST', headers, body: 'tok-4f' });
    const error = await failure(httpFor().request(sent));
    expect(error).toMatchObject({ kind: 'unreachable', message: 'ECONNREFUSED' });
    expect(JSON.stringify([error, Object.values(error), String(error.stack), error.cause])).not.toContain('tok-4f');
    const broken: OutboundRequest['clean'] = (text) => text.replaceAll('tok-4f', '***');
    const adapter = () => Promise.reject(new Error('cannot send tok-4f'));
    const http = createHttp({ egress: createEgress(LISTED), clock, adapter });
    expect((await failure(http.request({ ...sent, clean: broken }))).message).toBe('cannot send ***');
  });

  it('asks no proxy of the environment', async () => {
    const proxy = await listen((_, response) => response.end('proxied'));
    const { url } = await listen((_, response) => response.end('direct'));
    process.env['http_proxy'] = proxy.url.origin;
    try {
      expect((await httpFor().request(request(url))).body).toBe('direct');
    } finally {
      delete process.env['http_proxy'];
    }
    expect(proxy.seen.connections).toBe(0);
  });
});
