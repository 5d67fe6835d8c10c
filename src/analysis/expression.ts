import type { Result } from '../api/result.ts';

export interface ExpressionError {
  message: string;
  /** Offset in the text, from 0. */
  position: number;
}

export interface Expression {
  text: string;
  /** Evaluates over own variables (`result`). The error is a sentence for people. */
  evaluate(env: { result: unknown }): Result<unknown, string>;
}

/** Parses a condition in the documented subset of expr-lang. */
export declare function compile(text: string): Result<Expression, ExpressionError>;
