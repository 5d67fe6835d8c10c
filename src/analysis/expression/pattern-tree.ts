// The tree of a pattern.

/** Code points from … to, both included. */
export type CharSet = readonly (readonly [from: number, to: number])[];

export type Part =
  | { type: 'chars'; set: CharSet; negated: boolean }
  | { type: 'start' | 'end' }
  | { type: 'boundary'; negated: boolean }
  | { type: 'sequence'; parts: Part[] }
  | { type: 'either'; options: Part[] }
  | { type: 'repeat'; part: Part; least: number; most: number | undefined };

/** Why a pattern is refused: `it …`. Does not quote it. */
export class PatternProblem extends Error {}
