// The headers of a request: what a metric may set, and the credentials of its Secret.
import { headerProblem } from '../../../api/headers.ts';
import type { SecretOrigin } from '../../../ports/egress.ts';
import { ProviderError, type MeasureContext, type ReadSecret } from '../../provider.ts';
import type { Prometheus } from './schema.ts';

const OWN = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };

export interface Headers {
  headers: Record<string, string>;
  /** The Secrets whose values are in them. */
  secrets: SecretOrigin[];
}

/** Throws `ProviderError` for headers that may not be set, and for a Secret that holds no credentials. */
export async function headersOf(query: Prometheus, context: MeasureContext, readSecret: ReadSecret): Promise<Headers> {
  const headers: Record<string, string> = { ...OWN };
  for (const [index, { key, value }] of (query.headers ?? []).entries()) {
    const problem = headerProblem(key, value);
    if (problem !== undefined) throw new ProviderError(`provider.prometheus.headers[${index}]: ${problem}`);
    headers[key.toLowerCase()] = value;
  }
  const name = query.authentication?.secretRef?.name;
  if (name === undefined) return { headers, secrets: [] };
  const secrets: SecretOrigin[] = [];
  const read = async (key: string): Promise<string | undefined> => {
    const found = await readSecret(context.namespace, name, key).catch(() => undefined);
    if (found === undefined) return undefined;
    secrets.push({ namespace: context.namespace, name, annotations: found.annotations });
    context.redactor.add(found.value);
    return found.value.trim();
  };
  return { headers: { ...headers, authorization: await credentials(name, read, context) }, secrets };
}

async function credentials(
  name: string,
  read: (key: string) => Promise<string | undefined>,
  { redactor }: MeasureContext,
): Promise<string> {
  const token = await read('token');
  if (token !== undefined && token !== '') return sendable(`Bearer ${token}`, name);
  const [username, password] = [await read('username'), await read('password')];
  if (username === undefined || password === undefined) {
    throw new ProviderError(`the Secret ${name} needs the key token, or the keys username and password`);
  }
  redactor.add(`${username}:${password}`);
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function sendable(value: string, name: string): string {
  if (headerProblem('authorization', value) === undefined) return value;
  throw new ProviderError(`the token of the Secret ${name} is no text for a header: it has more than one line`);
}
