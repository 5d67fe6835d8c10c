// The headers of a request: what a metric may set, and the credentials of its Secret.
import { headerProblem } from '../../../api/headers.ts';
import type { Prometheus } from './schema.ts';
import type { Egress, SecretOrigin } from '../../../ports/egress.ts';
import { ProviderError, type MeasureContext, type ReadSecret } from '../../provider.ts';

const OWN = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };

export interface HeaderSource {
  readSecret: ReadSecret;
  egress: Egress;
  url: URL;
}

/** Throws `ProviderError` for headers that may not be set, `EgressRefused` where the Secret may not be sent to the URL. */
export async function headersOf(
  query: Prometheus,
  context: MeasureContext,
  source: HeaderSource,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = { ...OWN };
  for (const [index, { key, value }] of (query.headers ?? []).entries()) {
    const problem = headerProblem(key, value);
    if (problem !== undefined) throw new ProviderError(`provider.prometheus.headers[${index}]: ${problem}`);
    headers[key.toLowerCase()] = value;
  }
  const secret = query.authentication?.secretRef?.name;
  return secret === undefined ? headers : { ...headers, authorization: await credentials(secret, context, source) };
}

async function credentials(name: string, context: MeasureContext, source: HeaderSource): Promise<string> {
  const read = async (key: string): Promise<string | undefined> => {
    const found = await source.readSecret(context.namespace, name, key).catch(() => undefined);
    if (found === undefined) return undefined;
    const origin: SecretOrigin = { namespace: context.namespace, name, annotations: found.annotations };
    source.egress.checkSecret(origin, source.url, 'analysis');
    context.redactor.add(found.value);
    return found.value.trim();
  };
  const token = await read('token');
  if (token !== undefined && token !== '') return sendable(`Bearer ${token}`, name);
  const [username, password] = [await read('username'), await read('password')];
  if (username === undefined || password === undefined) {
    throw new ProviderError(`the Secret ${name} needs the key token, or the keys username and password`);
  }
  context.redactor.add(`${username}:${password}`);
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function sendable(value: string, name: string): string {
  if (headerProblem('authorization', value) === undefined) return value;
  throw new ProviderError(`the token of the Secret ${name} is no text for a header: it has more than one line`);
}
