// Aggregations over the samples of one instant.
import { formatNumber } from './number.ts';
import { labelsKey, METRIC_NAME, NO_LABELS, only, without, withLabel } from './labels.ts';
import type { Labels } from './labels.ts';
import type { Aggregate } from './promql-ast.ts';
import { groupBy, quantile, variance } from './statistics.ts';
import type { Sample } from './value.ts';

const FOLDS: Record<string, (values: number[], param: number) => number> = {
  sum: (values) => values.reduce((a, b) => a + b, 0),
  avg: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  min: (values) => values.reduce((a, b) => (b < a || Number.isNaN(a) ? b : a)),
  max: (values) => values.reduce((a, b) => (b > a || Number.isNaN(a) ? b : a)),
  count: (values) => values.length,
  group: () => 1,
  stddev: (values) => Math.sqrt(variance(values)),
  stdvar: variance,
  quantile: (values, q) => quantile(q, values),
};

function groupLabels({ without: excluded, labels }: Aggregate): (of: Labels) => Labels {
  const names = new Set(excluded ? [...labels, METRIC_NAME] : labels);
  if (excluded) return (of) => without(of, names);
  return names.size === 0 ? () => NO_LABELS : (of) => only(of, names);
}

/** Best first; NaN is worse than any number. */
function ranked(samples: Sample[], count: number, top: boolean): Sample[] {
  const sign = top ? -1 : 1;
  const order = (a: number, b: number): number =>
    Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : sign * (a - b);
  return samples.toSorted((a, b) => order(a.value, b.value)).slice(0, count);
}

/** `param` is the number of topk, bottomk and quantile, or the label of count_values. */
export function aggregate(node: Aggregate, samples: Sample[], param: number | string): Sample[] {
  const grouping = groupLabels(node);
  const groups = groupBy(samples, (sample) => labelsKey(grouping(sample.labels)));
  return [...groups.values()].flatMap((members) => {
    const labels = grouping(members[0]?.labels ?? NO_LABELS);
    if (node.name === 'topk' || node.name === 'bottomk')
      return ranked(members, Math.max(0, Math.trunc(Number(param))), node.name === 'topk');
    if (node.name === 'count_values') return countValues(members, labels, String(param));
    const value = FOLDS[node.name]?.(
      members.map((member) => member.value),
      Number(param),
    );
    return value === undefined ? [] : [{ labels, value }];
  });
}

function countValues(members: Sample[], labels: Labels, name: string): Sample[] {
  const counts = groupBy(members, (member) => formatNumber(member.value));
  return [...counts].map(([text, same]) => ({ labels: withLabel(labels, name, text), value: same.length }));
}
