// Sluice's own HTTP server: metrics, health, the webhook receiver, and a plain status page.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { renderStatus } from './status-page.ts';
import type { Snapshot } from './status-page.ts';
import { isAuthentic, readHint } from './webhook.ts';
import type { Hint } from './webhook.ts';

export interface Health {
  ok: boolean;
  /** Why not, for a person. */
  message?: string;
}

export interface HttpOptions {
  clock: Clock;
  log: Log;
  /** Default 0.0.0.0. */
  host?: string;
  /** 0 takes a free one. */
  port: number;
  metrics: () => Promise<{ contentType: string; body: string }>;
  /** Whether the process should live; false makes Kubernetes restart it. */
  healthy: () => Health;
  /** Whether it is of use: caches filled. */
  ready: () => Health;
  snapshot: () => Snapshot;
  /** The shared secret for a hook, undefined when none is set for it: then hooks are refused with 404. May read a Secret. */
  webhookSecret: (application?: {
    namespace: string;
    name: string;
  }) => string | undefined | Promise<string | undefined>;
  onHint: (hint: Hint) => void;
  /** Webhook requests a minute before 429. Default 600. */
  hooksPerMinute?: number;
}

export interface RunningServer {
  /** For example http://127.0.0.1:8080. */
  url: string;
  port: number;
  close(): Promise<void>;
}

const MAX_BODY = 1024 * 1024;
const BODY_TIMEOUT_MS = 10_000;
const HOOK = /^\/webhook(?:\/([a-z0-9]([-a-z0-9]*[a-z0-9])?)\/([a-z0-9]([-.a-z0-9]*[a-z0-9])?))?\/?$/;

const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** Listens. Rejects when the port is taken. */
export async function serveHttp(options: HttpOptions): Promise<RunningServer> {
  const limit = rateLimit(options.clock, options.hooksPerMinute ?? 600);
  const server = createServer((request, response) => {
    respond(options, limit, request).then(
      (answer) => send(response, answer),
      (error: unknown) => {
        options.log.error('a request could not be answered', { path: request.url, error: String(error) });
        send(response, plain(500, 'internal error'));
      },
    );
  });
  server.requestTimeout = BODY_TIMEOUT_MS;
  server.headersTimeout = BODY_TIMEOUT_MS;
  await listen(server, options.port, options.host ?? '0.0.0.0');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${options.host === undefined || options.host === '0.0.0.0' ? '127.0.0.1' : options.host}:${port}`,
    close: () => close(server),
  };
}

interface Answer {
  status: number;
  type: string;
  body: string;
  headers?: Record<string, string>;
}

async function respond(options: HttpOptions, limit: () => boolean, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const hook = HOOK.exec(path);
  if (hook !== null) return receiveHook(options, limit, request, hook);
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed('GET');
  switch (path) {
    case '/metrics': {
      const { contentType, body } = await options.metrics();
      return { status: 200, type: contentType, body };
    }
    case '/healthz':
    case '/livez':
      return health(options.healthy());
    case '/readyz':
      return health(options.ready());
    case '/':
      return { status: 200, type: 'text/html; charset=utf-8', body: renderStatus(options.snapshot()) };
    default:
      return plain(404, 'not found: try /, /metrics, /healthz, /readyz or POST /webhook');
  }
}

async function receiveHook(
  options: HttpOptions,
  limit: () => boolean,
  request: IncomingMessage,
  path: RegExpExecArray,
): Promise<Answer> {
  const deliveredAt = options.clock.now();
  if (request.method !== 'POST') return notAllowed('POST');
  if (!limit()) return { ...plain(429, 'too many webhook requests'), headers: { 'retry-after': '10' } };
  const body = await readBody(request);
  if (body === undefined) return { ...plain(413, 'the payload is over 1 MiB'), headers: { connection: 'close' } };
  const [, namespace, , name] = path;
  const application = namespace !== undefined && name !== undefined ? { namespace, name } : undefined;
  const secret = await options.webhookSecret(application);
  if (!secret) return plain(404, 'no webhook secret is set here: set one to receive webhooks');
  if (!isAuthentic(request.headers, body, secret)) return plain(401, 'the signature does not match the webhook secret');
  const payload = parse(request, body);
  if (payload === undefined) return plain(400, 'the payload is not JSON');
  const hint = readHint(payload);
  if (hint === undefined) return plain(202, 'ignored: the payload names no repository');
  options.onHint({ ...hint, deliveredAt, ...(application && { application }) });
  return plain(202, 'accepted');
}

/** The raw body, or undefined when it is too long; never holds more than the limit. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) return undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  // The request is kept whole on an early end, so that the refusal still reaches its sender.
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_BODY) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** GitHub can also send a form whose field `payload` is the JSON. */
function parse(request: IncomingMessage, body: Buffer): unknown {
  const text = body.toString('utf8');
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  try {
    return JSON.parse(isForm ? (new URLSearchParams(text).get('payload') ?? '') : text) as unknown;
  } catch {
    return undefined;
  }
}

/** A bucket that fills evenly; one bucket, since behind an ingress all hooks come from one address. */
function rateLimit(clock: Clock, perMinute: number): () => boolean {
  let tokens = perMinute;
  let at = clock.now();
  return () => {
    const now = clock.now();
    tokens = Math.min(perMinute, tokens + (Math.max(0, now - at) * perMinute) / 60_000);
    at = now;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}

const plain = (status: number, text: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${text}\n`,
});

const notAllowed = (allow: string): Answer => ({ ...plain(405, `use ${allow}`), headers: { allow } });

const health = (state: Health): Answer => (state.ok ? plain(200, 'ok') : plain(503, state.message ?? 'not now'));

function send(response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, {
    ...SECURITY_HEADERS,
    'content-type': answer.type,
    'content-length': Buffer.byteLength(answer.body),
    ...answer.headers,
  });
  response.end(answer.body);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
