import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AnalysisRunSpec, Measurement } from '../../../src/api/analysis.ts';
import type { Prometheus } from '../../../src/analysis/providers/prometheus/schema.ts';
import { begin, recordMeasurement } from '../../../src/analysis/run/run.ts';
import { measure, type MeasureOptions } from '../../../src/controller/measure.ts';
import { createPrometheusProvider } from '../../../src/analysis/providers/prometheus/provider.ts';
import { createHttp } from '../../../src/http/http.ts';
import { createEgress } from '../../../src/egress/egress.ts';
import { Redactor } from '../../../src/analysis/redactor.ts';
import type { EgressPolicy } from '../../../src/ports/egress.ts';
import type { ReadSecret } from '../../../src/analysis/provider.ts';
import type { MetricValue } from '../../../src/analysis/value.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Seen {
  url: string | undefined;
  body: string;
  headers: IncomingHttpHeaders;
}

/** A metric store on the loopback that gives one answer; without an answer it stays silent. */
async function store(status: number, answer?: unknown): Promise<{ address: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
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

/** What the operator of these tests lists. */
const LISTED: EgressPolicy = { analysisHosts: ['127.0.0.1'] };
const http = createHttp({ egress: createEgress(LISTED) });

const MEASUREMENT = { run: 'run', uid: 'u', metric: 'rate', number: 0 };

async function ask(
  query: Partial<Prometheus>,
  readSecret = noSecret,
  { clock = new VirtualClock(), policy = LISTED }: { clock?: VirtualClock; policy?: EgressPolicy } = {},
): Promise<MetricValue> {
  const provider = createPrometheusProvider({ readSecret, http: createHttp({ clock, egress: createEgress(policy) }) });
  const metric = { name: 'rate', provider: { prometheus: { query: 'up', ...query } } };
  const { signal } = new AbortController();
  const context = { namespace: 'shop', signal, secrets: [], redactor: new Redactor(), measurement: MEASUREMENT };
  const progress = await provider.start(metric, context);
  if ('value' in progress) return progress.value;
  throw new Error('it was not answered at once');
}

/** One measurement as it is recorded. */
async function measured(spec: AnalysisRunSpec, metric: string, options: MeasureOptions): Promise<Measurement> {
  const outcome = await measure(spec, metric, options);
  if (!('measured' in outcome)) throw new Error('it was not answered at once');
  const { metricResults } = recordMeasurement(spec, begin(spec, 42), metric, outcome.measured);
  const last = metricResults?.[0]?.measurements?.at(-1);
  if (last === undefined) throw new Error('nothing was recorded');
  return last;
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
    const problem = ask({ address, timeout: 5 }, noSecret, { clock }).catch((error: unknown) => String(error));
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
        data[key] === undefined ? Promise.reject(new Error('no key')) : Promise.resolve({ value: data[key] ?? '' });
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
    providers: { prometheus: createPrometheusProvider({ readSecret: noSecret, http }) },
    readSecret: (): ReturnType<ReadSecret> => Promise.resolve({ value: 's3cret' }),
    now: () => 42,
    measurement: MEASUREMENT,
    signal: new AbortController().signal,
  };

  it('fills in secrets and judges the answer', async () => {
    const { address, seen } = await store(200, success('vector', [{ metric: {}, value: [1, '0.82'] }]));
    expect(await measured(spec(address), 'rate', options)).toEqual({
      phase: 'Failed',
      message: 'rate 0.82 < 0.95',
      value: '[0.82]',
      startedAt: '1970-01-01T00:00:00.042Z',
      finishedAt: '1970-01-01T00:00:00.042Z',
    });
    expect(new URLSearchParams(seen[0]?.body).get('query')).toBe('up{k="s3cret"}');
  });

  it('never repeats a secret, and never rejects', async () => {
    const { address } = await store(400, { status: 'error', errorType: 'bad_data', error: 'near up{k="s3cret"}' });
    const told = await measured(spec(address), 'rate', options);
    expect(told).toMatchObject({
      phase: 'Error',
      message: 'rate: Prometheus answered 400: bad_data: near up{k="***"}',
    });
    const lost = await measured(spec(address), 'rate', { ...options, readSecret: noSecret });
    expect(lost).toMatchObject({ phase: 'Error', message: 'rate: there is no such Secret' });
  });

  const echo = (text: string) => ({ status: 'error', errorType: 'bad_data', error: `near ${text}` });

  it.each([
    ['URL-encoded', encodeURIComponent('hun ter/2"')],
    ['as a form', 'hun+ter%2f2%22'],
    ['as JSON', 'hun ter/2\\"'],
    ['as base64', Buffer.from('hun ter/2"').toString('base64')],
    ['at the cut', `${'x'.repeat(187)}hun ter/2"`],
  ])('never repeats a secret that comes back %s', async (_, text) => {
    const { address } = await store(400, echo(text));
    const readSecret = (): ReturnType<ReadSecret> => Promise.resolve({ value: 'hun ter/2"' });
    const { message } = await measured(spec(address), 'rate', { ...options, readSecret });
    expect(message).toContain('***');
    expect(message).not.toMatch(/hun/);
  });

  it('never repeats what authenticates it', async () => {
    for (const data of [{ token: 'tok-4f' }, { username: 'me', password: 'pass-9' }] as Record<string, string>[]) {
      const basic = Buffer.from('me:pass-9').toString('base64');
      const { address } = await store(400, echo(`Bearer tok-4f or ${basic} of me:pass-9`));
      const readSecret: ReadSecret = (_, __, key) =>
        data[key] === undefined ? Promise.reject(new Error('no key')) : Promise.resolve({ value: data[key] });
      const providers = { prometheus: createPrometheusProvider({ readSecret, http }) };
      const prometheus = { address, query: 'up', authentication: { secretRef: { name: 'api' } } };
      const { message } = await measured({ metrics: [{ name: 'm', provider: { prometheus } }] }, 'm', {
        ...options,
        providers,
        readSecret,
      });
      expect(message).not.toContain(data['token'] ?? 'pass-9');
      expect(message).not.toContain(data['token'] === undefined ? basic.slice(4, -4) : 'tok-4f');
    }
  });

  it('keeps a secret that the store gives back as a value from conditions, too', async () => {
    const { address } = await store(200, success('string', [1, 's3cret']));
    const [metric] = spec(address).metrics;
    const oracle = {
      ...spec(address),
      metrics: metric ? [{ ...metric, successCondition: 'result startsWith "s3"' }] : [],
    };
    const told = await measured(oracle, 'rate', options);
    expect(told).toMatchObject({ phase: 'Failed', value: '***' });
    expect(JSON.stringify(told)).not.toContain('s3c');
  });

  it('takes secrets in the query and in headers alone', async () => {
    const { address, seen } = await store(200, success('vector', []));
    const [metric] = spec(address).metrics;
    const prometheus = { address, query: 'up', headers: [{ key: 'X-Key', value: '{{args.key}}' }] };
    const with_ = (fields: object): AnalysisRunSpec => ({
      ...spec(address),
      metrics: metric ? [{ ...metric, ...fields }] : [],
    });
    await measured(with_({ provider: { prometheus } }), 'rate', options);
    expect(seen[0]?.headers['x-key']).toBe('s3cret');
    const odd = [
      { successCondition: 'float("{{args.key}}") > 1' },
      { failureCondition: '"{{ args.key }}" < "m"' },
      { provider: { prometheus: { ...prometheus, address: `${address}/{{args.key}}` } } },
      { provider: { prometheus: { ...prometheus, headers: [{ key: '{{args.key}}', value: 'x' }] } } },
    ];
    for (const fields of odd) {
      const { phase, message } = await measured(with_(fields), 'rate', options);
      expect(phase).toBe('Error');
      expect(message).toContain('comes from a Secret');
      expect(message).not.toContain('s3cret');
    }
    expect(seen).toHaveLength(1);
  });

  it('tells of no more than a short line of what answered', async () => {
    const { address } = await store(500, { status: 'error', errorType: 'x', error: `{"a":\n"${'b'.repeat(5000)}"}` });
    const { message } = await measured(spec(address), 'rate', options);
    expect(message?.length).toBeLessThan(260);
    expect(message).not.toContain('\n');
    const other = await store(500, { status: 'error', errorType: 'some text {', error: 'inner words' });
    expect((await measured(spec(other.address), 'rate', options)).message).toBe('rate: Prometheus answered 500');
  });
});

describe('where a query goes', () => {
  const secret: ReadSecret = () => Promise.resolve({ value: 'tok-4f' });
  const authentication = { secretRef: { name: 'api' } };

  it('is what the operator says, for requests', async () => {
    const { address, seen } = await store(200, success('vector', []));
    await expect(ask({ address }, noSecret, { policy: {} })).rejects.toThrow('--analysis-hosts=127.0.0.1:');
    const local = address.replace('127.0.0.1', 'localhost');
    await expect(ask({ address: local }, noSecret, { policy: {} })).rejects.toThrow(
      'provider.prometheus.address: localhost:',
    );
    await expect(ask({ address: 'http://169.254.169.254/' }, noSecret, { policy: {} })).rejects.toThrow(
      'cloud metadata',
    );
    expect(seen).toHaveLength(0);
    await ask({ address }, noSecret, { policy: { prometheus: address } });
    expect(seen).toHaveLength(1);
  });

  it('is what the operator and the Secret say, for secrets', async () => {
    const { address, seen } = await store(200, success('vector', []));
    const outside: EgressPolicy = { analysisHosts: ['127.0.0.1:1', '*'] };
    const refused =
      'the Secret shop/api may not be sent to example.com:80: name the host in its annotation sluice.dev/hosts';
    await expect(ask({ address: 'http://example.com', authentication }, secret, { policy: outside })).rejects.toThrow(
      refused,
    );
    await ask({ address, authentication }, secret);
    const annotated: ReadSecret = () =>
      Promise.resolve({ value: 'tok-4f', annotations: { 'sluice.dev/hosts': '127.0.0.1' } });
    await expect(ask({ address, authentication }, annotated, { policy: {} })).rejects.toThrow('this machine');
    expect(seen.map((request) => request.headers.authorization)).toEqual(['Bearer tok-4f']);
  });

  it.each([
    'Host',
    'content-length',
    'Transfer-Encoding',
    'Connection',
    'Upgrade',
    'TE',
    'Trailer',
    'Expect',
    'Proxy-Authorization',
    'Metadata-Flavor',
    'Metadata',
    'X-aws-ec2-metadata-token',
    'X-Forwarded-Host',
    'Impersonate-User',
    'a b',
    '',
  ])('is not bent by a header %s', async (key) => {
    const { address, seen } = await store(200, success('vector', []));
    await expect(ask({ address, headers: [{ key, value: 'x' }] })).rejects.toThrow('provider.prometheus.headers[0]: ');
    expect(seen).toHaveLength(0);
  });

  it('is not bent by the value of one', async () => {
    await expect(
      ask({ address: 'http://127.0.0.1:1', headers: [{ key: 'X-A', value: 'b\r\nHost: c' }] }),
    ).rejects.toThrow('line ends');
    const twoLines: ReadSecret = () => Promise.resolve({ value: 'a\nb' });
    await expect(ask({ address: 'http://127.0.0.1:1', authentication }, twoLines)).rejects.toThrow(
      'more than one line',
    );
  });
});
