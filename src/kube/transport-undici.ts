// HTTP to a real API server: pooled keep-alive connections, watches apart, a bound on what is in flight, and an urgent lane. There is
// no client-side rate limit: the server's own flow control (429 with Retry-After) is honoured instead. Nothing else is retried here.
import { setMaxListeners } from 'node:events';
import { Pool, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';
import { delay, systemClock } from '../ports/clock.ts';
import type { Clock } from '../ports/clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../ports/transport.ts';
import { retryAfter } from './errors.ts';
import { RequestGate, type Place } from './request-gate.ts';
import { endOf, Limit } from './request-limit.ts';
import type { ClusterAccess } from './kubeconfig.ts';

export interface UndiciOptions {
  access: Pick<ClusterAccess, 'baseUrl' | 'tls' | 'proxyUrl' | 'authHeaders'>;
  /** Requests in flight that are not urgent. Default 32. */
  maxInFlight?: number;
  /** Connections kept for urgent requests when all others are busy. Default 4. */
  urgentConnections?: number;
  clock?: Clock;
  /** Milliseconds on a clock that never goes back and runs on while the process is stopped. Default `performance.now`. */
  monotonic?: () => number;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Shorter than the 90 s after which an API server closes an idle connection, so that a request rarely meets a closing one. */
const KEEP_ALIVE_MS = 45_000;
const MAX_THROTTLED_TRIES = 5;
const MAX_RETRY_AFTER_MS = 30_000;
/** Reserved connections idle for longer than this are opened again when a queue forms, before anything urgent needs one. */
const WARM_FOR_MS = 30_000;

/** Requests over kept connections; `queued` counts those that wait for one. */
export function undiciTransport(options: UndiciOptions): Transport & { readonly queued: number } {
  return new UndiciTransport(options);
}

class UndiciTransport implements Transport {
  readonly #access: UndiciOptions['access'];
  readonly #clock: Clock;
  readonly #monotonic: () => number;
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
    this.#monotonic = options.monotonic ?? (() => performance.now());
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

  /** A 429 that names a time within the limit is waited out (up to 30 s each, 5 tries) without holding a place; then it is the answer. */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const until = endOf(request, this.#monotonic());
    for (let tries = 1; ; tries++) {
      const response = await (request.stream ? this.#open(request, until) : this.#exchange(request, until));
      const asked = response.status === 429 ? retryAfter(response.headers) : undefined;
      if (asked === undefined || tries >= MAX_THROTTLED_TRIES) return response;
      const wait = Math.min(asked, MAX_RETRY_AFTER_MS);
      if (this.#monotonic() + wait >= until) return response;
      for await (const _ of response.body); // lets the connection go
      await delay(this.#clock, wait, request.signal);
      request.signal?.throwIfAborted();
    }
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error('the transport was closed'));
    await Promise.all(Object.values(this.#pools).map((each) => each.destroy()));
  }

  async #exchange(request: HttpRequest, until: number): Promise<HttpResponse> {
    if (this.#gate.queued > 0) this.#warm();
    const limit = this.#limit(request, until);
    let place: Place | undefined;
    try {
      place = await this.#gate.enter(request.urgent ?? false, limit.signal);
      limit.begin();
      const answer = await this.#dispatch(this.#pools[place.lane], request, limit);
      const text = await answer.body.text();
      return { status: answer.statusCode, headers: plain(answer.headers), body: once(text) };
    } catch (error) {
      throw limit.cause(error);
    } finally {
      limit.end();
      place?.release();
    }
  }

  async #open(request: HttpRequest, until: number): Promise<HttpResponse> {
    const limit = this.#limit(request, until);
    limit.begin();
    try {
      const answer = await this.#dispatch(this.#pools.watch, request, limit);
      limit.disarm(); // the limit is for the headers only
      const body = pieces(answer.body, limit);
      return { status: answer.statusCode, headers: plain(answer.headers), body };
    } catch (error) {
      limit.end();
      throw limit.cause(error);
    }
  }

  async #dispatch(via: Dispatcher, request: HttpRequest, limit: Limit): Promise<Dispatcher.ResponseData> {
    const auth = await this.#access.authHeaders();
    const options: Dispatcher.RequestOptions & Dated = {
      origin: this.#origin,
      method: request.method as Dispatcher.HttpMethod,
      path: this.#prefix + request.path,
      headers: { ...request.headers, ...auth },
      body: request.body ?? null,
      signal: limit.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
      reset: false,
      ...(request.timeoutMs !== undefined && { passed: () => limit.passed() }),
    };
    return via.request(options);
  }

  #limit(request: HttpRequest, until = Number.POSITIVE_INFINITY): Limit {
    const options = { clock: this.#clock, monotonic: this.#monotonic, closed: this.#closed.signal };
    return new Limit(options, request, until);
  }

  /** Opens a reserved connection ahead of need, so that an urgent request does not wait for a TLS handshake. */
  #warm(): void {
    const now = this.#clock.now();
    if (now - this.#warmAt < WARM_FOR_MS) return;
    this.#warmAt = now;
    const request: HttpRequest = { method: 'GET', path: '/version' };
    const limit = this.#limit(request);
    limit.begin();
    this.#dispatch(this.#pools.reserved, request, limit)
      .then((answer) => answer.body.dump())
      .catch(() => undefined)
      .finally(() => limit.end());
  }
}

/** A request asks once more in the last moment, when its connection is there and nothing of it has been sent. */
interface Dated {
  passed?: () => Error | undefined;
}

const lastLook: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const { passed } = options as Dated;
  if (passed === undefined) return dispatch(options, handler);
  return dispatch(options, {
    onRequestStart(controller, context) {
      const reason = passed();
      if (reason === undefined) handler.onRequestStart?.(controller, context);
      else controller.abort(reason);
    },
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  });
};

function pool(access: UndiciOptions['access'], connections: number | null): Dispatcher {
  const connect = { ...access.tls, timeout: CONNECT_TIMEOUT_MS };
  const shared = { connections, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS };
  const dispatcher = access.proxyUrl
    ? new ProxyAgent({ ...shared, uri: access.proxyUrl, requestTls: connect })
    : new Pool(new URL(access.baseUrl).origin, { ...shared, connect });
  return dispatcher.compose(lastLook);
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
