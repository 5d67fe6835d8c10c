// What makes the metrics of a run sensible, beyond what the schema says.
import type { AnalysisRunSpec, Metric } from '../../api/analysis.ts';
import { durationMs } from '../../api/fields.ts';
import type { Issue } from '../../api/result.ts';
import { compile } from '../expression/expression.ts';
import { limitsOf, numberOf } from '../judges/limits.ts';

/** Issues of the metrics; `requireFinite`: each must come to an end by itself. */
export function validateRun(spec: AnalysisRunSpec, field: string, requireFinite: boolean): Issue[] {
  const seen = new Set<string>();
  return spec.metrics.flatMap((metric, index) => {
    const at = `${field}.metrics[${index}]`;
    const issues = [...countIssues(metric, at, requireFinite), ...limitIssues(metric, at), ...fieldIssues(metric, at)];
    if (seen.has(metric.name))
      issues.push({ field: `${at}.name`, message: `${metric.name} is there twice: rename one` });
    seen.add(metric.name);
    return issues;
  });
}

function countIssues(metric: Metric, at: string, requireFinite: boolean): Issue[] {
  const { count, failure = 0, inconclusive, consecutiveSuccess } = limitsOf(metric);
  const field = `${at}.count`;
  if (count === undefined) {
    const message = `${metric.name} would never end: give it a count (it has an interval)`;
    return requireFinite ? [{ field, message }] : [];
  }
  if (!Number.isInteger(count) || count < 0) {
    return [{ field, message: `${JSON.stringify(metric.count)} is no count: write a whole number` }];
  }
  const issues: Issue[] = [];
  if (count > 1 && metric.interval === undefined) issues.push({ field, message: 'a count above 1 needs an interval' });
  const needed = failure + consecutiveSuccess;
  if (needed > count)
    issues.push({ field, message: `must be at least failureLimit + consecutiveSuccessLimit, ${needed}` });
  if (inconclusive > count) issues.push({ field, message: `must be at least inconclusiveLimit, ${inconclusive}` });
  return issues;
}

/** What an argument may have brought. */
function limitIssues(metric: Metric, at: string): Issue[] {
  const issues = LIMITS.flatMap((key): Issue[] => {
    const number = numberOf(metric[key], 0);
    if (Number.isInteger(number) && number >= (key === 'failureLimit' ? -1 : 0)) return [];
    return [{ field: `${at}.${key}`, message: `${JSON.stringify(metric[key])} is no limit: write a whole number` }];
  });
  const { failure, consecutiveSuccess } = limitsOf(metric);
  if (failure === undefined && consecutiveSuccess === 0) {
    const message = '-1 needs a consecutiveSuccessLimit above 0, or nothing could decide the metric';
    issues.push({ field: `${at}.failureLimit`, message });
  }
  return issues;
}

const LIMITS = ['failureLimit', 'inconclusiveLimit', 'consecutiveErrorLimit', 'consecutiveSuccessLimit'] as const;

function fieldIssues(metric: Metric, at: string): Issue[] {
  const issues: Issue[] = [];
  for (const name of ['successCondition', 'failureCondition'] as const) {
    const text = metric[name];
    if (text === undefined || text.trim() === '') continue;
    const { error } = { error: undefined, ...compile(text) };
    if (error) issues.push({ field: `${at}.${name}`, message: `${error.message} at position ${error.position + 1}` });
  }
  for (const name of ['interval', 'initialDelay'] as const) {
    const text = metric[name];
    if (text === undefined || durationMs(text) !== undefined) continue;
    issues.push({ field: `${at}.${name}`, message: `${text} is no duration: write one such as 30s, 5m or 1h30m` });
  }
  return issues;
}
