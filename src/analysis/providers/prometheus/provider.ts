// Prometheus, and what speaks its HTTP API: one instant query for each measurement, over kept connections.
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import axios, { type AxiosAdapter, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import type { Metric } from '../../../api/analysis.ts';
import type { Prometheus } from './schema.ts';
import { systemClock, type Clock } from '../../../ports/clock.ts';
import { EgressRefused, type Egress } from '../../../ports/egress.ts';
import { ProviderError, type MeasureContext, type MetricProvider, type ReadSecret } from '../../provider.ts';
import type { MetricValue } from '../../value.ts';
import { parseAnswer } from './answer.ts';
import { headersOf } from './headers.ts';

export interface PrometheusOptions {
  /** Base URL for metrics that name none. */
  defaultAddress?: string;
  /** Carries the request in place of a socket, for tests and in-process use. */
  adapter?: AxiosAdapter;
  readSecret: ReadSecret;
  /** Where requests and Secrets may go. */
  egress: Egress;
  clock?: Clock;
}

const DEFAULT_TIMEOUT_SECONDS = 30;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Measures with `provider.prometheus`. Proxies from the environment are not used, redirects not followed. */
export function createPrometheusProvider(options: PrometheusOptions): MetricProvider {
  const keepAlive = { keepAlive: true, maxSockets: 64 };
  const httpAgent = new http.Agent(keepAlive);
  const secure = new https.Agent(keepAlive);
  const insecure = new https.Agent({ ...keepAlive, rejectUnauthorized: false });

  const { egress, readSecret } = options;

  async function ask(query: Prometheus, context: MeasureContext): Promise<AxiosResponse<string>> {
    const seconds = query.timeout ?? DEFAULT_TIMEOUT_SECONDS;
    const url = queryUrl(query.address ?? options.defaultAddress);
    egress.check(url, 'analysis');
    for (const secret of context.secrets) egress.checkSecret(secret, url, 'analysis');
    const headers = await headersOf(query, context, { readSecret, egress, url });
    return axios.request<string>({
      method: 'POST',
      url: url.href,
      data: new URLSearchParams({ query: query.query, timeout: `${seconds}s` }).toString(),
      headers,
      signal: context.signal,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: MAX_BODY_BYTES,
      responseType: 'text',
      transformResponse: (body: unknown) => body,
      validateStatus: () => true,
      // The address that is connected to is the one that was found fit.
      lookup: asAxios(egress.lookup(url, 'analysis')),
      httpAgent,
      httpsAgent: query.insecure === true ? insecure : secure,
      ...(options.adapter && { adapter: options.adapter }),
    });
  }

  return {
    async measure(metric: Metric, context: MeasureContext): Promise<MetricValue> {
      const query = metric.provider.prometheus;
      if (query === undefined) throw new ProviderError('provider.prometheus is missing');
      const seconds = query.timeout ?? DEFAULT_TIMEOUT_SECONDS;
      const response = await withDeadline(options.clock ?? systemClock, seconds, context.signal, (signal) =>
        ask(query, { ...context, signal }),
      );
      return parseAnswer(response.status, String(response.data), context.redactor);
    },
  };
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

/** Runs a request until it answers, the time is over, or the caller gives up; all errors are ProviderErrors. */
async function withDeadline<T>(
  clock: Clock,
  seconds: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let refuse: (error: ProviderError) => void = () => undefined;
  const gone = new Promise<never>((_, reject) => (refuse = reject));
  gone.catch(() => undefined);
  const giveUp = (message: string): void => {
    refuse(new ProviderError(message));
    controller.abort();
  };
  const stop = (): void => giveUp('the query was given up');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const cancel = clock.after(seconds * 1000, () => giveUp(`Prometheus did not answer within ${seconds}s`));
  try {
    return await Promise.race([run(controller.signal), gone]);
  } catch (error) {
    throw error instanceof ProviderError ? error : new ProviderError(reasonOf(error));
  } finally {
    cancel();
    signal.removeEventListener('abort', stop);
  }
}

/** Says what failed without the request, which holds credentials. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof EgressRefused) return `provider.prometheus.address: ${cause.message}`;
  if (!axios.isAxiosError(error)) return error instanceof Error ? error.message : String(error);
  if (/maxContentLength/.test(error.message)) return `the answer of Prometheus is larger than ${MAX_BODY_BYTES} bytes`;
  return `cannot reach Prometheus: ${error.code ?? error.message}`;
}

function queryUrl(address: string | undefined): URL {
  if (address === undefined || address === '') {
    throw new ProviderError('no address: set provider.prometheus.address, or start the controller with --prometheus');
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ProviderError('address is no http or https URL: write one such as http://prometheus.monitoring:9090');
  }
  if (url.username !== '' || url.password !== '') {
    throw new ProviderError('put credentials into the Secret of authentication.secretRef, not into address');
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`;
  return url;
}
