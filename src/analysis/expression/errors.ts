// A condition that cannot be read: what is wrong and where.

export interface ExpressionError {
  message: string;
  /** Offset in the text, from 0. */
  position: number;
}

/** Thrown inside the lexer, the parser and the compiler; `compile` turns it into a value. */
export class SyntaxProblem extends Error {
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

/** Thrown while a condition is evaluated; `evaluate` turns it into a value. Never holds a value that was computed with. */
export class EvaluationProblem extends Error {}

/** The condition costs more than it may. */
export class CostProblem extends EvaluationProblem {
  constructor(position: number) {
    super(
      `the condition costs too much at position ${position + 1}: take fewer elements, shorter texts or a query that gives less`,
    );
  }
}

/** An element that is not there: an index outside a list. Told apart because an empty query result looks like this. */
export class MissingElement extends EvaluationProblem {}
