// Conditions: the documented subset of expr-lang that Argo Rollouts' users write, parsed once and evaluated without reaching
// anything but `result`. Limits: 1024 characters, nesting of 64, 512 nodes, 100,000 evaluated nodes.
import { fail, ok, type Result } from '../api/result.ts';
import { toFunction } from './evaluator.ts';
import { EvaluationProblem, SyntaxProblem, type ExpressionError } from './expression-error.ts';
import { parse } from './parser.ts';
import type { Node } from './syntax.ts';

export type { ExpressionError } from './expression-error.ts';

export interface Expression {
  readonly text: string;
  readonly tree: Node;
  /** Evaluates over `result`. The error is a sentence for people. */
  evaluate(env: { result: unknown }): Result<unknown, string>;
}

const NAMES = ['result'] as const;
const MAX_LENGTH = 1024;
const MAX_WORK = 100_000;

/** Parses a condition; the error says what is wrong and at which offset. */
export function compile(text: string): Result<Expression, ExpressionError> {
  if (text.length > MAX_LENGTH) {
    return fail({ message: `the condition is longer than ${MAX_LENGTH} characters`, position: MAX_LENGTH });
  }
  try {
    const tree = parse(text);
    const run = toFunction(tree, NAMES);
    return ok({ text, tree, evaluate: (env) => attempt(() => run({ env, item: null, work: MAX_WORK })) });
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
    throw error;
  }
}
