// What is no data, and whether a condition speaks of it.
//
// No data is an empty answer, and a sample that is no number: NaN (0/0 without traffic) or infinite (1/0). A condition speaks of emptiness
// by comparing len(…), by default(…), isNil(…), ?? or a comparison with nil or []; of NaN by isNaN(…), of infinite ones by isInf(…).
import { partsOf, someNode, type Node } from '../expression/syntax.ts';
import type { Sample } from '../value.ts';

export type Absence = 'empty' | 'NaN' | 'infinite';

/** The numbers of a sample; undefined where it is of another kind. */
export function numbersOf({ kind, value }: Sample): readonly number[] | undefined {
  if (kind === 'string') return undefined;
  if (typeof value === 'number') return [value];
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.every((item): item is number => typeof item === 'number') ? value : undefined;
}

export const isEmpty = ({ value }: Sample): boolean => value === null || (Array.isArray(value) && value.length === 0);

export function absenceOf(number: number): Exclude<Absence, 'empty'> | undefined {
  if (Number.isNaN(number)) return 'NaN';
  return Number.isFinite(number) ? undefined : 'infinite';
}

/** The numbers that conditions look at: those at the places they name, where they take `result` in no other way; otherwise all. */
export function lookedAt(conditions: readonly Node[], numbers: readonly number[]): readonly number[] {
  const places = conditions.map(placesIn);
  if (!places.every((each) => each !== undefined) || places.flat().length === 0) return numbers;
  return places.flat().flatMap((place) => numbers.at(place) ?? []);
}

const RESULT = 'result';

/** The places in `result` that a part names; undefined where it takes `result` in another way. */
function placesIn(node: Node): number[] | undefined {
  const place = placeOf(node);
  if (place !== undefined) return [place];
  if (node.type === 'name') return node.name === RESULT ? undefined : [];
  const places = partsOf(node).map(placesIn);
  return places.every((each) => each !== undefined) ? places.flat() : undefined;
}

/** N of `result[N]`. */
function placeOf(node: Node): number | undefined {
  if (node.type !== 'index' || node.of.type !== 'name' || node.of.name !== RESULT) return undefined;
  const { key } = node;
  const isNegative = key.type === 'unary' && key.operator === '-';
  const literal = isNegative ? key.of : key;
  if (literal.type !== 'literal' || typeof literal.value !== 'number') return undefined;
  return isNegative ? -literal.value : literal.value;
}

const CALLED = { NaN: 'isNaN', infinite: 'isInf' } as const;

export function speaksOf(condition: Node, absence: Absence): boolean {
  if (absence === 'empty') return someNode(condition, testsEmptiness);
  return someNode(condition, (node) => node.type === 'call' && node.name === CALLED[absence]);
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
