// HTTP to a real API server: pooled keep-alive connections, watches apart, a bound on what is in flight, and an urgent lane. There is
// no client-side rate limit: the server's own flow control (429 with Retry-After) is honoured instead. Nothing else is retried here.
import { setMaxListeners } from 'node:events';
import { Pool, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';
import { delay, systemClock } from '../ports/clock.ts';
import type { Clock } from '../ports/clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../ports/transport.ts';
import { retryAfter } from './errors.ts';
import { RequestGate } from './request-gate.ts';
import type { ClusterAccess } from './kubeconfig.ts';

export interface UndiciOptions {
  access: Pick<ClusterAccess, 'baseUrl' | 'tls' | 'proxyUrl' | 'authHeaders'>;
  /** Requests in flight that are not urgent. Default 32. */
  maxInFlight?: number;
  /** Connections kept for urgent requests when all others are busy. Default 4. */
  urgentConnections?: number;
  clock?: Clock;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Shorter than the 90 s after which an API server closes an idle connection, so that a request rarely meets a closing one. */
const KEEP_ALIVE_MS = 45_000;
const MAX_THROTTLED_TRIES = 5;
const MAX_RETRY_AFTER_MS = 30_000;
/** Reserved connections idle for longer than this are opened again when a queue forms, before anything urgent needs one. */
const WARM_FOR_MS = 30_000;

export function undiciTransport(options: UndiciOptions): Transport & { readonly queued: number } {
  return new UndiciTransport(options);
}

class UndiciTransport implements Transport {
  readonly #access: UndiciOptions['access'];
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #gate: RequestGate;
  readonly #pools: Record<'ordinary' | 'reserved' | 'watch', Dispatcher>;
  readonly #closed = new AbortController();
  readonly #origin: string;
  #warmAt = -Infinity;

  constructor(options: UndiciOptions) {
    setMaxListeners(0, this.#closed.signal); // one for each exchange in flight
    const url = new URL(options.access.baseUrl);
    this.#access = options.access;
    this.#clock = options.clock ?? systemClock;
    this.#origin = url.origin;
    this.#prefix = url.pathname.replace(/\/$/, '');
    const ordinary = options.maxInFlight ?? 32;
    const reserved = options.urgentConnections ?? 4;
    this.#gate = new RequestGate(ordinary, reserved);
    this.#pools = {
      ordinary: pool(options.access, ordinary),
      reserved: pool(options.access, reserved),
      watch: pool(options.access, null),
    };
  }

  get queued(): number {
    return this.#gate.queued;
  }

  /** A 429 that names a time is waited out (up to 30 s each, 5 tries) without holding a place; then it is the answer. */
  async request(request: HttpRequest): Promise<HttpResponse> {
    for (let tries = 1; ; tries++) {
      const response = await (request.stream ? this.#open(request) : this.#exchange(request));
      const wait = response.status === 429 ? retryAfter(response.headers) : undefined;
      if (wait === undefined || tries >= MAX_THROTTLED_TRIES) return response;
      for await (const _ of response.body); // lets the connection go
      await delay(this.#clock, Math.min(wait, MAX_RETRY_AFTER_MS), request.signal);
      request.signal?.throwIfAborted();
    }
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error('the transport was closed'));
    await Promise.all(Object.values(this.#pools).map((each) => each.destroy()));
  }

  async #exchange(request: HttpRequest): Promise<HttpResponse> {
    if (this.#gate.queued > 0) this.#warm();
    const place = await this.#gate.enter(request.urgent ?? false, request.signal);
    const limit = this.#limit(request);
    try {
      const answer = await this.#dispatch(this.#pools[place.lane], request, limit.signal);
      const text = await answer.body.text();
      return { status: answer.statusCode, headers: plain(answer.headers), body: once(text) };
    } catch (error) {
      throw limit.cause(error);
    } finally {
      limit.end();
      place.release();
    }
  }

  async #open(request: HttpRequest): Promise<HttpResponse> {
    const limit = this.#limit(request);
    try {
      const answer = await this.#dispatch(this.#pools.watch, request, limit.signal);
      limit.disarm(); // the limit is for the headers only
      const body = pieces(answer.body, limit);
      return { status: answer.statusCode, headers: plain(answer.headers), body };
    } catch (error) {
      limit.end();
      throw limit.cause(error);
    }
  }

  async #dispatch(via: Dispatcher, request: HttpRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const auth = await this.#access.authHeaders();
    return via.request({
      origin: this.#origin,
      method: request.method as Dispatcher.HttpMethod,
      path: this.#prefix + request.path,
      headers: { ...request.headers, ...auth },
      body: request.body ?? null,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
      reset: false,
    });
  }

  /** One signal for the caller's abort, the time limit and the transport's end. */
  #limit(request: HttpRequest): Limit {
    return new Limit(this.#clock, request, this.#closed.signal);
  }

  /** Opens a reserved connection ahead of need, so that an urgent request does not wait for a TLS handshake. */
  #warm(): void {
    const now = this.#clock.now();
    if (now - this.#warmAt < WARM_FOR_MS) return;
    this.#warmAt = now;
    const request: HttpRequest = { method: 'GET', path: '/version' };
    const limit = this.#limit(request);
    this.#dispatch(this.#pools.reserved, request, limit.signal)
      .then((answer) => answer.body.dump())
      .catch(() => undefined)
      .finally(() => limit.end());
  }
}

class Limit {
  readonly #controller = new AbortController();
  readonly #request: HttpRequest;
  readonly #closed: AbortSignal;
  readonly #abort: () => void;
  #cancel: () => void;

  constructor(clock: Clock, request: HttpRequest, closed: AbortSignal) {
    const ms = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#request = request;
    this.#closed = closed;
    this.#abort = () => this.#controller.abort(request.signal?.aborted ? request.signal.reason : closed.reason);
    this.#cancel = clock.after(ms, () => {
      this.#controller.abort(new Error(`${request.method} ${request.path} was not answered within ${ms} ms`));
    });
    request.signal?.addEventListener('abort', this.#abort, { once: true });
    closed.addEventListener('abort', this.#abort, { once: true });
    if (request.signal?.aborted || closed.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the exchange ended: the reason of the abort if there was one, else what the socket said. */
  cause(error: unknown): unknown {
    return this.#controller.signal.aborted ? this.#controller.signal.reason : error;
  }

  disarm(): void {
    this.#cancel();
  }

  end(): void {
    this.#cancel();
    this.#request.signal?.removeEventListener('abort', this.#abort);
    this.#closed.removeEventListener('abort', this.#abort);
  }
}

function pool(access: UndiciOptions['access'], connections: number | null): Dispatcher {
  const connect = { ...access.tls, timeout: CONNECT_TIMEOUT_MS };
  const shared = { connections, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS };
  if (access.proxyUrl) return new ProxyAgent({ ...shared, uri: access.proxyUrl, requestTls: connect });
  return new Pool(new URL(access.baseUrl).origin, { ...shared, connect });
}

async function* once(text: string): AsyncGenerator<string> {
  if (text !== '') yield text;
}

async function* pieces(body: Dispatcher.ResponseData['body'], limit: Limit): AsyncGenerator<string> {
  body.setEncoding('utf8');
  try {
    for await (const piece of body) yield piece as string;
  } catch (error) {
    throw limit.cause(error);
  } finally {
    limit.end();
    body.on('error', () => undefined);
    body.destroy();
  }
}

function plain(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
