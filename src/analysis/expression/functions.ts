// The functions a condition may call. Each spends what it does from the budget it is given, before it does it.
import { KEPT, searchCost, type Budget } from './budget.ts';
import { EvaluationProblem } from './errors.ts';
import { asBool, asInteger, asList, asNumber, asText, isMapping, keysOf, typeOf } from './operators.ts';

export interface BuiltIn {
  least: number;
  most: number;
  run(args: unknown[], budget: Budget): unknown;
}

const MAX_ITEMS = 10_000;

/** Numbers in arguments and in lists among them. */
function numbers(args: readonly unknown[], name: string, budget: Budget, into: number[] = []): number[] {
  budget.spend(args.length * KEPT);
  for (const arg of args) {
    if (Array.isArray(arg)) numbers(arg, name, budget, into);
    else into.push(asNumber(arg, name));
  }
  return into;
}

/** nil where there are no numbers. */
function extreme(all: number[], better: (a: number, b: number) => boolean): number | null {
  return all.length === 0 ? null : all.reduce((best, each) => (better(each, best) ? each : best));
}

const mean = (all: number[]): number => (all.length === 0 ? 0 : all.reduce((sum, each) => sum + each, 0) / all.length);

/** Comparisons of a sort that cost a unit. */
const COMPARISONS = 4;

function median(args: unknown[], budget: Budget): number {
  const all = numbers(args, 'median', budget);
  budget.spend(Math.ceil((all.length * Math.log2(all.length + 1)) / COMPARISONS));
  all.sort((a, b) => a - b);
  const middle = Math.floor(all.length / 2);
  if (all.length === 0) return 0;
  return all.length % 2 === 1 ? (all[middle] ?? 0) : ((all[middle - 1] ?? 0) + (all[middle] ?? 0)) / 2;
}

function length(value: unknown, budget: Budget): number {
  if (typeof value === 'string') return characters(value, budget);
  if (Array.isArray(value)) return value.length;
  if (isMapping(value)) return keysOf(value, budget).length;
  throw new EvaluationProblem(`len needs a list, a map or a string, not a ${typeOf(value)}`);
}

function characters(text: string, budget: Budget): number {
  budget.spend(text.length);
  let count = 0;
  for (const character of text) if (character !== '') count++;
  return count;
}

/** Half away from zero. */
const round = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

function toFloat(value: unknown, name: string, budget: Budget): number {
  if (typeof value === 'number') return value;
  const text = asText(value, name);
  budget.spend(text.length);
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  throw new EvaluationProblem(`${name} cannot read a text of ${text.length} characters as a number`);
}

function toInt(value: unknown, name: string, budget: Budget): number {
  if (typeof value === 'string') budget.spend(value.length);
  const number = typeof value === 'string' && !/^[+-]?\d+$/.test(value) ? NaN : toFloat(value, name, budget);
  if (Number.isFinite(number)) return Math.trunc(number);
  const what = typeof value === 'string' ? `a text of ${value.length} characters` : 'NaN or an infinite number';
  throw new EvaluationProblem(`${name} cannot make a whole number of ${what}`);
}

function toText(value: unknown, budget: Budget): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  spendDeep(value, budget);
  return JSON.stringify(value);
}

/** Room for a number as text. */
const NUMBER_TEXT = 24;

/** Units of writing all that is in a value: parts that are shared count each time, as they are written each time. */
function spendDeep(value: unknown, budget: Budget): void {
  if (typeof value === 'string') budget.spend(value.length * KEPT);
  else budget.spend(NUMBER_TEXT);
  if (Array.isArray(value)) for (const item of value) spendDeep(item, budget);
  else if (isMapping(value)) {
    for (const key of keysOf(value, budget)) {
      budget.spend(key.length);
      spendDeep(value[key], budget);
    }
  }
}

function split(args: unknown[], budget: Budget): string[] {
  const [text, separator] = [asText(args[0], 'split'), asText(args[1], 'split')];
  // A part for each character at worst, and the text again where parts are put together.
  budget.spend(searchCost(text, separator) + text.length * (KEPT + 1));
  const parts = text.split(separator, MAX_ITEMS);
  if (args[2] === undefined) return parts;
  const most = asInteger(args[2], 'split');
  if (most < 0 || parts.length <= most) return parts;
  return most === 0 ? [] : [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

function join(args: unknown[], budget: Budget): string {
  const separator = args[1] === undefined ? '' : asText(args[1], 'join');
  const list = asList(args[0], 'join');
  return list
    .map((item) => {
      const text = asText(item, 'join');
      budget.spend(KEPT + text.length + separator.length);
      return text;
    })
    .join(separator);
}

function trim(args: unknown[], budget: Budget): string {
  const text = asText(args[0], 'trim');
  const unwanted = args[1] === undefined ? '' : asText(args[1], 'trim');
  budget.spend(searchCost(text, unwanted));
  if (args[1] === undefined) return text.trim();
  let [from, to] = [0, text.length];
  while (from < to && unwanted.includes(text.charAt(from))) from++;
  while (to > from && unwanted.includes(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Some letters have three in the other case. */
const MAX_CASE_GROWTH = 3;

const inCase =
  (name: string, change: (text: string) => string) =>
  (value: unknown, budget: Budget): string => {
    const text = asText(value, name);
    budget.spend(text.length * MAX_CASE_GROWTH);
    return change(text);
  };

/** `1..3`: both ends included. */
export function range(left: unknown, right: unknown, budget: Budget): number[] {
  const [from, to] = [asInteger(left, '..'), asInteger(right, '..')];
  if (to - from >= MAX_ITEMS) throw new EvaluationProblem(`a range has at most ${MAX_ITEMS} numbers`);
  budget.spend(Math.max(to - from + 1, 0) * KEPT);
  return to < from ? [] : Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

const one = (run: (value: unknown, budget: Budget) => unknown): BuiltIn => ({
  least: 1,
  most: 1,
  run: (args, budget) => run(args[0], budget),
});
const upTo = (least: number, most: number, run: BuiltIn['run']): BuiltIn => ({ least, most, run });
const many = (run: BuiltIn['run']): BuiltIn => upTo(1, 16, run);

const BUILT_INS: Readonly<Record<string, BuiltIn>> = {
  len: one(length),
  min: many((args, budget) => extreme(numbers(args, 'min', budget), (a, b) => a < b)),
  max: many((args, budget) => extreme(numbers(args, 'max', budget), (a, b) => a > b)),
  mean: many((args, budget) => mean(numbers(args, 'mean', budget))),
  median: many(median),
  abs: one((value) => Math.abs(asNumber(value, 'abs'))),
  ceil: one((value) => Math.ceil(asNumber(value, 'ceil'))),
  floor: one((value) => Math.floor(asNumber(value, 'floor'))),
  round: one((value) => round(asNumber(value, 'round'))),
  int: one((value, budget) => toInt(value, 'int', budget)),
  float: one((value, budget) => toFloat(value, 'float', budget)),
  asInt: one((value, budget) => toInt(value, 'asInt', budget)),
  asFloat: one((value, budget) => toFloat(value, 'asFloat', budget)),
  string: one(toText),
  isNaN: one((value) => Number.isNaN(asNumber(value, 'isNaN'))),
  isInf: one((value) => Math.abs(asNumber(value, 'isInf')) === Infinity),
  isNil: one((value) => value === null || value === undefined),
  upper: one(inCase('upper', (text) => text.toUpperCase())),
  lower: one(inCase('lower', (text) => text.toLowerCase())),
  trim: upTo(1, 2, trim),
  split: upTo(2, 3, split),
  join: upTo(1, 2, join),
  first: one((value) => asList(value, 'first')[0] ?? null),
  last: one((value) => asList(value, 'last').at(-1) ?? null),
};

export const builtIn = (name: string): BuiltIn | undefined =>
  Object.hasOwn(BUILT_INS, name) ? BUILT_INS[name] : undefined;

type Each = (item: unknown, index: number) => unknown;
type Closure = (list: readonly unknown[], each: Each) => unknown;

const holds =
  (each: Each, name: string): ((item: unknown, index: number) => boolean) =>
  (item, index) =>
    asBool(each(item, index), name);

const CLOSURES: Readonly<Record<string, Closure>> = {
  all: (list, each) => list.every(holds(each, 'all')),
  any: (list, each) => list.some(holds(each, 'any')),
  none: (list, each) => !list.some(holds(each, 'none')),
  one: (list, each) => list.filter(holds(each, 'one')).length === 1,
  filter: (list, each) => list.filter(holds(each, 'filter')),
  map: (list, each) => list.map((item, index) => each(item, index)),
  count: (list, each) => list.filter(holds(each, 'count')).length,
  sum: (list, each) => list.reduce<number>((sum, item, index) => sum + asNumber(each(item, index), 'sum'), 0),
  find: (list, each) => list.find(holds(each, 'find')) ?? null,
  findIndex: (list, each) => {
    const index = list.findIndex(holds(each, 'findIndex'));
    return index < 0 ? null : index;
  },
};

/** Functions whose last argument is evaluated for each element of the first. */
export const closureFunction = (name: string): Closure | undefined =>
  Object.hasOwn(CLOSURES, name) ? CLOSURES[name] : undefined;

export const functionNames = (): string[] => [...Object.keys(BUILT_INS), ...Object.keys(CLOSURES), 'reduce', 'default'];
