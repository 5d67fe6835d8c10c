// One port: listens, bounds what a client may take of it, and sends the answers of a handler.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../ports/log.ts';

export interface Answer {
  status: number;
  type: string;
  body: string;
  headers?: Record<string, string>;
}

export type Handler = (request: IncomingMessage) => Answer | Promise<Answer>;

export interface Where {
  /** Default 0.0.0.0. */
  host?: string;
  /** 0 takes a free one. */
  port: number;
}

export interface RunningServer {
  /** For example http://127.0.0.1:8080. */
  url: string;
  port: number;
  close(): Promise<void>;
}

/** A whole request has to be here within this. */
export const REQUEST_TIMEOUT_MS = 10_000;
const CHECK_EVERY_MS = 500;
const MAX_CONNECTIONS = 1_000;

const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** Listens. Rejects when the port is taken. What the handler throws is logged, and answered 500 without its words. */
export async function listen(where: Where, log: Log, handler: Handler): Promise<RunningServer> {
  const timeouts = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS };
  // Node looks for late requests only every 30 s unless told otherwise.
  const server = createServer({ ...timeouts, connectionsCheckingInterval: CHECK_EVERY_MS }, (request, response) => {
    void answer(handler, request, log).then((given) => send(response, given));
  });
  server.maxConnections = MAX_CONNECTIONS;
  await opened(server, where);
  const { port } = server.address() as AddressInfo;
  const { host = '0.0.0.0' } = where;
  const name = host === '0.0.0.0' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return { port, url: `http://${name}:${port}`, close: () => closed(server) };
}

/** The path without its query. */
export const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?', 1)[0] ?? '/';

export const plain = (status: number, text: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${text}\n`,
});

/** The answer to another method than these, or undefined where it is one of them. */
export function refuseMethod(request: IncomingMessage, ...allowed: string[]): Answer | undefined {
  if (allowed.includes(request.method ?? '')) return undefined;
  const allow = allowed.join(', ');
  return { ...plain(405, `use ${allow}`), headers: { allow } };
}

/** For an answer after which nothing more is read of the request. */
export const hangUp = (given: Answer): Answer => ({ ...given, headers: { ...given.headers, connection: 'close' } });

async function answer(handler: Handler, request: IncomingMessage, log: Log): Promise<Answer> {
  try {
    return await handler(request);
  } catch (error) {
    // Who hangs up in the middle is no fault of ours.
    if (request.destroyed && !request.complete)
      log.debug('a request was not sent to its end', { path: pathOf(request) });
    else log.error('a request could not be answered', { path: pathOf(request), error });
    return hangUp(plain(500, 'internal error'));
  }
}

function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const length = Buffer.byteLength(body);
  response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': type, 'content-length': length, ...headers });
  response.end(body);
}

function opened(server: Server, { port, host = '0.0.0.0' }: Where): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
