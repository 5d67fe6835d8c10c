// What a run must fulfil once its arguments are filled in: the rules of its fields, and what the API knows nothing of.
import type { AnalysisRunSpec, Metric } from '../../api/analysis.ts';
import { ARGUMENT_PATTERN, durationMs } from '../../api/fields.ts';
import { countOf, MIN_INTERVAL_MS } from '../../api/metric.ts';
import { parseAnalysisRunSpec } from '../../api/parse.ts';
import type { Issue } from '../../api/result.ts';
import { compile } from '../expression/expression.ts';

export interface RunRules {
  /** Each metric must come to an end by itself. */
  isFinite: boolean;
  /** The run is there already: what is measured in another way than it says does not end it. */
  isStored: boolean;
}

export function validateRun(spec: AnalysisRunSpec, field: string, { isFinite, isStored }: RunRules): Issue[] {
  const parsed = parseAnalysisRunSpec(isStored ? { ...spec, metrics: spec.metrics.map(asMeasured) } : spec, field);
  const own = spec.metrics.flatMap((metric, index) => {
    const at = `${field}.metrics[${index}]`;
    return [
      ...(isFinite ? endlessIssues(metric, at) : []),
      ...unfilledIssues(metric, at),
      ...conditionIssues(metric, at),
    ];
  });
  return parsed.ok ? own : [...parsed.error, ...own];
}

function asMeasured(metric: Metric): Metric {
  const ms = metric.interval === undefined ? undefined : durationMs(metric.interval);
  return ms !== undefined && ms < MIN_INTERVAL_MS ? { ...metric, interval: `${MIN_INTERVAL_MS}ms` } : metric;
}

function endlessIssues(metric: Metric, at: string): Issue[] {
  if (countOf(metric) !== undefined) return [];
  return [{ field: `${at}.count`, message: `${metric.name} would never end: give it a count (it has an interval)` }];
}

const COUNTED = [
  'count',
  'failureLimit',
  'inconclusiveLimit',
  'consecutiveErrorLimit',
  'consecutiveSuccessLimit',
  'interval',
  'initialDelay',
] as const;

/** Fields that may hold an argument, and are asked for now. */
function unfilledIssues(metric: Metric, at: string): Issue[] {
  return COUNTED.flatMap((key) => {
    const text = metric[key];
    if (typeof text !== 'string' || !ARGUMENT_PATTERN.test(text)) return [];
    return [{ field: `${at}.${key}`, message: `${text} is nothing that is filled in: write {{args.NAME}}` }];
  });
}

function conditionIssues(metric: Metric, at: string): Issue[] {
  return (['successCondition', 'failureCondition'] as const).flatMap((key) => {
    const text = metric[key];
    if (text === undefined || text.trim() === '') return [];
    const { error } = { error: undefined, ...compile(text) };
    if (error === undefined) return [];
    return [{ field: `${at}.${key}`, message: `${error.message} at position ${error.position + 1}` }];
  });
}
