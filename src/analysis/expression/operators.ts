// What the operators of a condition do with values: strict about types, own properties only.
// Each spends what it does from the budget it is given; messages name types and lengths, never a value.
import { KEPT, searchCost, type Budget } from './budget.ts';
import { EvaluationProblem, MissingElement } from './errors.ts';
import { MAX_MATCHED_TEXT, PATTERN_COST, safePattern, type Pattern } from './pattern.ts';

export type Mapping = Readonly<Record<string, unknown>>;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The type of a value, as people call it. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (Array.isArray(value)) return 'list';
  return typeof value === 'object' ? 'map' : typeof value === 'boolean' ? 'bool' : typeof value;
}

export function asNumber(value: unknown, what: string): number {
  if (typeof value === 'number') return value;
  throw new EvaluationProblem(`${what} needs a number, not a ${typeOf(value)}`);
}

export function asInteger(value: unknown, what: string): number {
  const number = asNumber(value, what);
  if (Number.isSafeInteger(number)) return number;
  throw new EvaluationProblem(`${what} needs a whole number`);
}

export function asText(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new EvaluationProblem(`${what} needs a string, not a ${typeOf(value)}`);
}

export function asList(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new EvaluationProblem(`${what} needs a list, not a ${typeOf(value)}`);
}

export function asBool(value: unknown, what: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new EvaluationProblem(`${what} needs true or false, not a ${typeOf(value)}`);
}

/** Equality by value. Throws where the two can never be equal because they are of different types, unless that may be. */
export function equal(left: unknown, right: unknown, budget: Budget, mayDiffer: () => boolean): boolean {
  const [a, b] = [typeOf(left), typeOf(right)];
  if (a === 'nil' || b === 'nil') return a === b;
  if (a !== b) {
    if (mayDiffer()) return false;
    throw new EvaluationProblem(`cannot compare a ${a} with a ${b}`);
  }
  return same(left, right, budget);
}

/** Equality by value; values of different types differ. */
function same(left: unknown, right: unknown, budget: Budget): boolean {
  budget.spend(1);
  if (Array.isArray(left) && Array.isArray(right)) {
    return sameLists(left, right, budget);
  }
  if (isMapping(left) && isMapping(right)) return sameMaps(left, right, budget);
  if (typeof left === 'string' && typeof right === 'string' && left.length === right.length) budget.spend(left.length);
  return (left ?? null) === (right ?? null);
}

const sameLists = (left: unknown[], right: unknown[], budget: Budget): boolean =>
  left.length === right.length && left.every((item, index) => same(item, right[index], budget));

function sameMaps(left: Mapping, right: Mapping, budget: Budget): boolean {
  const keys = keysOf(left, budget);
  if (keys.length !== keysOf(right, budget).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key], budget));
}

export function keysOf(map: Mapping, budget: Budget): string[] {
  const keys = Object.keys(map);
  budget.spend(keys.length * KEPT);
  return keys;
}

/** The element of a list (from its end when negative), or the value of a map: nil where it has no such key. */
export function elementOf(of: unknown, key: unknown, budget: Budget): unknown {
  if (Array.isArray(of)) {
    const index = asInteger(key, 'an index');
    const place = index < 0 ? of.length + index : index;
    if (place < 0 || place >= of.length) {
      throw new MissingElement(`there is no such element: the list has ${of.length}`);
    }
    return of[place] as unknown;
  }
  if (isMapping(of)) {
    const name = asText(key, 'the key of a map');
    budget.spend(name.length);
    return Object.hasOwn(of, name) ? (of[name] ?? null) : null;
  }
  throw new EvaluationProblem(`a ${typeOf(of)} has no elements`);
}

export function sliceOf(of: unknown, bounds: { from: unknown; to: unknown }, budget: Budget): unknown {
  if (typeof of !== 'string' && !Array.isArray(of)) {
    throw new EvaluationProblem(`cannot take a slice of a ${typeOf(of)}`);
  }
  const bound = (value: unknown, otherwise: number): number => {
    const place = value === undefined ? otherwise : asInteger(value, 'a slice');
    return Math.max(place < 0 ? of.length + place : place, 0);
  };
  const [from, to] = [bound(bounds.from, 0), bound(bounds.to, of.length)];
  budget.spend(Math.max(Math.min(to, of.length) - from, 0) * KEPT);
  return of.slice(from, to);
}

function contained(item: unknown, container: unknown, budget: Budget): boolean {
  if (Array.isArray(container)) {
    budget.spend(container.length);
    const types = new Set(container.map(typeOf));
    if (types.size === 1 && item !== null && !types.has(typeOf(item))) {
      throw new EvaluationProblem(`a ${typeOf(item)} cannot be in a list of ${[...types].join()} values`);
    }
    return container.some((each) => same(each, item, budget));
  }
  if (isMapping(container)) {
    const name = asText(item, 'the key of a map');
    budget.spend(name.length);
    return Object.hasOwn(container, name);
  }
  if (container === null || container === undefined) return false;
  throw new EvaluationProblem(`in needs a list or a map, not a ${typeOf(container)}`);
}

function compare(name: string, left: unknown, right: unknown, budget: Budget): boolean {
  const bothText = typeof left === 'string' && typeof right === 'string';
  if (bothText) budget.spend(Math.min(left.length, right.length));
  else if (typeof left !== 'number' || typeof right !== 'number') {
    throw new EvaluationProblem(`cannot say whether a ${typeOf(left)} ${name} a ${typeOf(right)}`);
  }
  switch (name) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}

export function matches(text: unknown, pattern: Pattern, budget: Budget): boolean {
  const subject = asText(text, 'matches');
  if (subject.length > MAX_MATCHED_TEXT) {
    throw new EvaluationProblem(`matches looks at no more than ${MAX_MATCHED_TEXT} characters`);
  }
  return pattern.test(subject, budget);
}

function matchesAny(text: unknown, source: unknown, budget: Budget): boolean {
  if (text === null || source === null) return false;
  budget.spend(PATTERN_COST);
  const pattern = safePattern(asText(source, 'matches'));
  if (typeof pattern === 'string') throw new EvaluationProblem(`cannot use this pattern: ${pattern}`);
  return matches(text, pattern, budget);
}

function add(left: unknown, right: unknown, budget: Budget): unknown {
  if (typeof left !== 'string' || typeof right !== 'string') return asNumber(left, '+') + asNumber(right, '+');
  budget.spend(left.length + right.length);
  return left + right;
}

function remainder(left: unknown, right: unknown): number {
  const divisor = asInteger(right, '%');
  if (divisor === 0) throw new EvaluationProblem('cannot divide by 0 with %');
  return asInteger(left, '%') % divisor;
}

type Search = (text: string, wanted: string) => boolean;

const search =
  (name: string, run: Search): Operator =>
  (left, right, budget) => {
    const [text, wanted] = [asText(left, name), asText(right, name)];
    budget.spend(searchCost(text, wanted));
    return run(text, wanted);
  };

type Operator = (left: unknown, right: unknown, budget: Budget) => unknown;

export const BINARY: Readonly<Record<string, Operator>> = {
  '<': (left, right, budget) => compare('<', left, right, budget),
  '<=': (left, right, budget) => compare('<=', left, right, budget),
  '>': (left, right, budget) => compare('>', left, right, budget),
  '>=': (left, right, budget) => compare('>=', left, right, budget),
  '+': add,
  '-': (left, right) => asNumber(left, '-') - asNumber(right, '-'),
  '*': (left, right) => asNumber(left, '*') * asNumber(right, '*'),
  '/': (left, right) => asNumber(left, '/') / asNumber(right, '/'),
  '%': remainder,
  '**': (left, right) => asNumber(left, '**') ** asNumber(right, '**'),
  in: contained,
  matches: matchesAny,
  contains: search('contains', (text, wanted) => text.includes(wanted)),
  startsWith: search('startsWith', (text, wanted) => text.startsWith(wanted)),
  endsWith: search('endsWith', (text, wanted) => text.endsWith(wanted)),
};
