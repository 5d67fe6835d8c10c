import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { kubeClient } from '../../src/kube/client.ts';
import { ConnectionError, isConflict } from '../../src/kube/errors.ts';
import { undiciTransport } from '../../src/kube/transport-undici.ts';
import { RESOURCES } from '../../src/api/names.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

let server: Server;
let transport: ReturnType<typeof undiciTransport>;
let sockets = 0;

async function serve(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  clock?: VirtualClock,
  monotonic?: () => number,
) {
  sockets = 0;
  server = createServer(handler);
  server.on('connection', () => sockets++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const authHeaders = async () => ({ authorization: 'Bearer t' });
  transport = undiciTransport({
    access: { baseUrl, tls: {}, authHeaders },
    maxInFlight: 2,
    urgentConnections: 1,
    ...(clock && { clock }),
    ...(monotonic && { monotonic }),
  });
  return kubeClient({ transport, version: '9.9' });
}

afterEach(async () => {
  await transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const name = (request: IncomingMessage) => request.url!.split('/').at(-1)!;
const ok = (response: ServerResponse, body: unknown = {}) => response.end(JSON.stringify(body));

describe('the transport', () => {
  it('reuses its connections and says who it is', async () => {
    let agent = '';
    const client = await serve((request, response) => {
      agent = `${request.headers['user-agent']} ${request.headers.authorization}`;
      ok(response);
    });
    for (let n = 0; n < 20; n++) await client.get(RESOURCES.configMaps, 'a', 'shop');
    expect(sockets).toBeLessThanOrEqual(2); // the pool's bound, for 20 requests
    expect(agent).toBe('sluice/9.9 Bearer t');
  });

  it('lets an urgent request pass while every place is taken and others wait', async () => {
    const held: ServerResponse[] = [];
    const client = await serve((request, response) => {
      if (name(request) === 'slow') held.push(response);
      else ok(response, { metadata: { name: name(request) } });
    });
    const slow = Array.from({ length: 10 }, () => client.get(RESOURCES.configMaps, 'slow', 'shop'));
    const urgent = await client.get(RESOURCES.configMaps, 'urgent', 'shop', { urgent: true });
    expect(urgent?.metadata.name).toBe('urgent');
    expect(transport.queued).toBe(8);
    const drain = setInterval(() => held.splice(0).forEach((each) => ok(each)), 1);
    await Promise.all(slow);
    clearInterval(drain);
  });

  it('waits as long as a throttling server asks, then tries again', async () => {
    const clock = new VirtualClock();
    let tries = 0;
    const client = await serve((_, response) => {
      if (tries++ === 0) response.writeHead(429, { 'retry-after': '7' }).end('Too many requests');
      else ok(response, { metadata: { name: 'a' } });
    }, clock);
    const answer = client.get(RESOURCES.configMaps, 'a', 'shop');
    while (tries === 0 || clock.nextIn !== 7_000) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(7_000);
    expect((await answer)?.metadata.name).toBe('a');
    expect(tries).toBe(2);
  });

  it('gives up on a server that does not answer in time', async () => {
    const client = await serve(() => undefined);
    const call = client.get(RESOURCES.configMaps, 'a', 'shop', { timeoutMs: 20 });
    await expect(call).rejects.toThrow(/not answered within 20 ms/);
    await expect(call).rejects.toBeInstanceOf(ConnectionError);
  });

  it('frees its place when the caller gives up', async () => {
    const client = await serve((request, response) => {
      if (name(request) === 'a') ok(response);
    });
    const stop = new AbortController();
    const calls = Array.from({ length: 5 }, () =>
      client.get(RESOURCES.configMaps, 'hangs', 'shop', { signal: stop.signal }),
    );
    const ended = Promise.allSettled(calls);
    stop.abort(new Error('enough'));
    expect((await ended).map((each) => (each.status === 'rejected' ? each.reason.message : ''))).toEqual(
      Array(5).fill('enough'),
    );
    expect(await client.get(RESOURCES.configMaps, 'a', 'shop')).toEqual({});
  });

  it('follows a watch whose events are cut anywhere, and closes its connection on abort', async () => {
    let gone = false;
    const client = await serve((request, response) => {
      request.socket.on('close', () => (gone = true));
      response.write('{"type":"ADDED","object":{"metadata":{"na');
      setImmediate(() =>
        response.write('me":"ä"}}}\n{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}\n'),
      );
    });
    const stop = new AbortController();
    const events: unknown[] = [];
    for await (const event of client.watch(RESOURCES.configMaps, {}, stop.signal)) {
      events.push(event);
      if (events.length === 2) stop.abort();
    }
    expect(events).toEqual([
      { type: 'ADDED', object: { metadata: { name: 'ä' } } },
      { type: 'BOOKMARK', resourceVersion: '7' },
    ]);
    while (!gone) await new Promise((resolve) => setImmediate(resolve));
  });

  it('turns a refusal into an error that says what it is', async () => {
    const client = await serve((_, response) => {
      response
        .writeHead(409)
        .end(JSON.stringify({ kind: 'Status', reason: 'Conflict', message: 'changed', code: 409 }));
    });
    const error = await client.update(RESOURCES.configMaps, { metadata: { name: 'a' } }).catch((each: unknown) => each);
    expect(isConflict(error)).toBe(true);
    expect((error as Error).message).toBe('changed');
  });
});

describe('a request whose limit has passed is never sent', () => {
  const BODY = { name: 'a', namespace: 'shop', type: 'merge', body: {} } as const;

  it('though the process stood still while it waited for its connection', async () => {
    const sent: string[] = [];
    let now = 0;
    const client = await serve(
      (request, response) => {
        sent.push(request.method ?? '');
        ok(response);
      },
      new VirtualClock(), // its timers never fire, as in a process that has just been woken
      () => now,
    );
    await client.get(RESOURCES.configMaps, 'a', 'shop');
    const write = client.patch(RESOURCES.configMaps, BODY, { timeoutMs: 12_000 });
    now = 20_000;
    await expect(write).rejects.toThrow(/not answered within 12000 ms/);
    await client.get(RESOURCES.configMaps, 'a', 'shop');
    expect(sent).toEqual(['GET', 'GET']);
  });

  it('though it only then got a place', async () => {
    const held: ServerResponse[] = [];
    const sent: string[] = [];
    let now = 0;
    const client = await serve(
      (request, response) => {
        sent.push(request.method ?? '');
        held.push(response);
      },
      new VirtualClock(),
      () => now,
    );
    const slow = [1, 2].map(() => client.get(RESOURCES.configMaps, 'slow', 'shop'));
    const write = client.patch(RESOURCES.configMaps, BODY, { timeoutMs: 12_000 });
    while (held.length < 2) await new Promise((resolve) => setImmediate(resolve));
    now = 20_000;
    for (const response of held) ok(response);
    await Promise.all(slow);
    await expect(write).rejects.toThrow(/not answered within 12000 ms/);
    expect(sent).toEqual(['GET', 'GET']);
  });

  it('though a throttling server asked to send it again later', async () => {
    const clock = new VirtualClock();
    let tries = 0;
    const client = await serve(
      (_, response) => {
        tries++;
        response.writeHead(429, { 'retry-after': '15' }).end('Too many requests');
      },
      clock,
      () => clock.now(),
    );
    const write = client.patch(RESOURCES.configMaps, BODY, { timeoutMs: 12_000 });
    await expect(write).rejects.toMatchObject({ status: 429, retryAfterMs: 15_000 });
    expect(tries).toBe(1);
  });
});
