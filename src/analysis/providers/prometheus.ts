// Prometheus, and what speaks its HTTP API: one instant query for each measurement, over kept connections.
import http from 'node:http';
import https from 'node:https';
import axios, { type AxiosAdapter, type AxiosResponse } from 'axios';
import type { Metric, Prometheus } from '../../api/analysis.ts';
import { systemClock, type Clock } from '../../ports/clock.ts';
import { ProviderError, type MetricProvider, type ReadSecret } from '../provider.ts';
import type { MetricValue } from '../value.ts';
import { parseAnswer } from './prometheus-answer.ts';

export interface PrometheusOptions {
  /** Base URL for metrics that name none. */
  defaultAddress?: string;
  /** Carries the request in place of a socket, for tests and in-process use. */
  adapter?: AxiosAdapter;
  readSecret: ReadSecret;
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

  async function ask(query: Prometheus, namespace: string, signal: AbortSignal): Promise<AxiosResponse<string>> {
    const seconds = query.timeout ?? DEFAULT_TIMEOUT_SECONDS;
    const url = queryUrl(query.address ?? options.defaultAddress);
    const headers = await headersOf(query, namespace, options.readSecret);
    return axios.request<string>({
      method: 'POST',
      url: url.href,
      data: new URLSearchParams({ query: query.query, timeout: `${seconds}s` }).toString(),
      headers,
      signal,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: MAX_BODY_BYTES,
      responseType: 'text',
      transformResponse: (body: unknown) => body,
      validateStatus: () => true,
      httpAgent,
      httpsAgent: query.insecure === true ? insecure : secure,
      ...(options.adapter && { adapter: options.adapter }),
    });
  }

  return {
    async measure(metric: Metric, namespace: string, signal: AbortSignal): Promise<MetricValue> {
      const query = metric.provider.prometheus;
      if (query === undefined) throw new ProviderError('provider.prometheus is missing');
      const seconds = query.timeout ?? DEFAULT_TIMEOUT_SECONDS;
      const response = await withDeadline(options.clock ?? systemClock, seconds, signal, (inner) =>
        ask(query, namespace, inner),
      );
      return parseAnswer(response.status, String(response.data));
    },
  };
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

async function headersOf(
  query: Prometheus,
  namespace: string,
  readSecret: ReadSecret,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
  for (const { key, value } of query.headers ?? []) headers[key] = value;
  const secret = query.authentication?.secretRef?.name;
  if (secret === undefined) return headers;
  const read = async (key: string): Promise<string | undefined> =>
    readSecret(namespace, secret, key).then(
      (value) => value.trim(),
      () => undefined,
    );
  const token = await read('token');
  if (token !== undefined && token !== '') return { ...headers, authorization: `Bearer ${token}` };
  const [username, password] = [await read('username'), await read('password')];
  if (username === undefined || password === undefined) {
    throw new ProviderError(`the Secret ${secret} needs the key token, or the keys username and password`);
  }
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  return { ...headers, authorization: `Basic ${basic}` };
}
