// PromQL and Prometheus' HTTP API: the sandbox's store and a real Prometheus must answer alike.
// SLUICE_CONTRACT_PROMETHEUS_BIN=/path/to/prometheus compares every query; SLUICE_CONTRACT_PROMETHEUS=URL those that need no samples.
// SLUICE_CONTRACT_RECORD=1 keeps the binary's answers in prometheus-answers.json, which the sandbox is held to when there is no binary.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentedQueries } from './documented-queries.ts';
import { binaryTarget, PROMETHEUS_BIN, PROMETHEUS_URL, sandboxTarget, urlTarget } from './prometheus-target.ts';
import type { PrometheusTarget, Reply } from './prometheus-target.ts';

const T0 = 1767225600;
/** Never on a sample's time nor a multiple of a range from one, where versions of Prometheus differ. */
const AT = T0 + 301.5;

/** Requests to two revisions, every 5 s for five minutes: one a fifth wrong, with a restart in the middle. */
function samples(): string {
  const lines: string[] = [];
  const series = (name: string, labels: string, value: (n: number) => number | string, from = 0): void => {
    for (let n = from; n <= 60; n++) lines.push(`${name}{${labels}} ${value(n)} ${T0 + 5 * n}`);
  };
  const istio = (service: string, code: string): string =>
    `reporter="source",destination_service_name="${service}",destination_service_namespace="shop",response_code="${code}"`;
  const restarted = (perStep: number) => (n: number) => perStep * (n < 40 ? n + 3 : n - 40);
  series('istio_requests_total', istio('web-canary', '200'), restarted(40));
  series('istio_requests_total', istio('web-canary', '503'), restarted(10));
  series('istio_requests_total', istio('web-stable', '200'), (n) => 500 + 90 * n);
  series('istio_requests_total', istio('web-stable', '500'), (n) => Math.floor(n / 30), 20);
  for (const [service, shift] of [
    ['web-canary', 3],
    ['web-stable', 1],
  ] as const)
    for (const [le, share] of [
      ['50', 0.5],
      ['100', 0.9],
      ['250', 0.97],
      ['+Inf', 1],
    ] as const)
      series('istio_request_duration_milliseconds_bucket', `destination_service_name="${service}",le="${le}"`, (n) =>
        Math.round((100 * n * share) / (le === '50' ? shift : 1)),
      );
  series('temperature', 'room="a"', (n) => Math.round(20 + 5 * Math.sin(n)));
  series('temperature', 'room="b"', (n) => (n % 7) - 3);
  series('temperature', 'room="c"', (n) => (n > 50 ? 'NaN' : n));
  series('room_info', 'room="a",floor="1"', () => 1);
  series('room_info', 'room="b",floor="2"', () => 1);
  series('edge', 'kind="up"', () => '+Inf');
  series('edge', 'kind="down"', () => '-Inf');
  series('edge', 'kind="tiny"', () => '0.0000000123');
  series('edge', 'kind="huge"', () => '1.5e+25');
  series('sparse', 'a="x"', (n) => n, 59);
  return lines.join('\n');
}

const CANARY = 'istio_requests_total{reporter="source",destination_service_name="web-canary"}';
const BAD = 'istio_requests_total{reporter="source",destination_service_name="web-canary",response_code=~"5.."}';
const BUCKETS = 'istio_request_duration_milliseconds_bucket';

/** What docs, examples and presets ask, and the functions and operators around it. */
const QUERIES: string[] = [
  CANARY,
  `sum(rate(istio_requests_total{destination_service_name="web-canary",response_code!~"5.."}[1m])) / sum(rate(${CANARY}[1m]))`,
  `sum(rate(istio_requests_total{reporter="source",destination_service_name=~"web-.*",response_code!~"5.*"}[10s])) by (destination_service_name)`,
  `sum by (destination_service_name, response_code) (increase(istio_requests_total[2m]))`,
  `sum without (response_code, reporter) (rate(istio_requests_total[90s]))`,
  `rate(${CANARY}[3m])`,
  `irate(istio_requests_total[1m])`,
  `increase(istio_requests_total[4m]) > 1000`,
  `resets(istio_requests_total[5m])`,
  `changes(temperature[2m])`,
  `delta(temperature[2m])`,
  `idelta(temperature[2m])`,
  `deriv(temperature{room!="c"}[2m])`,
  `rate(sparse[1m])`,
  `increase(istio_requests_total{response_code="500"}[4m])`,
  `histogram_quantile(0.99, sum(rate(${BUCKETS}[1m])) by (le))`,
  `histogram_quantile(0.5, sum(rate(${BUCKETS}[1m])) by (le, destination_service_name))`,
  `histogram_quantile(0.2, rate(${BUCKETS}[2m]))`,
  `histogram_quantile(1.5, rate(${BUCKETS}[2m]))`,
  `histogram_quantile(0.9, rate(${BUCKETS}{le!="+Inf"}[2m]))`,
  `avg(temperature)`,
  `min(temperature)`,
  `max(temperature)`,
  `count(temperature)`,
  `group(temperature)`,
  `stddev(temperature{room!="c"})`,
  `stdvar(temperature{room!="c"})`,
  `quantile(0.3, temperature{room!="c"})`,
  `topk(2, istio_requests_total)`,
  `bottomk(1, istio_requests_total) by (destination_service_name)`,
  `topk(1, temperature)`,
  `count_values("code", istio_requests_total > bool 100)`,
  `sort(istio_requests_total)`,
  `sort_desc(istio_requests_total)`,
  `temperature * on(room) group_left(floor) room_info`,
  `room_info * on(room) group_right temperature`,
  `temperature and on(room) room_info{floor="1"}`,
  `temperature unless on(room) room_info{floor="1"}`,
  `temperature{room="a"} or room_info`,
  `temperature + ignoring(floor) room_info`,
  `temperature == temperature`,
  `temperature != bool temperature`,
  `${BAD} / ignoring(response_code) group_left sum without(response_code) (${CANARY})`,
  `temperature % 3`,
  `2 ^ temperature{room="b"}`,
  `10 > temperature`,
  `-temperature`,
  `temperature{room="b"} / 0`,
  `abs(temperature{room="b"} - 100)`,
  `ceil(temperature / 3)`,
  `floor(temperature / 3)`,
  `round(temperature / 3, 0.25)`,
  `clamp(temperature, 1, 3)`,
  `clamp(temperature, 3, 1)`,
  `clamp_min(temperature, 4)`,
  `clamp_max(temperature, 4)`,
  `absent(temperature)`,
  `absent(nothing{room="x",a=~"b"})`,
  `absent_over_time(nothing{room="x"}[5m])`,
  `timestamp(temperature)`,
  `label_replace(temperature, "place", "in-$1", "room", "([ab])")`,
  `avg_over_time(temperature[1m])`,
  `sum_over_time(temperature[1m])`,
  `min_over_time(temperature[1m])`,
  `max_over_time(temperature[1m])`,
  `count_over_time(temperature[1m])`,
  `last_over_time(temperature[1m])`,
  `present_over_time(temperature[1m])`,
  `stddev_over_time(temperature{room!="c"}[1m])`,
  `quantile_over_time(0.9, temperature{room!="c"}[1m])`,
  `max_over_time(rate(${CANARY}[1m])[2m:13s])`,
  `avg_over_time(sum(temperature{room!="c"})[1m:7s])`,
  `temperature offset 1m`,
  `rate(istio_requests_total[1m] offset 2m)`,
  `temperature offset -10s`,
  `-temperature offset 1m`,
  `edge`,
  `edge - edge`,
  `sum(edge)`,
  `scalar(temperature{room="a"})`,
  `scalar(temperature)`,
  `temperature{room="a"}[31s]`,
  `{__name__=~"temp.*",room!=""}`,
  `temperature{room=~"a|b"}`,
  `temperature{room!~"a|b"}`,
  `temperature{nope=""}`,
  `sum(nothing)`,
  `sum(rate(nothing[1m])) or vector(0)`,
  `sparse offset 4m`,
  `ln(temperature{room="a"}) + scalar(exp(sqrt(vector(2))))`,
  `sgn(temperature)`,
  // The demo's own.
  `istio_requests_total`,
  `sum(rate(istio_requests_total{destination_service_name="web-canary",response_code!~"5.."}[1m])) / sum(rate(istio_requests_total{destination_service_name="web-canary"}[1m]))`,
];

/** Need no samples: also asked of a Prometheus of which only the URL is known. */
const PLAIN: string[] = [
  'vector(1)',
  'vector(0) > 1',
  '1',
  '-1.5',
  '"text"',
  'NaN',
  '+Inf',
  '-Inf',
  '1 + 2 * 3 ^ 2',
  '2 ^ 3 ^ 2',
  '-2 ^ 2',
  '0/0',
  '1/0',
  '5 % 0',
  '1 == bool 1',
  '1e-7',
  '0.1 + 0.2',
  '1e21',
  '0x1F',
  'time()',
  'time() - 60',
  'scalar(vector(3))',
  'absent(sluice_no_such_metric{a="b"})',
  'sum(sluice_no_such_metric)',
  'vector(1) + on() vector(2)',
  'vector(1) and vector(2)',
  'vector(1) or vector(2)',
  'label_replace(vector(1), "a", "b", "", "")',
  'clamp_max(vector(7), 5)',
  'round(vector(2.5))',
  'round(vector(-2.5))',
  '# a comment\nvector(1)',
];

const REFUSED: string[] = [
  '',
  '1 +',
  'foo(x)',
  'sum(rate(x[5m])',
  'x{a="b"',
  'rate(x)',
  'rate(x[5m]',
  'sum(x))',
  'x{a=~"*"}',
  '{}',
  '{a=""}',
  'x{a="b" c="d"}',
  'rate(5)',
  'abs("a")',
  'topk(x, 5)',
  'topk(x)',
  'sum()',
  'clamp(x)',
  'rate(x[5m], 2)',
  '1 and x',
  'x and 1',
  'x[5m] + 1',
  '"a" + 1',
  '1 == 1',
  'x + on(a) group_left(a) y',
  'x and on(a) group_left y',
  'x offset 1m offset 2m',
  'sum(x) offset 1m',
  '1[5m]',
  '-"a"',
  'histogram_quantile(x)',
  '1 1',
  'x y',
  'x + bool y',
  'x{}[5m',
  'x{a=b}',
  'x{a}',
  'x[0s]',
  'vector("a")',
  'time(1)',
  'sum(1)',
  '"abc',
  'x{a="b",,}',
  '(1',
  '1)',
  ')',
  'label_replace({__name__=~"(vec|noth)ing"} or vector(1) or label_replace(vector(2),"a","b","",""),"a","","a",".*")',
  'label_replace(vector(1),"a","$1","c","(")',
  'label_replace(vector(1),"a b","$1","c","")',
];

const PARAMETERS: [string, Record<string, string>][] = [
  ['/api/v1/query', { query: '1', time: 'yesterday' }],
  ['/api/v1/query', { query: 'vector(1)', time: '2026-01-01T00:05:00Z' }],
  ['/api/v1/query_range', { query: '1', start: '10', end: '5', step: '1' }],
  ['/api/v1/query_range', { query: '1', start: '10', end: '20', step: '0' }],
  ['/api/v1/query_range', { query: '1', start: '10', end: '20', step: 'x' }],
  ['/api/v1/query_range', { query: '1', start: '10', end: '200000', step: '1' }],
  ['/api/v1/query_range', { query: 'x[5m]', start: '10', end: '20', step: '1' }],
  ['/api/v1/query_range', { query: '"a"', start: '10', end: '20', step: '1' }],
  ['/api/v1/query_range', { query: 'vector(time())', start: '10', end: '20', step: '5s' }],
  ['/api/v1/query_range', { query: '1 +', start: '10', end: '20', step: '5' }],
  ['/api/v1/query_range', { query: '1', start: 'x', end: '20', step: '5' }],
  ['/api/v1/series', {}],
  ['/api/v1/series', { 'match[]': '{' }],
  ['/api/v1/label/a-b/values', {}],
];

const DATA: [string, Record<string, string>][] = [
  ['/api/v1/series', { 'match[]': 'temperature', start: String(T0), end: String(AT) }],
  ['/api/v1/series', { 'match[]': 'nothing', start: String(T0), end: String(AT) }],
  ['/api/v1/labels', { start: String(T0), end: String(AT) }],
  ['/api/v1/labels', { 'match[]': 'room_info', start: String(T0), end: String(AT) }],
  ['/api/v1/label/room/values', { start: String(T0), end: String(AT) }],
  ['/api/v1/label/__name__/values', { start: String(T0), end: String(AT) }],
  ['/api/v1/label/nope/values', { start: String(T0), end: String(AT) }],
  ['/api/v1/query_range', { query: `sum(rate(${CANARY}[1m]))`, start: String(T0 + 61.5), end: String(AT), step: '15' }],
  ['/api/v1/query_range', { query: 'temperature', start: String(T0 + 1.5), end: String(AT), step: '1m' }],
];

/** Ordered by PromQL itself; all other vectors come in any order. */
const ORDERED = /^(sort|topk|bottomk)/;

type Request = [path: string, parameters?: Record<string, string>, method?: 'GET' | 'POST'];

interface Entry {
  metric: Record<string, string>;
}

/** Numbers are rounded to 12 digits: the order in which floats are added is nobody's promise. */
function comparable(query: string, { status, body }: Reply): Reply {
  if (typeof body === 'string') return { status, body: '' };
  const text = JSON.stringify(body, (_, value: unknown) => {
    if (typeof value !== 'string' || !/^-?\d+\.\d{10,}$/.test(value)) return value;
    return String(Number(Number(value).toPrecision(12)));
  });
  const copy = JSON.parse(text) as { data?: { resultType?: string; result?: Entry[] } };
  if (copy.data?.resultType === 'vector' && !ORDERED.test(query))
    copy.data.result?.sort((a, b) => (JSON.stringify(sorted(a)) < JSON.stringify(sorted(b)) ? -1 : 1));
  return { status, body: copy };
}
const sorted = ({ metric }: Entry): unknown => Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1));

/** Newer versions name the parameter in front of a range query's errors, older ones do not. */
const unprefixed = (reply: Reply): Reply =>
  JSON.parse(JSON.stringify(reply).replace('invalid parameter \\"query\\": ', '')) as Reply;

const ANSWERS = new URL('prometheus-answers.json', import.meta.url);
const RECORD = process.env['SLUICE_CONTRACT_RECORD'] === '1' && PROMETHEUS_BIN !== undefined;

describe('Prometheus contract', () => {
  const answers = JSON.parse(existsSync(ANSWERS) ? readFileSync(ANSWERS, 'utf8') : '{}') as Record<string, Reply>;
  const sandbox = sandboxTarget(samples(), AT * 1000);
  let real: PrometheusTarget | undefined;
  const query = (text: string): Request => ['/api/v1/query', { query: text, time: String(AT) }];

  /** Asks the sandbox; what a real Prometheus says, if there is one that can answer, must be the same. */
  async function ask(needsSamples: boolean, [path, parameters = {}, method = 'GET']: Request): Promise<Reply> {
    const got = await sandbox.ask(path, parameters, method);
    const key = JSON.stringify([path, parameters, method]);
    const text = parameters['query'] ?? '';
    const seen = unprefixed(comparable(text, got));
    expect(seen, 'as a real Prometheus answered when this was recorded').toEqual(RECORD ? seen : answers[key]);
    if (real === undefined || (needsSamples && PROMETHEUS_BIN === undefined)) return got;
    const wanted = await real.ask(path, parameters, method);
    const reply = unprefixed(comparable(text, wanted));
    if (RECORD) answers[key] = reply;
    expect(seen).toEqual(reply);
    return got;
  }

  beforeAll(async () => {
    if (PROMETHEUS_BIN !== undefined) real = await binaryTarget(PROMETHEUS_BIN, samples());
    else if (PROMETHEUS_URL !== undefined) real = urlTarget(PROMETHEUS_URL);
  });
  afterAll(async () => {
    await real?.close();
    if (RECORD) writeFileSync(ANSWERS, `${JSON.stringify(answers, null, 1)}\n`);
    await sandbox.close();
  });

  it.each([...QUERIES, ...documentedQueries()])('answers %s', async (text) => {
    expect(await ask(true, query(text))).toMatchObject({ status: 200, body: { status: 'success' } });
  });

  it('finds the queries that are documented', () => {
    expect(documentedQueries().length).toBeGreaterThanOrEqual(2);
  });

  it.each(PLAIN)('answers %s without samples', async (text) => {
    expect(await ask(false, query(text))).toMatchObject({ status: 200, body: { status: 'success' } });
  });

  it.each(REFUSED)('refuses %s with a reason', async (text) => {
    const { status, body } = await ask(false, query(text));
    expect([400, 422]).toContain(status);
    expect(body).toMatchObject({ status: 'error', error: expect.stringMatching(/\S/) });
  });

  it.each(PARAMETERS)('takes the parameters of %s %j', async (path, parameters) => {
    const { body } = await ask(false, [path, parameters]);
    expect(body).toMatchObject({ status: expect.stringMatching(/^(success|error)$/) });
  });

  it.each(DATA)('reads %s %j', async (path, parameters) => {
    expect(await ask(true, [path, parameters])).toMatchObject({ status: 200 });
  });

  it('takes a query as a form', async () => {
    const got = await ask(false, ['/api/v1/query', { query: 'vector(1)', time: String(AT) }, 'POST']);
    const result = [{ metric: {}, value: [AT, '1'] }];
    expect(got.body).toEqual({ status: 'success', data: { resultType: 'vector', result } });
  });

  it.each(['/-/ready', '/-/healthy'])('says by %s that it is up', async (path) => {
    expect((await ask(false, [path])).status).toBe(200);
  });
});
