// Outbound HTTP over axios and kept connections, held to the operator's word on where requests may go.
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import axios, { type AxiosAdapter, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { systemClock, type Clock } from '../ports/clock.ts';
import { EgressRefused, type Egress } from '../ports/egress.ts';
import { HttpFailure, type Http, type OutboundRequest, type OutboundResponse } from '../ports/http.ts';
import { withDeadline } from './deadline.ts';

export interface HttpOptions {
  /** Where requests and Secrets may go. */
  egress: Egress;
  clock?: Clock;
  /** Carries requests in place of a socket, for tests and in-process use. */
  adapter?: AxiosAdapter;
}

const MAX_CONNECTIONS = 64;

/** Proxies from the environment are not used. */
export function createHttp(options: HttpOptions): Http {
  const { egress, clock = systemClock } = options;
  const keepAlive = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  const httpAgent = new http.Agent(keepAlive);
  const secure = new https.Agent(keepAlive);
  const insecure = new https.Agent({ ...keepAlive, rejectUnauthorized: false });
  const send = (request: OutboundRequest, signal: AbortSignal): Promise<AxiosResponse<string>> =>
    axios.request<string>({
      method: request.method,
      url: request.url.href,
      headers: { ...request.headers },
      ...(request.body === undefined ? {} : { data: request.body }),
      signal,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: request.maxBytes,
      responseType: 'text',
      transformResponse: (body: unknown) => body,
      validateStatus: () => true,
      // The address that is connected to is the one that was found fit.
      lookup: asAxios(egress.lookup(request.url, request.use)),
      httpAgent,
      httpsAgent: request.insecure === true ? insecure : secure,
      ...(options.adapter && { adapter: options.adapter }),
    });
  const check: Http['check'] = ({ url, use, secrets = [] }) => {
    if (url.username !== '' || url.password !== '') throw new HttpFailure('refused', 'the URL holds credentials');
    try {
      egress.check(url, use);
      for (const secret of secrets) egress.checkSecret(secret, url, use);
    } catch (error) {
      throw failureOf(error, { maxBytes: 0 });
    }
  };
  return {
    check,
    async request(request) {
      check(request);
      try {
        return answerOf(await withDeadline(clock, request, (signal) => send(request, signal)));
      } catch (error) {
        throw failureOf(error, request);
      }
    },
  };
}

function answerOf({ status, headers, data }: AxiosResponse<string>): OutboundResponse {
  const told = Object.entries(headers).map(([key, value]) => [key.toLowerCase(), String(value)]);
  return { status, headers: Object.fromEntries(told) as Record<string, string>, body: String(data) };
}

/** Says what failed without the request, which holds credentials. */
function failureOf(
  error: unknown,
  { maxBytes, clean = (text) => text }: Pick<OutboundRequest, 'maxBytes' | 'clean'>,
): HttpFailure {
  if (error instanceof HttpFailure) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof EgressRefused) return new HttpFailure('refused', clean(cause.message));
  const { message } = error instanceof Error ? error : { message: String(error) };
  if (!axios.isAxiosError(error)) return new HttpFailure('unreachable', clean(message));
  if (/maxContentLength/.test(message))
    return new HttpFailure('too-large', `the answer is larger than ${maxBytes} bytes`);
  return new HttpFailure('unreachable', error.code ?? clean(message));
}

/** A lookup as axios calls it. */
function asAxios(lookup: LookupFunction): NonNullable<AxiosRequestConfig['lookup']> {
  return (host, options, callback) =>
    lookup(host, { ...options, all: true }, (error, found) =>
      callback(
        error,
        typeof found === 'string'
          ? []
          : found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })),
      ),
    );
}
