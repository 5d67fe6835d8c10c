// What one measurement says: the conditions over its value, and what a query without data counts as.
//
// No data is an empty vector or matrix, or one of NaN alone (0/0 without traffic). It is judged by `noData`, unless a condition
// speaks of it and all conditions can be evaluated. A condition speaks of emptiness by comparing len(…), by default(…), isNil(…),
// ?? or a comparison with nil or []; of NaN by isNaN(…). So all(result, …) over nothing is no pass.
import type { Metric } from '../../api/analysis.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import { explain } from './explain.ts';
import { compile, type Expression } from '../expression/expression.ts';
import { partsOf, someNode, type Node } from '../expression/syntax.ts';
import type { MetricValue } from '../value.ts';

export interface Assessment {
  phase: 'Successful' | 'Failed' | 'Inconclusive' | 'Error';
  /** Why, with the numbers, as `success-rate 0.82 < 0.95`. Absent when Successful, unless there was no data. */
  message?: string;
  /** The query returned no samples (or only NaN), and the metric's noData policy decided. */
  noData?: boolean;
  /** noData: Ignore: the measurement does not count. */
  ignored?: boolean;
}

interface Conditions {
  success: Expression | undefined;
  failure: Expression | undefined;
}

/** What one measurement says. */
export function assess(metric: Metric, value: MetricValue): Assessment {
  const conditions = conditionsOf(metric);
  if (!conditions.ok) return { phase: 'Error', message: `${metric.name}: ${conditions.error}` };
  const absence = absenceOf(value);
  if (absence !== undefined && !speaksOf(conditions.value, absence)) return withoutData(metric, absence);
  const outcome = judge(metric, conditions.value, value);
  return absence !== undefined && outcome.phase === 'Error' ? withoutData(metric, absence) : outcome;
}

function conditionsOf(metric: Metric): Result<Conditions, string> {
  const success = compiled('successCondition', metric.successCondition);
  const failure = compiled('failureCondition', metric.failureCondition);
  if (!success.ok) return success;
  return failure.ok ? ok({ success: success.value, failure: failure.value }) : failure;
}

function compiled(field: string, text: string | undefined): Result<Expression | undefined, string> {
  if (text === undefined || text.trim() === '') return ok(undefined);
  const expression = compile(text);
  if (expression.ok) return expression;
  return fail(`${field}: ${expression.error.message} at position ${expression.error.position + 1}`);
}

type Absence = 'empty' | 'nan';

function absenceOf({ kind, value }: MetricValue): Absence | undefined {
  if (kind === 'string') return undefined;
  const samples = typeof value === 'number' ? [value] : value;
  if (samples.length === 0) return 'empty';
  return samples.every((sample) => Number.isNaN(sample)) ? 'nan' : undefined;
}

function speaksOf({ success, failure }: Conditions, absence: Absence): boolean {
  return [success, failure].some((condition) => {
    if (condition === undefined) return false;
    if (absence === 'nan') return someNode(condition.tree, (node) => node.type === 'call' && node.name === 'isNaN');
    return someNode(condition.tree, testsEmptiness);
  });
}

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);

function testsEmptiness(node: Node): boolean {
  if (node.type === 'call') return node.name === 'default' || node.name === 'isNil';
  if (node.type === 'ordered') return partsOf(node).some(namesAbsence);
  if (node.type !== 'binary') return false;
  if (node.operator === '??') return true;
  return COMPARISONS.has(node.operator) && partsOf(node).some(namesAbsence);
}

function namesAbsence(node: Node): boolean {
  if (node.type === 'call') return node.name === 'len';
  if (node.type === 'list') return node.items.length === 0;
  return node.type === 'literal' && node.value === null;
}

function withoutData(metric: Metric, absence: Absence): Assessment {
  const what =
    absence === 'empty' ? 'the query returned no data' : 'the query returned only NaN, as it does without traffic';
  const message = `${metric.name}: ${what}`;
  switch (metric.noData ?? 'Error') {
    case 'Pass':
      return { phase: 'Successful', message, noData: true };
    case 'Fail':
      return { phase: 'Failed', message, noData: true };
    case 'Ignore':
      return { phase: 'Inconclusive', message: `${message}; it does not count`, noData: true, ignored: true };
    case 'Inconclusive':
      return { phase: 'Inconclusive', message, noData: true };
    case 'Error':
      return { phase: 'Error', message, noData: true };
  }
}

/** Failure wins; both given and neither met is inconclusive; without conditions every answer is good. */
function judge(metric: Metric, { success, failure }: Conditions, value: MetricValue): Assessment {
  const good = outcomeOf('successCondition', success, value);
  if (!good.ok) return { phase: 'Error', message: `${metric.name}: ${good.error}` };
  const bad = outcomeOf('failureCondition', failure, value);
  if (!bad.ok) return { phase: 'Error', message: `${metric.name}: ${bad.error}` };
  if (failure !== undefined && bad.value === true) {
    return { phase: 'Failed', message: explain(metric.name, failure, value, true) };
  }
  if (success === undefined || good.value === true) return { phase: 'Successful' };
  const message = explain(metric.name, success, value, false);
  if (failure === undefined) return { phase: 'Failed', message };
  return { phase: 'Inconclusive', message: `${message}, and does not meet ${failure.text}` };
}

function outcomeOf(
  field: string,
  condition: Expression | undefined,
  value: MetricValue,
): Result<boolean | undefined, string> {
  if (condition === undefined) return ok(undefined);
  const outcome = condition.evaluate({ result: value.value });
  if (!outcome.ok) return fail(`${field}: ${outcome.error}`);
  if (typeof outcome.value === 'boolean') return ok(outcome.value);
  return fail(`${field} must give true or false: compare it with something, as result[0] >= 0.95`);
}
