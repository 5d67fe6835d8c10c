// Prometheus' HTTP API over the samples in store: paths, parameters, answers and errors as the real one has them.
import type { HttpRequest, HttpResponse } from '../transport.ts';
import { compareLabels, labelsKey } from './labels.ts';
import type { Labels } from './labels.ts';
import { evaluate } from './evaluate.ts';
import { formatNumber, formatPlain, parseDuration, parseNumber } from './number.ts';
import { ParseError } from './promql-ast.ts';
import type { Expr } from './promql-ast.ts';
import { parseQuery, parseSelector } from './promql-parse.ts';
import { typeOf } from './promql-types.ts';
import type { Series, Tsdb } from './tsdb.ts';
import { ExecutionError } from './value.ts';
import type { RangeSamples, Sample, Value } from './value.ts';

const MAX_POINTS = 11_000;

class BadData extends Error {}

export interface ApiContext {
  db: Tsdb;
  /** Milliseconds: what a query without a time means. */
  now: number;
}

const written = (labels: Labels): Record<string, string> => Object.fromEntries(labels);
const seconds = (ms: number): number => ms / 1000;

function answer(status: number, body: unknown, type = 'application/json'): HttpResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    headers: { 'content-type': type },
    body: (async function* () {
      yield text;
    })(),
  };
}

const success = (data: unknown): HttpResponse => answer(200, { status: 'success', data });
const failure = (status: number, errorType: string, error: string): HttpResponse =>
  answer(status, { status: 'error', errorType, error });

function parametersOf(request: HttpRequest): URLSearchParams {
  const parameters = new URL(request.path, 'http://localhost').searchParams;
  if (request.method !== 'POST') return parameters;
  for (const [name, value] of new URLSearchParams(request.body ?? '')) parameters.append(name, value);
  return parameters;
}

function timeOf(parameters: URLSearchParams, name: string, fallback: number | undefined): number {
  const text = parameters.get(name) ?? '';
  if (text === '' && fallback !== undefined) return fallback;
  const number = parseNumber(text);
  const ms =
    number === undefined ? (/^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN) : Math.round(number * 1000);
  if (!Number.isFinite(ms))
    throw new BadData(
      `invalid parameter "${name}": ${name === 'time' ? "Invalid time value for 'time': " : ''}cannot parse "${text}" to a valid timestamp`,
    );
  return ms;
}

function stepOf(parameters: URLSearchParams): number {
  const text = parameters.get('step') ?? '';
  const number = parseNumber(text);
  const ms = number === undefined ? parseDuration(text) : Math.round(number * 1000);
  if (ms === undefined || !Number.isFinite(ms))
    throw new BadData(`invalid parameter "step": cannot parse "${text}" to a valid duration`);
  if (ms <= 0)
    throw new BadData(
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  return ms;
}

function parsed<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) throw new BadData(`invalid parameter "${name}": ${error.message}`);
    throw error;
  }
}

const vectorResult = (samples: Sample[], time: number): unknown =>
  samples.map(({ labels, value }) => ({ metric: written(labels), value: [seconds(time), formatNumber(value)] }));
const matrixResult = (series: RangeSamples[]): unknown =>
  series
    .toSorted((a, b) => compareLabels(a.labels, b.labels))
    .map(({ labels, times, values }) => ({
      metric: written(labels),
      values: times.map((time, index) => [seconds(time), formatNumber(values[index] ?? NaN)]),
    }));

function resultOf(value: Value, time: number): unknown {
  switch (value.type) {
    case 'scalar':
      return { resultType: 'scalar', result: [seconds(time), formatPlain(value.value)] };
    case 'string':
      return { resultType: 'string', result: [seconds(time), value.value] };
    case 'vector':
      return { resultType: 'vector', result: vectorResult(value.samples, time) };
    case 'matrix':
      return { resultType: 'matrix', result: matrixResult(value.series) };
  }
}

function instantQuery({ db, now }: ApiContext, parameters: URLSearchParams): HttpResponse {
  const time = timeOf(parameters, 'time', now);
  const expr = parsed('query', () => parseQuery(parameters.get('query') ?? ''));
  return success(resultOf(evaluate({ db, selected: new Map() }, expr, time), time));
}

function rangeQuery({ db }: ApiContext, parameters: URLSearchParams): HttpResponse {
  const start = timeOf(parameters, 'start', undefined);
  const end = timeOf(parameters, 'end', undefined);
  if (end < start) throw new BadData('invalid parameter "end": end timestamp must not be before start time');
  const step = stepOf(parameters);
  if ((end - start) / step > MAX_POINTS)
    throw new BadData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  const expr = parsed('query', () => parseQuery(parameters.get('query') ?? ''));
  refuseForRange(expr);
  const found = new Map<string, RangeSamples>();
  const query = { db, selected: new Map() };
  for (let time = start; time <= end; time += step) collect(found, evaluate(query, expr, time), time);
  return success({ resultType: 'matrix', result: matrixResult([...found.values()]) });
}

function refuseForRange(expr: Expr): void {
  const type = typeOf(expr);
  if (type === 'vector' || type === 'scalar') return;
  const spoken = type === 'matrix' ? 'range vector' : 'string';
  throw new BadData(
    `invalid parameter "query": invalid expression type "${spoken}" for range query, must be Scalar or instant Vector`,
  );
}

function collect(found: Map<string, RangeSamples>, value: Value, time: number): void {
  const samples =
    value.type === 'vector'
      ? value.samples
      : value.type === 'scalar'
        ? [{ labels: new Map<string, string>(), value: value.value }]
        : [];
  for (const sample of samples) {
    const key = labelsKey(sample.labels);
    const series = found.get(key) ?? { labels: sample.labels, times: [], values: [] };
    series.times.push(time);
    series.values.push(sample.value);
    found.set(key, series);
  }
}

/** Series with a sample between `start` and `end`; without a `match[]`, all of them. */
function seriesIn({ db }: ApiContext, parameters: URLSearchParams): Series[] {
  const start = timeOf(parameters, 'start', -8.64e15);
  const end = timeOf(parameters, 'end', 8.64e15);
  const matches = parameters.getAll('match[]');
  const sets = matches.length === 0 ? [[]] : matches.map((text) => parsed('match[]', () => parseSelector(text)));
  const found = new Set(sets.flatMap((matchers) => db.select(matchers)));
  return [...found]
    .filter((series) => series.times.some((time) => time >= start && time <= end))
    .sort((a, b) => compareLabels(a.labels, b.labels));
}

function seriesList(context: ApiContext, parameters: URLSearchParams): HttpResponse {
  if (parameters.getAll('match[]').length === 0) throw new BadData('no match[] parameter provided');
  return success(seriesIn(context, parameters).map((series) => written(series.labels)));
}

const labelNames = (context: ApiContext, parameters: URLSearchParams): HttpResponse =>
  success([...new Set(seriesIn(context, parameters).flatMap((series) => [...series.labels.keys()]))].sort());

function labelValues(context: ApiContext, parameters: URLSearchParams, name: string): HttpResponse {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw new BadData(`invalid label name: "${name}"`);
  const values = seriesIn(context, parameters).flatMap((series) => series.labels.get(name) ?? []);
  return success([...new Set(values)].sort());
}

const PLAIN = 'text/plain; charset=utf-8';

const PAGES: Record<string, string> = {
  '/-/ready': 'Prometheus Server is Ready.\n',
  '/-/healthy': 'Prometheus Server is Healthy.\n',
};

function route(context: ApiContext, request: HttpRequest): HttpResponse {
  const { pathname } = new URL(request.path, 'http://localhost');
  const get = request.method === 'GET' || request.method === 'HEAD';
  const label = /^\/api\/v1\/label\/([^/]+)\/values$/.exec(pathname);
  const page = PAGES[pathname];
  if (get && page !== undefined) return answer(200, page, PLAIN);
  if (get && label !== null) return labelValues(context, parametersOf(request), decodeURIComponent(label[1] ?? ''));
  const handler = HANDLERS[pathname];
  if (handler === undefined) return answer(404, '404 page not found\n', PLAIN);
  if (!get && request.method !== 'POST') return answer(405, 'Method Not Allowed\n', PLAIN);
  return handler(context, parametersOf(request));
}

const HANDLERS: Record<string, (context: ApiContext, parameters: URLSearchParams) => HttpResponse> = {
  '/api/v1/query': instantQuery,
  '/api/v1/query_range': rangeQuery,
  '/api/v1/series': seriesList,
  '/api/v1/labels': labelNames,
};

/** Answers one request; every failure is an answer too. */
export function answerApi(context: ApiContext, request: HttpRequest): HttpResponse {
  try {
    return route(context, request);
  } catch (error) {
    if (error instanceof BadData) return failure(400, 'bad_data', error.message);
    if (error instanceof ExecutionError) return failure(422, 'execution', error.message);
    throw error;
  }
}
