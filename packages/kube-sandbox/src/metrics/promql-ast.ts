// PromQL as a tree: what a query means once parsed and checked. Times are milliseconds.
import type { Matcher } from './matcher.ts';

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

interface Placed {
  /** Offset of the expression's text in the query. */
  from: number;
  to: number;
}

export interface NumberLiteral extends Placed {
  type: 'number';
  value: number;
}
export interface StringText extends Placed {
  type: 'string';
  value: string;
}
export interface Selector extends Placed {
  type: 'selector';
  matchers: Matcher[];
  offsetMs: number;
}
export interface RangeSelector extends Placed {
  type: 'range';
  selector: Selector;
  rangeMs: number;
}
export interface Subquery extends Placed {
  type: 'subquery';
  expr: Expr;
  rangeMs: number;
  /** Undefined: the default evaluation interval. */
  stepMs: number | undefined;
  offsetMs: number;
}
export interface Call extends Placed {
  type: 'call';
  name: string;
  args: Expr[];
}
export interface Aggregate extends Placed {
  type: 'aggregate';
  name: string;
  param: Expr | undefined;
  expr: Expr;
  without: boolean;
  labels: string[];
}
export interface VectorMatching {
  /** `on` when true, else `ignoring`. */
  on: boolean;
  labels: string[];
  group: 'left' | 'right' | undefined;
  include: string[];
}
export interface Binary extends Placed {
  type: 'binary';
  operator: string;
  left: Expr;
  right: Expr;
  bool: boolean;
  matching: VectorMatching;
}
export interface Unary extends Placed {
  type: 'unary';
  negative: boolean;
  expr: Expr;
}
export interface Paren extends Placed {
  type: 'paren';
  expr: Expr;
}

export type Expr =
  NumberLiteral | StringText | Selector | RangeSelector | Subquery | Call | Aggregate | Binary | Unary | Paren;

export const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
export const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>=']);

/** The query cannot be run as it is written; the message is Prometheus' own. */
export class ParseError extends Error {}

/** Fails with the position as Prometheus writes it: `line:column: parse error: why`. */
export function failAt(query: string, at: number, why: string): never {
  const before = query.slice(0, at).split('\n');
  throw new ParseError(`${before.length}:${(before.at(-1) ?? '').length + 1}: parse error: ${why}`);
}
