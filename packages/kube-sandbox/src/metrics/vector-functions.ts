// Functions over the samples of one instant.
import { anchoredPattern } from './matcher.ts';
import { labelsKey, METRIC_NAME, without, withLabel, withoutName } from './labels.ts';
import type { Labels } from './labels.ts';
import { parseNumber } from './number.ts';
import type { Expr } from './promql-ast.ts';
import { bucketQuantile, groupBy } from './statistics.ts';
import { ExecutionError } from './value.ts';
import type { Sample } from './value.ts';

const clamp = (value: number, low: number, high: number): number =>
  Number.isNaN(low) || Number.isNaN(high) ? NaN : Math.max(low, Math.min(high, value));
const round = (value: number, to = 1): number => Math.floor(value * (1 / to) + 0.5) / (1 / to);

/** Those that map each value alone; the arguments after the vector are numbers. */
export const VALUE_FUNCTIONS: Readonly<Record<string, (value: number, ...numbers: number[]) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  exp: Math.exp,
  sqrt: Math.sqrt,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sgn: Math.sign,
  round,
  clamp: (value, low = NaN, high = NaN) => clamp(value, low, high),
  clamp_min: (value, low = NaN) => clamp(value, low, Infinity),
  clamp_max: (value, high = NaN) => clamp(value, -Infinity, high),
};

const BUCKET_LABELS = new Set([METRIC_NAME, 'le']);

/** One sample per histogram; series whose `le` is no number are left out. */
export function histogramQuantile(q: number, samples: Sample[]): Sample[] {
  const buckets = samples.flatMap(({ labels, value }) => {
    const upper = parseNumber(labels.get('le') ?? '');
    return upper === undefined ? [] : [{ labels: without(labels, BUCKET_LABELS), upper, count: value }];
  });
  const groups = groupBy(buckets, (bucket) => labelsKey(bucket.labels));
  return [...groups.values()].map((group) => ({
    labels: (group[0] as { labels: Labels }).labels,
    value: bucketQuantile(q, group),
  }));
}

const expand = (template: string, match: RegExpExecArray): string =>
  template.replaceAll(/\$(\$|\w+|\{\w+\})/g, (_, reference: string) => {
    if (reference === '$') return '$';
    const name = reference.replaceAll(/[{}]/g, '');
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
  });

/** `texts`: target label, replacement, source label, pattern. Throws an ExecutionError for a bad pattern or label. */
export function labelReplace(samples: Sample[], texts: string[]): Sample[] {
  const [target = '', replacement = '', source = '', regex = ''] = texts;
  const pattern = patternOf(regex);
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(target))
    throw new ExecutionError(`invalid destination label name in label_replace(): ${target}`);
  const replaced = samples.map(({ labels, value }) => {
    const match = pattern.exec(labels.get(source) ?? '');
    return { labels: match === null ? labels : withLabel(labels, target, expand(replacement, match)), value };
  });
  refuseDuplicates(replaced);
  return replaced;
}

function patternOf(regex: string): RegExp {
  try {
    return anchoredPattern(regex);
  } catch {
    throw new ExecutionError(`invalid regular expression in label_replace(): ${regex}`);
  }
}

/** Throws an ExecutionError when two samples of an answer have the same labels. */
export function refuseDuplicates(samples: Sample[]): void {
  if (new Set(samples.map((sample) => labelsKey(sample.labels))).size < samples.length)
    throw new ExecutionError('vector cannot contain metrics with the same labelset');
}

/** The labels that `absent` can tell from its argument: those matched with `=`, once. */
export function absentLabels(expr: Expr): Labels {
  const inner = expr.type === 'range' ? expr.selector : expr;
  if (inner.type !== 'selector') return new Map();
  const equal = inner.matchers.filter((matcher) => matcher.operator === '=');
  const clear = equal.filter(({ name }) => inner.matchers.filter((matcher) => matcher.name === name).length === 1);
  return withoutName(clear.reduce((labels, { name, value }) => withLabel(labels, name, value), new Map() as Labels));
}
