// What metrics and their arguments must fulfil beyond the form of their fields.
import { namedForms, PROVIDER_NAMES } from '../analysis/providers/forms.ts';
import { MAX_COUNT, MIN_INTERVAL_MS, type Argument, type Metric, type TemplateSpec } from './analysis.ts';
import { durationMs } from './fields.ts';
import type { Issue } from './result.ts';

export function templateIssues(spec: TemplateSpec): Issue[] {
  return [
    ...argumentIssues(spec.args, 'spec.args'),
    ...repeated(spec.metrics, 'spec.metrics'),
    ...spec.metrics.flatMap((metric, i) => metricIssues(metric, `spec.metrics[${String(i)}]`)),
  ];
}

export function argumentIssues(args: Argument[] | undefined, field: string): Issue[] {
  const list = args ?? [];
  const both = list.flatMap((arg, i) =>
    arg.value !== undefined && arg.valueFrom !== undefined
      ? [{ field: `${field}[${String(i)}]`, message: 'give value or valueFrom, not both' }]
      : [],
  );
  return [...repeated(list, field), ...both];
}

function repeated(list: { name: string }[], field: string): Issue[] {
  return list.flatMap(({ name }, i) =>
    list.findIndex((other) => other.name === name) === i
      ? []
      : [{ field: `${field}[${String(i)}].name`, message: `${name} is there already; give each another name` }],
  );
}

function metricIssues(metric: Metric, field: string): Issue[] {
  const issues: Issue[] = [];
  const complain = (key: string, message: string): void => void issues.push({ field: `${field}.${key}`, message });
  if (metric.interval !== undefined && (durationMs(metric.interval) ?? 0) < MIN_INTERVAL_MS)
    complain('interval', 'must be at least 1s, such as 10s');
  providerIssues(metric, complain);
  if ((metric.failureLimit ?? 0) < 0 && (metric.consecutiveSuccessLimit ?? 0) === 0)
    complain('failureLimit', '-1 needs a consecutiveSuccessLimit above 0, or nothing could decide the metric');
  const count = fixedCount(metric.count);
  if (count === undefined)
    complain('count', 'must be a whole number from 0 to 1000000, or an argument such as {{args.count}}');
  else if (count !== 'argument') countIssues(metric, count, complain);
  return issues;
}

function providerIssues({ provider }: Metric, complain: (key: string, message: string) => void): void {
  const named = namedForms(provider);
  if (named.length !== 1) return complain('provider', `name a provider: ${PROVIDER_NAMES.join(', ')}`);
  for (const { name, form, config } of named)
    for (const { field, message } of form.issues(config)) complain(`provider.${name}.${field}`, message);
}

function countIssues(metric: Metric, count: number, complain: (key: string, message: string) => void): void {
  if (count > 1 && metric.interval === undefined) complain('interval', 'is required, such as 10s: count is above 1');
  if (count === 0) return;
  const needed = Math.max(metric.failureLimit ?? 0, 0) + (metric.consecutiveSuccessLimit ?? 0);
  if (metric.count !== undefined && count < needed)
    complain('count', `must be at least failureLimit plus consecutiveSuccessLimit, which is ${String(needed)}`);
  if (metric.count !== undefined && count < (metric.inconclusiveLimit ?? 0))
    complain('count', `must be at least inconclusiveLimit, which is ${String(metric.inconclusiveLimit)}`);
}

/** 0 where there is none: until the run is ended, or once. */
function fixedCount(count: Metric['count']): number | 'argument' | undefined {
  if (count === undefined) return 0;
  if (typeof count === 'number') return count >= 0 ? count : undefined;
  if (/^[0-9]{1,9}$/.test(count)) return Number(count) <= MAX_COUNT ? Number(count) : undefined;
  return /^\{\{.+\}\}$/.test(count) ? 'argument' : undefined;
}
