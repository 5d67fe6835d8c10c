// What a part of a condition is evaluated in: the values it may reach, and what that may still cost.
import type { Budget } from './budget.ts';
import type { Node } from './syntax.ts';
import type { Typing } from './typing.ts';

export interface Frame {
  readonly env: Readonly<Record<string, unknown>>;
  item: unknown;
  index: number;
  acc: unknown;
  /** Values of variables, each at the place that it was given. */
  readonly variables: unknown[];
  /** What the evaluation may still cost. */
  readonly budget: Budget;
}

export type Run = (frame: Frame) => unknown;

/** The names that a part may use. */
export interface Scope {
  readonly names: readonly string[];
  /** In the order in which they were declared. */
  readonly variables: ReadonlyMap<string, Typing>;
}

/** A frame to begin with. */
export const frameOf = (env: Frame['env'], budget: Budget): Frame => ({
  env,
  item: null,
  index: 0,
  acc: null,
  variables: [],
  budget,
});

/** The budget for what a node does now that its parts are evaluated. */
export function costOf({ budget }: Frame, node: Node): Budget {
  budget.at = node.position;
  return budget;
}
