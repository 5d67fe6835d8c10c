// The tree of a condition → a function. Checks names and arguments once; counts the work of each evaluation.
import { KEPT, type Budget } from './budget.ts';
import { EvaluationProblem, MissingElement, SyntaxProblem } from './errors.ts';
import { builtIn, closureFunction, functionNames, range } from './functions.ts';
import { asBool, asList, asNumber, asText, BINARY, elementOf, matches, sliceOf, typeOf } from './operators.ts';
import { safePattern, type Pattern } from './pattern.ts';
import type { Node } from './syntax.ts';

export interface Frame {
  readonly env: Readonly<Record<string, unknown>>;
  item: unknown;
  /** What the evaluation may still cost. */
  readonly budget: Budget;
}

export type Run = (frame: Frame) => unknown;

/** Where an optional step met nil: ends the whole chain it is in. */
const NOTHING = Symbol('nothing');

/** Throws `SyntaxProblem` for names and functions that there are not. */
export function toFunction(node: Node, names: readonly string[]): Run {
  const build = (part: Node): Run => toFunction(part, names);
  const run = runOf(node, build, names);
  return (frame) => {
    begin(frame, node);
    return run(frame);
  };
}

/** Evaluating a part costs a unit before it does anything. */
function begin({ budget }: Frame, node: Node): void {
  budget.at = node.position;
  budget.spend(1);
}

/** The budget for what a node does now that its parts are evaluated. */
function costOf({ budget }: Frame, node: Node): Budget {
  budget.at = node.position;
  return budget;
}

function runOf(node: Node, build: (part: Node) => Run, names: readonly string[]): Run {
  switch (node.type) {
    case 'literal':
      return () => node.value;
    case 'name':
      return nameRun(node, names);
    case 'item':
      return (frame) => frame.item;
    case 'list': {
      const items = node.items.map(build);
      return (frame) => {
        frame.budget.spend(LITERAL + items.length * KEPT);
        return items.map((item) => item(frame));
      };
    }
    case 'map':
      return mapRun(node, build);
    case 'index':
      return indexRun(node, build);
    case 'chain': {
      const of = build(node.of);
      return (frame) => {
        const value = of(frame);
        return value === NOTHING ? null : value;
      };
    }
    case 'slice':
      return sliceRun(node, build);
    case 'unary':
      return unaryRun(node, build);
    case 'binary':
      return binaryRun(node, build);
    case 'ordered':
      return orderedRun(node, build);
    case 'choice': {
      const [condition, yes, no] = [build(node.condition), build(node.yes), build(node.no)];
      return (frame) => (asBool(condition(frame), '?:') ? yes(frame) : no(frame));
    }
    case 'call':
      return callRun(node, build);
  }
}

/** Units of an empty list or map. */
const LITERAL = 4;

type Of<T extends Node['type']> = Extract<Node, { type: T }>;

function mapRun(node: Of<'map'>, build: (part: Node) => Run): Run {
  const entries = node.entries.map(({ key, value }) => [build(key), build(value)] as const);
  return (frame) => {
    const made = entries.map(([key, value]) => {
      const name = asText(key(frame), 'a key');
      costOf(frame, node).spend(LITERAL + name.length * KEPT);
      return [name, value(frame)] as const;
    });
    costOf(frame, node).spend(LITERAL * (1 + made.length));
    return Object.fromEntries(made);
  };
}

function nameRun(node: Of<'name'>, names: readonly string[]): Run {
  const { name } = node;
  if (!names.includes(name)) {
    const hint =
      (builtIn(name) ?? closureFunction(name))
        ? `${name} is a function: write ${name}(…)`
        : `there is ${names.join(', ')}`;
    throw new SyntaxProblem(`unknown name ${name}; ${hint}`, node.position);
  }
  return (frame) => frame.env[name] ?? null;
}

function indexRun(node: Of<'index'>, build: (part: Node) => Run): Run {
  const [of, key] = [build(node.of), build(node.key)];
  return (frame) => {
    const owner = of(frame);
    if (owner === NOTHING || (node.optional && owner === null)) return NOTHING;
    const at = key(frame);
    return elementOf(owner, at, costOf(frame, node));
  };
}

function sliceRun(node: Of<'slice'>, build: (part: Node) => Run): Run {
  const of = build(node.of);
  const from = node.from && build(node.from);
  const to = node.to && build(node.to);
  return (frame) => {
    const owner = of(frame);
    if (owner === NOTHING) return NOTHING;
    const bounds = { from: from?.(frame), to: to?.(frame) };
    return sliceOf(owner, bounds, costOf(frame, node));
  };
}

function unaryRun(node: Of<'unary'>, build: (part: Node) => Run): Run {
  const of = build(node.of);
  if (node.operator === '!') return (frame) => !asBool(of(frame), 'not');
  if (node.operator === '-') return (frame) => -asNumber(of(frame), '-');
  return (frame) => asNumber(of(frame), '+');
}

function binaryRun(node: Of<'binary'>, build: (part: Node) => Run): Run {
  const [left, right] = [build(node.left), build(node.right)];
  switch (node.operator) {
    case '&&':
      return (frame) => asBool(left(frame), 'and') && asBool(right(frame), 'and');
    case '||':
      return (frame) => asBool(left(frame), 'or') || asBool(right(frame), 'or');
    case '??':
      return (frame) => left(frame) ?? right(frame);
    default:
      return patternRun(node, left) ?? operatorRun(node, left, right);
  }
}

function operatorRun(node: Of<'binary'>, left: Run, right: Run): Run {
  const apply = operatorOf(node);
  return (frame) => {
    const [a, b] = [left(frame), right(frame)];
    return apply(a, b, costOf(frame, node));
  };
}

/** Ends with the first comparison that does not hold, as `and` does. */
function orderedRun(node: Of<'ordered'>, build: (part: Node) => Run): Run {
  const [first, ...rest] = node.operands.map(build);
  const comparisons = rest.map((operand, index) => ({ operand, apply: BINARY[node.operators[index] ?? ''] }));
  return (frame) => {
    let left = first?.(frame);
    return comparisons.every(({ operand, apply }) => {
      const right = operand(frame);
      const holds = apply?.(left, right, costOf(frame, node));
      left = right;
      return holds;
    });
  };
}

function operatorOf(node: Of<'binary'>): NonNullable<(typeof BINARY)[string]> {
  if (node.operator === '..') return range;
  const apply = Object.hasOwn(BINARY, node.operator) ? BINARY[node.operator] : undefined;
  if (apply === undefined) throw new SyntaxProblem(`unknown operator ${node.operator}`, node.position);
  return apply;
}

function patternRun(node: Of<'binary'>, left: Run): Run | undefined {
  const fixed = fixedPattern(node);
  if (fixed === undefined) return undefined;
  return (frame) => {
    const text = left(frame);
    return matches(text, fixed, costOf(frame, node));
  };
}

/** A pattern that is written out is checked before anything is measured. */
function fixedPattern(node: Of<'binary'>): Pattern | undefined {
  if (node.operator !== 'matches' || node.right.type !== 'literal' || typeof node.right.value !== 'string')
    return undefined;
  const pattern = safePattern(node.right.value);
  if (typeof pattern === 'string') throw new SyntaxProblem(`cannot use this pattern: ${pattern}`, node.right.position);
  return pattern;
}

function callRun(node: Of<'call'>, build: (part: Node) => Run): Run {
  if (node.name === 'default') return defaultRun(node, build);
  const closure = closureFunction(node.name);
  if (closure !== undefined) return closureRun(node, build, closure);
  const called = builtIn(node.name);
  if (called === undefined) {
    throw new SyntaxProblem(`unknown function ${node.name}; there are ${functionNames().join(', ')}`, node.position);
  }
  requireArguments(node, called.least, called.most);
  const args = node.args.map(build);
  return (frame) => {
    const values = args.map((arg) => arg(frame));
    return called.run(values, costOf(frame, node));
  };
}

function requireArguments(node: Of<'call'>, least: number, most: number): void {
  if (node.args.length >= least && node.args.length <= most) return;
  const wanted = least === most ? String(least) : `${least} to ${most}`;
  throw new SyntaxProblem(`${node.name} takes ${wanted} arguments, not ${node.args.length}`, node.position);
}

/** The fallback where the value is nil, an empty list, or an element that is not there. */
function defaultRun(node: Of<'call'>, build: (part: Node) => Run): Run {
  requireArguments(node, 2, 2);
  const [value, fallback] = node.args.map(build);
  return (frame) => {
    const found = orMissing(() => value?.(frame));
    const none = found === undefined || found === null || (Array.isArray(found) && found.length === 0);
    return none ? fallback?.(frame) : found;
  };
}

function orMissing(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof MissingElement) return null;
    throw error;
  }
}

const ITSELF: Run = (frame) => frame.item;

function closureRun(
  node: Of<'call'>,
  build: (part: Node) => Run,
  closure: NonNullable<ReturnType<typeof closureFunction>>,
): Run {
  const alone = node.name === 'count' || node.name === 'sum';
  requireArguments(node, alone ? 1 : 2, 2);
  const [list, body = ITSELF] = node.args.map(build);
  return (frame) => {
    const value = list?.(frame);
    if (!Array.isArray(value)) throw new EvaluationProblem(`${node.name} needs a list, not a ${typeOf(value)}`);
    const outer = frame.item;
    const result = closure(asList(value, node.name), (item) => {
      costOf(frame, node).spend(1 + KEPT);
      frame.item = item;
      return body(frame);
    });
    frame.item = outer;
    return result;
  };
}
