// What metrics and their arguments must fulfil beyond the form of their fields.
import { namedForms, PROVIDER_NAMES } from '../analysis/providers/forms.ts';
import { MAX_COUNT, MIN_INTERVAL_MS, type Argument, type Metric, type TemplateSpec } from './analysis.ts';
import { ARGUMENT_PATTERN, durationMs } from './fields.ts';
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

type Complain = (key: string, message: string) => void;

function metricIssues(metric: Metric, field: string): Issue[] {
  const issues: Issue[] = [];
  const complain: Complain = (key, message) => void issues.push({ field: `${field}.${key}`, message });
  const { interval } = metric;
  if (interval !== undefined && !ARGUMENT_PATTERN.test(interval) && (durationMs(interval) ?? 0) < MIN_INTERVAL_MS)
    complain('interval', 'must be at least 1s, such as 10s');
  providerIssues(metric, complain);
  limitIssues(metric, complain);
  return issues;
}

/** Rules that need an argument's value are looked at once the run has it. */
function limitIssues(metric: Metric, complain: Complain): void {
  const limits = { count: given(metric.count, 0, 0), failureLimit: given(metric.failureLimit, 0, -1) };
  const others = (['inconclusiveLimit', 'consecutiveErrorLimit', 'consecutiveSuccessLimit'] as const).map(
    (key) => [key, given(metric[key], 0, 0)] as const,
  );
  for (const [key, value] of [...Object.entries(limits), ...others])
    if (value === undefined)
      complain(key, `must be a whole number from 0 to ${MAX_COUNT}, or an argument such as {{args.${key}}}`);
  const success = given(metric.consecutiveSuccessLimit, 0, 0);
  if (limits.failureLimit === -1 && success === 0)
    complain('failureLimit', '-1 needs a consecutiveSuccessLimit above 0, or nothing could decide the metric');
  if (typeof limits.count === 'number') countIssues(metric, limits.count, complain);
}

function providerIssues({ provider }: Metric, complain: Complain): void {
  const named = namedForms(provider);
  if (named.length !== 1) return complain('provider', `name a provider: ${PROVIDER_NAMES.join(', ')}`);
  for (const { name, form, config } of named)
    for (const { field, message } of form.issues(config)) complain(`provider.${name}.${field}`, message);
}

function countIssues(metric: Metric, count: number, complain: Complain): void {
  if (count > 1 && metric.interval === undefined) complain('interval', 'is required, such as 10s: count is above 1');
  if (count === 0) return;
  const known = (limit: Metric['count']): number => {
    const value = given(limit, 0, -1);
    return typeof value === 'number' ? Math.max(value, 0) : 0;
  };
  const needed = known(metric.failureLimit) + known(metric.consecutiveSuccessLimit);
  if (count < needed)
    complain('count', `must be at least failureLimit plus consecutiveSuccessLimit, which is ${String(needed)}`);
  if (count < known(metric.inconclusiveLimit))
    complain('count', `must be at least inconclusiveLimit, which is ${String(known(metric.inconclusiveLimit))}`);
}

/** The number that was written; undefined where it is none from `least` to the most there may be. */
function given(value: Metric['count'], otherwise: number, least: number): number | 'argument' | undefined {
  if (value === undefined) return otherwise;
  if (typeof value === 'string' && ARGUMENT_PATTERN.test(value)) return 'argument';
  const number = typeof value === 'number' || /^-?[0-9]{1,9}$/.test(value) ? Number(value) : NaN;
  return Number.isInteger(number) && number >= least && number <= MAX_COUNT ? number : undefined;
}
