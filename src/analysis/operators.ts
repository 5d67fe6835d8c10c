// What the operators of a condition do with values: strict about types, own properties only.
import { EvaluationProblem, MissingElement } from './expression-error.ts';
import { MAX_MATCHED_TEXT, safePattern } from './pattern.ts';

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
  throw new EvaluationProblem(`${what} needs a whole number, not ${number}`);
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

/** Equality by value. Throws where the two can never be equal because they are of different types. */
export function equal(left: unknown, right: unknown): boolean {
  const [a, b] = [typeOf(left), typeOf(right)];
  if (a === 'nil' || b === 'nil') return a === b;
  if (a !== b) throw new EvaluationProblem(`cannot compare a ${a} with a ${b}`);
  return same(left, right);
}

/** Equality by value; values of different types differ. */
export function same(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => same(item, right[index]));
  }
  if (isMapping(left) && isMapping(right)) {
    const keys = Object.keys(left);
    if (keys.length !== Object.keys(right).length) return false;
    return keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]));
  }
  return (left ?? null) === (right ?? null);
}

/** The element of a list (from its end when negative), or the value of a map: nil where it has no such key. */
export function elementOf(of: unknown, key: unknown): unknown {
  if (Array.isArray(of)) {
    const index = asInteger(key, 'an index');
    const place = index < 0 ? of.length + index : index;
    if (place < 0 || place >= of.length) {
      throw new MissingElement(`there is no element ${index}: the list has ${of.length}`);
    }
    return of[place] as unknown;
  }
  if (isMapping(of)) {
    const name = asText(key, 'the key of a map');
    return Object.hasOwn(of, name) ? (of[name] ?? null) : null;
  }
  throw new EvaluationProblem(`a ${typeOf(of)} has no element ${typeof key === 'string' ? key : String(key)}`);
}

export function sliceOf(of: unknown, from: unknown, to: unknown): unknown {
  if (typeof of !== 'string' && !Array.isArray(of)) {
    throw new EvaluationProblem(`cannot take a slice of a ${typeOf(of)}`);
  }
  const bound = (value: unknown, otherwise: number): number => {
    const place = value === undefined ? otherwise : asInteger(value, 'a slice');
    return Math.max(place < 0 ? of.length + place : place, 0);
  };
  return of.slice(bound(from, 0), bound(to, of.length));
}

function contained(item: unknown, container: unknown): boolean {
  if (Array.isArray(container)) {
    const types = new Set(container.map(typeOf));
    if (types.size === 1 && item !== null && !types.has(typeOf(item))) {
      throw new EvaluationProblem(`a ${typeOf(item)} cannot be in a list of ${[...types].join()} values`);
    }
    return container.some((each) => same(each, item));
  }
  if (isMapping(container)) return Object.hasOwn(container, asText(item, 'the key of a map'));
  if (container === null || container === undefined) return false;
  throw new EvaluationProblem(`in needs a list or a map, not a ${typeOf(container)}`);
}

function compare(name: string, left: unknown, right: unknown): boolean {
  const bothText = typeof left === 'string' && typeof right === 'string';
  if (!bothText && (typeof left !== 'number' || typeof right !== 'number')) {
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

export function matches(text: unknown, pattern: RegExp): boolean {
  const subject = asText(text, 'matches');
  if (subject.length > MAX_MATCHED_TEXT) {
    throw new EvaluationProblem(`matches looks at no more than ${MAX_MATCHED_TEXT} characters`);
  }
  return pattern.test(subject);
}

function matchesAny(text: unknown, source: unknown): boolean {
  if (text === null || source === null) return false;
  const pattern = safePattern(asText(source, 'matches'));
  if (typeof pattern === 'string') throw new EvaluationProblem(`cannot use this pattern: ${pattern}`);
  return matches(text, pattern);
}

const MAX_TEXT = 65_536;

function add(left: unknown, right: unknown): unknown {
  if (typeof left !== 'string' || typeof right !== 'string') return asNumber(left, '+') + asNumber(right, '+');
  if (left.length + right.length > MAX_TEXT) throw new EvaluationProblem('the text gets too long');
  return left + right;
}

function remainder(left: unknown, right: unknown): number {
  const divisor = asInteger(right, '%');
  if (divisor === 0) throw new EvaluationProblem('cannot divide by 0 with %');
  return asInteger(left, '%') % divisor;
}

export const BINARY: Readonly<Record<string, (left: unknown, right: unknown) => unknown>> = {
  '==': equal,
  '!=': (left, right) => !equal(left, right),
  '<': (left, right) => compare('<', left, right),
  '<=': (left, right) => compare('<=', left, right),
  '>': (left, right) => compare('>', left, right),
  '>=': (left, right) => compare('>=', left, right),
  '+': add,
  '-': (left, right) => asNumber(left, '-') - asNumber(right, '-'),
  '*': (left, right) => asNumber(left, '*') * asNumber(right, '*'),
  '/': (left, right) => asNumber(left, '/') / asNumber(right, '/'),
  '%': remainder,
  '**': (left, right) => asNumber(left, '**') ** asNumber(right, '**'),
  in: contained,
  matches: matchesAny,
  contains: (left, right) => asText(left, 'contains').includes(asText(right, 'contains')),
  startsWith: (left, right) => asText(left, 'startsWith').startsWith(asText(right, 'startsWith')),
  endsWith: (left, right) => asText(left, 'endsWith').endsWith(asText(right, 'endsWith')),
};
