// Prometheus, and what speaks its HTTP API: one instant query for each measurement, answered at once.
import { HttpFailure, type Http, type OutboundResponse } from '../../../ports/http.ts';
import {
  answeredAtOnce,
  ProviderError,
  type MeasureContext,
  type MetricProvider,
  type ReadSecret,
} from '../../provider.ts';
import { parseAnswer } from './answer.ts';
import { headersOf } from './headers.ts';
import type { Prometheus } from './schema.ts';

export interface PrometheusOptions {
  /** Base URL for metrics that name none. */
  defaultAddress?: string;
  readSecret: ReadSecret;
  http: Http;
}

const DEFAULT_TIMEOUT_SECONDS = 30;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Measures with `provider.prometheus`. */
export function createPrometheusProvider(options: PrometheusOptions): MetricProvider {
  return answeredAtOnce(async (metric, context) => {
    const query = metric.provider.prometheus;
    if (query === undefined) throw new ProviderError('provider.prometheus is missing');
    const { status, body } = await ask(query, context, options).catch((error: unknown) => {
      throw error instanceof HttpFailure ? new ProviderError(reasonOf(error, query)) : error;
    });
    return parseAnswer(status, body, context.redactor);
  });
}

const secondsOf = (query: Prometheus): number => query.timeout ?? DEFAULT_TIMEOUT_SECONDS;

async function ask(query: Prometheus, context: MeasureContext, options: PrometheusOptions): Promise<OutboundResponse> {
  const { http, defaultAddress, readSecret } = options;
  const url = queryUrl(query.address ?? defaultAddress);
  const target = { use: 'analysis', url, secrets: context.secrets } as const;
  // No Secret is read for a host that is not asked anyway.
  http.check(target);
  const { headers, secrets } = await headersOf(query, context, readSecret);
  const seconds = secondsOf(query);
  return http.request({
    ...target,
    method: 'POST',
    headers,
    body: new URLSearchParams({ query: query.query, timeout: `${seconds}s` }).toString(),
    secrets: [...context.secrets, ...secrets],
    deadlineMs: seconds * 1000,
    maxBytes: MAX_BODY_BYTES,
    insecure: query.insecure === true,
    signal: context.signal,
    clean: (text) => context.redactor.clean(text),
  });
}

function reasonOf({ kind, message }: HttpFailure, query: Prometheus): string {
  switch (kind) {
    case 'refused':
      return `provider.prometheus.address: ${message}`;
    case 'unreachable':
      return `cannot reach Prometheus: ${message}`;
    case 'late':
      return `Prometheus did not answer within ${secondsOf(query)}s`;
    case 'aborted':
      return 'the query was given up';
    case 'too-large':
      return `the answer of Prometheus is larger than ${MAX_BODY_BYTES} bytes`;
  }
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
