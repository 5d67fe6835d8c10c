// Conditions: the documented subset of expr-lang that Argo Rollouts' users write, parsed once and evaluated without reaching
// anything but `result`. Limits: 1024 characters, nesting of 64, 512 nodes, and a counted cost.
import { fail, ok, type Result } from '../../api/result.ts';
import { Budget, MAX_COST } from './budget.ts';
import { toFunction } from './evaluator.ts';
import { frameOf } from './frame.ts';
import { EvaluationProblem, SyntaxProblem, type ExpressionError } from './errors.ts';
import { parse } from './parser.ts';
import type { Node } from './syntax.ts';

export type { ExpressionError } from './errors.ts';

export interface Expression {
  readonly text: string;
  readonly tree: Node;
  /** Evaluates over `result`. The error is a sentence for people, without any value. Never costs more than the budget: `MAX_COST`. */
  evaluate(env: { result: unknown }, budget?: Budget): Result<unknown, string>;
}

const NAMES = ['result'] as const;
const MAX_LENGTH = 1024;

/** Parses a condition; the error says what is wrong and at which offset. */
export function compile(text: string): Result<Expression, ExpressionError> {
  if (text.length > MAX_LENGTH) {
    return fail({ message: `the condition is longer than ${MAX_LENGTH} characters`, position: MAX_LENGTH });
  }
  try {
    const tree = parse(text);
    const run = toFunction(tree, { names: NAMES, variables: new Map() });
    const evaluate: Expression['evaluate'] = (env, budget = new Budget(MAX_COST)) =>
      attempt(() => run(frameOf(env, budget)));
    return ok({ text, tree, evaluate });
  } catch (error) {
    if (error instanceof SyntaxProblem) return fail({ message: error.message, position: error.position });
    throw error;
  }
}

function attempt(run: () => unknown): Result<unknown, string> {
  try {
    return ok(run());
  } catch (error) {
    if (error instanceof EvaluationProblem) return fail(error.message);
    // Lists in lists, made by reduce().
    if (error instanceof RangeError) return fail('the condition makes values that are nested too deeply');
    throw error;
  }
}
