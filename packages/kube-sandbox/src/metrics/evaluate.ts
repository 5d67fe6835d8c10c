// Runs a parsed query at one instant over the samples in store. Functions get their arguments evaluated here.
import { aggregate } from './aggregate.ts';
import { combineSets, operate, operateScalar, operateVectors } from './binary.ts';
import { labelsKey, withoutName } from './labels.ts';
import type { Labels } from './labels.ts';
import { SET_OPERATORS } from './promql-ast.ts';
import type { Aggregate, Binary, Call, Expr, RangeSelector, Selector, Subquery } from './promql-ast.ts';
import { quantileOverTime, RANGE_FUNCTIONS } from './range-functions.ts';
import { lastIndexAt, STALE } from './tsdb.ts';
import type { Series, Tsdb } from './tsdb.ts';
import { ExecutionError } from './value.ts';
import type { RangeSamples, Sample, Value } from './value.ts';
import {
  absentLabels,
  histogramQuantile,
  labelReplace,
  refuseDuplicates,
  VALUE_FUNCTIONS,
} from './vector-functions.ts';

/** How old a sample may be to stand for its series. */
const LOOKBACK_MS = 5 * 60_000;
/** Step of subqueries that name none: the scrape interval of a default configuration. */
const SUBQUERY_STEP_MS = 60_000;

export interface Query {
  db: Tsdb;
  /** Series of each selector, looked up once per query. */
  selected: Map<Selector, Series[]>;
}

interface Found {
  labels: Labels;
  time: number;
  value: number;
}

/** Evaluates at `time` (milliseconds). Throws an ExecutionError when the query cannot be answered. */
export function evaluate(query: Query, expr: Expr, time: number): Value {
  switch (expr.type) {
    case 'number':
      return { type: 'scalar', value: expr.value };
    case 'string':
      return { type: 'string', value: expr.value };
    case 'paren':
      return evaluate(query, expr.expr, time);
    case 'selector':
      return vector(lookBack(query, expr, time));
    case 'range':
      return { type: 'matrix', series: rangeOf(query, expr, time) };
    case 'subquery':
      return { type: 'matrix', series: subqueryOf(query, expr, time) };
    case 'unary':
      return negate(evaluate(query, expr.expr, time), expr.negative);
    case 'aggregate':
      return vector(aggregated(query, expr, time));
    case 'binary':
      return binary(query, expr, time);
    case 'call':
      return call(query, expr, time);
  }
}

const vector = (samples: Sample[]): Value => ({ type: 'vector', samples });

function seriesOf(query: Query, selector: Selector): Series[] {
  const known = query.selected.get(selector);
  if (known !== undefined) return known;
  const series = query.db.select(selector.matchers);
  query.selected.set(selector, series);
  return series;
}

function lookBack(query: Query, selector: Selector, time: number): Found[] {
  const at = time - selector.offsetMs;
  return seriesOf(query, selector).flatMap(({ labels, times, values }) => {
    const index = lastIndexAt(times, at);
    const sampled = times[index];
    const value = values[index];
    if (sampled === undefined || value === undefined || value === STALE || sampled <= at - LOOKBACK_MS) return [];
    return [{ labels, time: sampled, value }];
  });
}

function rangeOf(query: Query, { selector, rangeMs }: RangeSelector, time: number): RangeSamples[] {
  const end = time - selector.offsetMs;
  return seriesOf(query, selector).flatMap(({ labels, times, values }) => {
    const window: RangeSamples = { labels, times: [], values: [] };
    const to = lastIndexAt(times, end);
    for (let index = lastIndexAt(times, end - rangeMs) + 1; index <= to; index++) {
      const value = values[index];
      if (value === undefined || value === STALE) continue;
      window.times.push(times[index] as number);
      window.values.push(value);
    }
    return window.times.length === 0 ? [] : [window];
  });
}

/** Steps are multiples of the step since the epoch, so that answers do not depend on when one asks. */
function subqueryOf(query: Query, node: Subquery, time: number): RangeSamples[] {
  const step = node.stepMs ?? SUBQUERY_STEP_MS;
  const end = time - node.offsetMs;
  const found = new Map<string, RangeSamples>();
  for (let at = (Math.floor((end - node.rangeMs) / step) + 1) * step; at <= end; at += step) {
    for (const { labels, value } of samplesOf(evaluate(query, node.expr, at))) {
      const key = labelsKey(labels);
      const series = found.get(key) ?? { labels, times: [], values: [] };
      series.times.push(at);
      series.values.push(value);
      found.set(key, series);
    }
  }
  return [...found.values()];
}

function samplesOf(value: Value): Sample[] {
  if (value.type === 'vector') return value.samples;
  return value.type === 'scalar' ? [{ labels: new Map(), value: value.value }] : [];
}

function negate(value: Value, negative: boolean): Value {
  if (!negative) return value;
  if (value.type === 'scalar') return { type: 'scalar', value: -value.value };
  return vector(samplesOf(value).map((sample) => ({ labels: withoutName(sample.labels), value: -sample.value })));
}

const scalarOf = (value: Value): number => (value.type === 'scalar' ? value.value : NaN);
const textOf = (value: Value): string => (value.type === 'string' ? value.value : '');

function aggregated(query: Query, node: Aggregate, time: number): Sample[] {
  const param = node.param === undefined ? 0 : evaluate(query, node.param, time);
  const given = param === 0 ? 0 : param.type === 'string' ? param.value : scalarOf(param);
  if ((node.name === 'topk' || node.name === 'bottomk') && Number.isNaN(given))
    throw new ExecutionError('Scalar value NaN overflows int64');
  return aggregate(node, samplesOf(evaluate(query, node.expr, time)), given);
}

function binary(query: Query, node: Binary, time: number): Value {
  const left = evaluate(query, node.left, time);
  const right = evaluate(query, node.right, time);
  if (left.type === 'scalar' && right.type === 'scalar')
    return { type: 'scalar', value: operate(node.operator, left.value, right.value) };
  if (right.type === 'scalar') return vector(operateScalar(node, samplesOf(left), right.value, false));
  if (left.type === 'scalar') return vector(operateScalar(node, samplesOf(right), left.value, true));
  if (SET_OPERATORS.has(node.operator)) return vector(combineSets(node, samplesOf(left), samplesOf(right)));
  return vector(operateVectors(node, samplesOf(left), samplesOf(right)));
}

interface CallContext {
  query: Query;
  node: Call;
  time: number;
  args: Value[];
}

const argument = ({ args }: CallContext, index = 0): Value => args[index] ?? vector([]);
const vectorOf = (context: CallContext, index = 0): Sample[] => samplesOf(argument(context, index));

const CALLS: Readonly<Record<string, (context: CallContext) => Value>> = {
  time: ({ time }) => ({ type: 'scalar', value: time / 1000 }),
  vector: (context) => vector([{ labels: new Map(), value: scalarOf(argument(context)) }]),
  scalar: (context) => {
    const samples = vectorOf(context);
    return { type: 'scalar', value: samples.length === 1 ? (samples[0]?.value ?? NaN) : NaN };
  },
  absent: (context) => vector(absent(vectorOf(context).length, context.node.args[0])),
  timestamp: ({ query, node, time }) => vector(timestamps(query, node, time)),
  histogram_quantile: (context) => vector(histogramQuantile(scalarOf(argument(context)), vectorOf(context, 1))),
  label_replace: (context) => vector(labelReplace(vectorOf(context), context.args.slice(1).map(textOf))),
  sort: (context) => vector(sorted(vectorOf(context), 1)),
  sort_desc: (context) => vector(sorted(vectorOf(context), -1)),
};

function call(query: Query, node: Call, time: number): Value {
  const over = overRange(query, node, time);
  if (over !== undefined) return vector(over);
  const args = node.args.map((arg) => evaluate(query, arg, time));
  const own = VALUE_FUNCTIONS[node.name];
  if (own !== undefined) {
    const [samples = vector([]), ...numbers] = args;
    return vector(mapped(samplesOf(samples), own, numbers.map(scalarOf)));
  }
  const other = CALLS[node.name];
  if (other === undefined) throw new ExecutionError(`unknown function with name "${node.name}"`);
  return other({ query, node, time, args });
}

function mapped(samples: Sample[], own: (value: number, ...numbers: number[]) => number, numbers: number[]): Sample[] {
  const [low, high] = numbers;
  if (low !== undefined && high !== undefined && low > high) return [];
  return samples.map(({ labels, value }) => ({ labels: withoutName(labels), value: own(value, ...numbers) }));
}

const absent = (found: number, arg: Expr | undefined): Sample[] =>
  found > 0 || arg === undefined ? [] : [{ labels: absentLabels(arg), value: 1 }];

function sorted(samples: Sample[], sign: 1 | -1): Sample[] {
  const order = (a: number, b: number): number =>
    Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : sign * (a - b);
  return samples.toSorted((a, b) => order(a.value, b.value));
}

function withoutParens(expr: Expr | undefined): Expr | undefined {
  let inner = expr;
  while (inner?.type === 'paren') inner = inner.expr;
  return inner;
}

function timestamps(query: Query, node: Call, time: number): Sample[] {
  const arg = withoutParens(node.args[0]);
  const found =
    arg?.type === 'selector'
      ? lookBack(query, arg, time)
      : arg === undefined
        ? []
        : samplesOf(evaluate(query, arg, time)).map((sample) => ({ ...sample, time }));
  return found.map((sample) => ({ labels: withoutName(sample.labels), value: sample.time / 1000 }));
}

/** Functions over a range; undefined when the call is none of them. */
function overRange(query: Query, node: Call, time: number): Sample[] | undefined {
  const arg = withoutParens(node.args.at(-1));
  if (arg?.type !== 'range' && arg?.type !== 'subquery') return undefined;
  const value = evaluate(query, arg, time);
  const series = value.type === 'matrix' ? value.series : [];
  if (node.name === 'absent_over_time') return absent(series.length, arg);
  const end = time - (arg.type === 'range' ? arg.selector.offsetMs : arg.offsetMs);
  const start = end - arg.rangeMs;
  const q = node.name === 'quantile_over_time' ? scalarOf(evaluate(query, node.args[0] as Expr, time)) : NaN;
  const samples = series.flatMap((one) => {
    const { times, values } = one;
    const result =
      node.name === 'quantile_over_time'
        ? quantileOverTime(q, values)
        : RANGE_FUNCTIONS[node.name]?.({ times, values, start, end }, one);
    const labels = node.name === 'last_over_time' ? one.labels : withoutName(one.labels);
    return result === undefined ? [] : [{ labels, value: result }];
  });
  refuseDuplicates(samples);
  return samples;
}
