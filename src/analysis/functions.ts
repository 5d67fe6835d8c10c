// The functions a condition may call.
import { EvaluationProblem } from './expression-error.ts';
import { asBool, asInteger, asList, asNumber, asText, isMapping, typeOf } from './operators.ts';

export interface BuiltIn {
  least: number;
  most: number;
  run(args: unknown[]): unknown;
}

const MAX_ITEMS = 10_000;

/** Numbers in arguments and in lists among them. */
function numbers(args: unknown[], name: string): number[] {
  return args.flatMap((arg) => (Array.isArray(arg) ? numbers(arg as unknown[], name) : [asNumber(arg, name)]));
}

/** nil where there are no numbers. */
function extreme(args: unknown[], name: string, better: (a: number, b: number) => boolean): number | null {
  const all = numbers(args, name);
  if (all.length === 0) return null;
  return all.reduce((best, each) => (better(each, best) ? each : best));
}

function mean(args: unknown[]): number {
  const all = numbers(args, 'mean');
  return all.length === 0 ? 0 : all.reduce((sum, each) => sum + each, 0) / all.length;
}

function median(args: unknown[]): number {
  const all = numbers(args, 'median').toSorted((a, b) => a - b);
  const middle = Math.floor(all.length / 2);
  if (all.length === 0) return 0;
  return all.length % 2 === 1 ? (all[middle] ?? 0) : ((all[middle - 1] ?? 0) + (all[middle] ?? 0)) / 2;
}

function length(value: unknown): number {
  if (typeof value === 'string') return Array.from(value).length;
  if (Array.isArray(value)) return value.length;
  if (isMapping(value)) return Object.keys(value).length;
  throw new EvaluationProblem(`len needs a list, a map or a string, not a ${typeOf(value)}`);
}

/** Half away from zero. */
const round = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

function toFloat(value: unknown, name: string): number {
  if (typeof value === 'number') return value;
  const text = asText(value, name);
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  throw new EvaluationProblem(`${name} cannot read ${JSON.stringify(text.slice(0, 40))} as a number`);
}

function toInt(value: unknown, name: string): number {
  const number = typeof value === 'string' && !/^[+-]?\d+$/.test(value) ? NaN : toFloat(value, name);
  if (Number.isFinite(number)) return Math.trunc(number);
  throw new EvaluationProblem(`${name} cannot make a whole number of ${String(value).slice(0, 40)}`);
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return JSON.stringify(value);
}

function split(args: unknown[]): string[] {
  const text = asText(args[0], 'split');
  const parts = text.split(asText(args[1], 'split'), MAX_ITEMS);
  if (args[2] === undefined) return parts;
  const most = asInteger(args[2], 'split');
  if (most < 0 || parts.length <= most) return parts;
  return most === 0 ? [] : [...parts.slice(0, most - 1), parts.slice(most - 1).join(asText(args[1], 'split'))];
}

function join(args: unknown[]): string {
  const separator = args[1] === undefined ? '' : asText(args[1], 'join');
  return asList(args[0], 'join')
    .map((item) => asText(item, 'join'))
    .join(separator);
}

function trim(args: unknown[]): string {
  const text = asText(args[0], 'trim');
  if (args[1] === undefined) return text.trim();
  const unwanted = asText(args[1], 'trim');
  let [from, to] = [0, text.length];
  while (from < to && unwanted.includes(text.charAt(from))) from++;
  while (to > from && unwanted.includes(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}

/** `1..3`: both ends included. */
export function range(left: unknown, right: unknown): number[] {
  const [from, to] = [asInteger(left, '..'), asInteger(right, '..')];
  if (to - from >= MAX_ITEMS) throw new EvaluationProblem(`a range has at most ${MAX_ITEMS} numbers`);
  return to < from ? [] : Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

const one = (run: (value: unknown) => unknown): BuiltIn => ({ least: 1, most: 1, run: (args) => run(args[0]) });
const many = (run: (args: unknown[]) => unknown): BuiltIn => ({ least: 1, most: 16, run });
const upTo = (least: number, most: number, run: (args: unknown[]) => unknown): BuiltIn => ({ least, most, run });

const BUILT_INS: Readonly<Record<string, BuiltIn>> = {
  len: one(length),
  min: many((args) => extreme(args, 'min', (a, b) => a < b)),
  max: many((args) => extreme(args, 'max', (a, b) => a > b)),
  mean: many(mean),
  median: many(median),
  abs: one((value) => Math.abs(asNumber(value, 'abs'))),
  ceil: one((value) => Math.ceil(asNumber(value, 'ceil'))),
  floor: one((value) => Math.floor(asNumber(value, 'floor'))),
  round: one((value) => round(asNumber(value, 'round'))),
  int: one((value) => toInt(value, 'int')),
  float: one((value) => toFloat(value, 'float')),
  asInt: one((value) => toInt(value, 'asInt')),
  asFloat: one((value) => toFloat(value, 'asFloat')),
  string: one(toText),
  isNaN: one((value) => Number.isNaN(asNumber(value, 'isNaN'))),
  isInf: one((value) => Math.abs(asNumber(value, 'isInf')) === Infinity),
  isNil: one((value) => value === null || value === undefined),
  upper: one((value) => asText(value, 'upper').toUpperCase()),
  lower: one((value) => asText(value, 'lower').toLowerCase()),
  trim: upTo(1, 2, trim),
  split: upTo(2, 3, split),
  join: upTo(1, 2, join),
  first: one((value) => asList(value, 'first')[0] ?? null),
  last: one((value) => asList(value, 'last').at(-1) ?? null),
};

export const builtIn = (name: string): BuiltIn | undefined =>
  Object.hasOwn(BUILT_INS, name) ? BUILT_INS[name] : undefined;

type Each = (item: unknown) => unknown;
type Closure = (list: readonly unknown[], each: Each) => unknown;

const holds =
  (each: Each, name: string): ((item: unknown) => boolean) =>
  (item) =>
    asBool(each(item), name);

const CLOSURES: Readonly<Record<string, Closure>> = {
  all: (list, each) => list.every(holds(each, 'all')),
  any: (list, each) => list.some(holds(each, 'any')),
  none: (list, each) => !list.some(holds(each, 'none')),
  one: (list, each) => list.filter(holds(each, 'one')).length === 1,
  filter: (list, each) => list.filter(holds(each, 'filter')),
  map: (list, each) => list.map((item) => each(item)),
  count: (list, each) => list.filter(holds(each, 'count')).length,
  sum: (list, each) => list.reduce<number>((sum, item) => sum + asNumber(each(item), 'sum'), 0),
  find: (list, each) => list.find(holds(each, 'find')) ?? null,
  findIndex: (list, each) => {
    const index = list.findIndex(holds(each, 'findIndex'));
    return index < 0 ? null : index;
  },
};

/** Functions whose last argument is evaluated for each element of the first. */
export const closureFunction = (name: string): Closure | undefined =>
  Object.hasOwn(CLOSURES, name) ? CLOSURES[name] : undefined;

export const functionNames = (): string[] => [...Object.keys(BUILT_INS), ...Object.keys(CLOSURES), 'default'];
