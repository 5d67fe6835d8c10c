// What one value says by the conditions of its metric, and what a value without data counts as.
//
// No data is judged by `noData`, unless a condition speaks of it and all conditions can be evaluated: so all(result, …) over nothing is no
// pass. Where only some samples are no numbers, they make nothing good; it is bad where the others alone say so, too.
import type { Metric } from '../../api/analysis.ts';
import { fail, ok, type Result } from '../../api/result.ts';
import { compile, type Expression } from '../expression/expression.ts';
import type { MetricValue } from '../value.ts';
import { explain } from './explain.ts';
import type { Assessment } from './judge.ts';
import { absenceOf, isEmpty, lookedAt, numbersOf, speaksOf, type Absence } from './no-data.ts';

interface Conditions {
  success: Expression | undefined;
  failure: Expression | undefined;
}

/** What one measurement says. */
export function assess(metric: Metric, value: MetricValue): Assessment {
  const conditions = conditionsOf(metric);
  if (!conditions.ok) return { phase: 'Error', message: `${metric.name}: ${conditions.error}` };
  if (isEmpty(value)) return ofNothing(metric, conditions.value, value, 'empty');
  return ofNumbers(metric, conditions.value, value);
}

/** Where a condition speaks of what is not there, it decides, if it can. */
function ofNothing(metric: Metric, conditions: Conditions, value: MetricValue, absence: Absence): Assessment {
  const what = saidOf(value, absence);
  if (!isSpokenOf(conditions, absence)) return withoutData(metric, what);
  const outcome = judge(metric, conditions, value);
  return outcome.phase === 'Error' ? withoutData(metric, what) : outcome;
}

function ofNumbers(metric: Metric, conditions: Conditions, value: MetricValue): Assessment {
  const numbers = lookedAt(treesOf(conditions), numbersOf(value) ?? []);
  const isFinite = (number: number): boolean => Number.isFinite(number);
  if (numbers.every(isFinite)) return judge(metric, conditions, value);
  const isSpoken = { NaN: isSpokenOf(conditions, 'NaN'), infinite: isSpokenOf(conditions, 'infinite') };
  const unspoken = (number: number): Absence | undefined => {
    const absence = absenceOf(number);
    return absence === undefined || isSpoken[absence] ? undefined : absence;
  };
  const rest = numbers.filter((number) => unspoken(number) === undefined);
  if (rest.length === numbers.length) {
    const absence = numbers.some(isFinite) ? undefined : absenceOf(numbers[0] ?? NaN);
    return absence === undefined ? judge(metric, conditions, value) : ofNothing(metric, conditions, value, absence);
  }
  const bad = rest.length === 0 ? undefined : badWithout(metric, conditions, value, rest);
  return bad ?? withoutData(metric, saidOf(value, numbers.map(unspoken).find((each) => each !== undefined) ?? 'NaN'));
}

/** What the whole value says, where that is bad and would be so of the real numbers alone. */
function badWithout(
  metric: Metric,
  conditions: Conditions,
  value: MetricValue,
  rest: number[],
): Assessment | undefined {
  const [whole, real] = [value, { ...value, kind: 'vector' as const, value: rest }].map((each) =>
    judge(metric, conditions, each),
  );
  return whole?.phase === 'Failed' && real?.phase === 'Failed' ? whole : undefined;
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

const treesOf = ({ success, failure }: Conditions): Expression['tree'][] =>
  [success, failure].flatMap((condition) => condition?.tree ?? []);

const isSpokenOf = (conditions: Conditions, absence: Absence): boolean =>
  treesOf(conditions).some((tree) => speaksOf(tree, absence));

function saidOf({ kind, value }: MetricValue, absence: Absence): string {
  if (absence === 'empty') return `the query answered ${kind === 'json' ? 'nothing' : `an empty ${kind}`}`;
  const isAlone = !Array.isArray(value) || value.every((each) => !Number.isFinite(each));
  const nothing = absence === 'NaN' ? 'NaN (0/0, as without traffic)' : 'an infinite number (a division by 0)';
  return `the query answered ${nothing}${isAlone ? '' : ' among its numbers'}`;
}

function withoutData(metric: Metric, what: string): Assessment {
  const message = `${metric.name}: ${what}, which is no data`;
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
