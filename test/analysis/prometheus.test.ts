import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AnalysisRunSpec, Prometheus } from '../../src/api/analysis.ts';
import { measure } from '../../src/analysis/measure.ts';
import { createPrometheusProvider } from '../../src/analysis/providers/prometheus.ts';
import type { ReadSecret } from '../../src/analysis/provider.ts';
import type { MetricValue } from '../../src/analysis/value.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Seen {
  url: string | undefined;
  body: string;
  headers: http.IncomingHttpHeaders;
}

/** A metric store on the loopback that gives one answer; without an answer it stays silent. */
async function store(status: number, answer?: unknown): Promise<{ address: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      seen.push({ url: request.url, body, headers: request.headers });
      if (answer === undefined) return;
      response.writeHead(status, { location: 'http://127.0.0.1:1/' });
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const success = (resultType: string, result: unknown): object => ({ status: 'success', data: { resultType, result } });
const noSecret: ReadSecret = () => Promise.reject(new Error('there is no such Secret'));

function ask(query: Partial<Prometheus>, readSecret = noSecret, clock = new VirtualClock()): Promise<MetricValue> {
  const provider = createPrometheusProvider({ readSecret, clock });
  const metric = { name: 'rate', provider: { prometheus: { query: 'up', ...query } } };
  return provider.measure(metric, 'shop', new AbortController().signal);
}

describe('an answer of Prometheus', () => {
  it.each([
    [
      'vector',
      [
        { metric: {}, value: [1, '0.82'] },
        { metric: {}, value: [1, '+Inf'] },
      ],
      [0.82, Infinity],
      '[0.82,+Inf]',
    ],
    ['vector', [], [], '[]'],
    ['vector', [{ metric: {}, value: [1, 'NaN'] }], [NaN], '[NaN]'],
    ['scalar', [1, '-Inf'], -Infinity, '-Inf'],
    ['string', [1, 'hello'], 'hello', 'hello'],
    [
      'matrix',
      [
        {
          metric: {},
          values: [
            [1, '1'],
            [2, '2'],
          ],
        },
        { metric: {}, values: [[1, '3']] },
      ],
      [1, 2, 3],
      '[1,2,3]',
    ],
  ])('of type %s is read: %j', async (kind, result, value, text) => {
    const { address } = await store(200, success(kind, result));
    expect(await ask({ address })).toEqual({ kind, value, text });
  });

  it.each([
    [
      422,
      { status: 'error', errorType: 'bad_data', error: 'parse error' },
      'Prometheus answered 422: bad_data: parse error',
    ],
    [503, { status: 'error', errorType: 'timeout', error: 'too slow' }, 'Prometheus answered 503: timeout: too slow'],
    [401, 'no', 'it wants other credentials'],
    [302, 'elsewhere', 'redirects are not followed'],
    [200, '<html>', 'is the address right?'],
    [200, success('vector', [{ metric: {}, histogram: [1, {}] }]), 'histograms'],
    [200, 'x'.repeat(5_000_000), 'larger than'],
  ])('%i with %j is an error that says what to do', async (status, answer, message) => {
    const { address } = await store(status, answer);
    await expect(ask({ address })).rejects.toThrow(message);
  });
});

describe('a query', () => {
  it('is a form, under the path of the address, with its headers', async () => {
    const { address, seen } = await store(200, success('vector', []));
    await ask({
      address: `${address}/prom/`,
      query: 'up{a="b"}',
      timeout: 7,
      headers: [{ key: 'X-Scope', value: 'me' }],
    });
    expect(seen[0]?.url).toBe('/prom/api/v1/query');
    expect(Object.fromEntries(new URLSearchParams(seen[0]?.body))).toEqual({ query: 'up{a="b"}', timeout: '7s' });
    expect(seen[0]?.headers['x-scope']).toBe('me');
  });

  it('is given up in time', async () => {
    const { address } = await store(200);
    const clock = new VirtualClock();
    const problem = ask({ address, timeout: 5 }, noSecret, clock).catch((error: unknown) => String(error));
    await clock.advance(5000);
    expect(await problem).toContain('within 5s');
    expect(clock.pending).toBe(0);
  });

  it.each([
    [undefined, 'no address'],
    ['prometheus:9090', 'no http or https URL'],
    ['http://me:secret@host', 'put credentials into the Secret'],
    ['http://127.0.0.1:1', 'cannot reach Prometheus'],
  ])('to %s is refused with what to write', async (address, message) => {
    await expect(ask(address === undefined ? {} : { address })).rejects.toThrow(message);
  });

  it('carries a token, or a user and password, of a Secret', async () => {
    const { address, seen } = await store(200, success('vector', []));
    const authentication = { secretRef: { name: 'prom' } };
    const keys =
      (data: Record<string, string>): ReadSecret =>
      (_, __, key) =>
        data[key] === undefined ? Promise.reject(new Error('no key')) : Promise.resolve(data[key]);
    await ask({ address, authentication }, keys({ token: 'abc\n' }));
    await ask({ address, authentication }, keys({ username: 'me', password: 'pw' }));
    expect(seen.map((request) => request.headers.authorization)).toEqual(['Bearer abc', 'Basic bWU6cHc=']);
    await expect(ask({ address, authentication }, keys({}))).rejects.toThrow('the Secret prom needs the key token');
  });
});

describe('a measurement', () => {
  const spec = (address: string): AnalysisRunSpec => ({
    args: [{ name: 'key', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
    metrics: [
      {
        name: 'rate',
        successCondition: 'result[0] >= 0.95',
        provider: { prometheus: { address, query: 'up{k="{{args.key}}"}' } },
      },
    ],
  });
  const options = {
    namespace: 'shop',
    providers: { prometheus: createPrometheusProvider({ readSecret: noSecret }) },
    readSecret: () => Promise.resolve('s3cret'),
    now: () => 42,
    signal: new AbortController().signal,
  };

  it('fills in secrets and judges the answer', async () => {
    const { address, seen } = await store(200, success('vector', [{ metric: {}, value: [1, '0.82'] }]));
    expect(await measure(spec(address), 'rate', options)).toEqual({
      phase: 'Failed',
      message: 'rate 0.82 < 0.95',
      value: '[0.82]',
      startedAt: 42,
      finishedAt: 42,
    });
    expect(new URLSearchParams(seen[0]?.body).get('query')).toBe('up{k="s3cret"}');
  });

  it('never repeats a secret, and never rejects', async () => {
    const { address } = await store(400, { status: 'error', errorType: 'bad_data', error: 'near up{k="s3cret"}' });
    const measured = await measure(spec(address), 'rate', options);
    expect(measured).toMatchObject({
      phase: 'Error',
      message: 'rate: Prometheus answered 400: bad_data: near up{k="***"}',
    });
    const lost = await measure(spec(address), 'rate', { ...options, readSecret: noSecret });
    expect(lost).toMatchObject({ phase: 'Error', message: 'rate: there is no such Secret' });
  });
});
