// The tree of a condition → a function. Checks names and arguments once; counts the work of each evaluation.
import { KEPT } from './budget.ts';
import { closureRun, reduceRun, requireArguments } from './closures.ts';
import { MissingElement, SyntaxProblem } from './errors.ts';
import { costOf, type Frame, type Run, type Scope } from './frame.ts';
import { builtIn, closureFunction, functionNames, range } from './functions.ts';
import { asBool, asNumber, asText, BINARY, elementOf, equal, matches, sliceOf } from './operators.ts';
import { safePattern, type Pattern } from './pattern.ts';
import { isLeaf, type Leaf, type Node } from './syntax.ts';
import { isUntyped, typingOf, type Typing } from './typing.ts';

/** Where an optional step met nil: ends the whole chain it is in. */
const NOTHING = Symbol('nothing');

/** Throws `SyntaxProblem` for names and functions that there are not. */
export function toFunction(node: Node, scope: Scope): Run {
  const build = (part: Node): Run => toFunction(part, scope);
  const run = runOf(node, build, scope);
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

function runOf(node: Node, build: (part: Node) => Run, scope: Scope): Run {
  if (isLeaf(node)) return leafRun(node, scope);
  switch (node.type) {
    case 'let':
      return letRun(node, build, scope);
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
      return binaryRun(node, build, scope);
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

function nameRun(node: Of<'name'>, { names, variables }: Scope): Run {
  const { name } = node;
  const place = [...variables.keys()].indexOf(name);
  if (place >= 0) return (frame) => frame.variables[place];
  if (names.includes(name)) return (frame) => frame.env[name] ?? null;
  const hint = isFunction(name)
    ? `${name} is a function: write ${name}(…)`
    : `there is ${[...names, ...variables.keys()].join(', ')}`;
  throw new SyntaxProblem(`unknown name ${name}; ${hint}`, node.position);
}

const isFunction = (name: string): boolean => functionNames().includes(name);

function leafRun(node: Leaf, scope: Scope): Run {
  if (node.type === 'literal') return () => node.value;
  return node.type === 'name' ? nameRun(node, scope) : pointerRun(node);
}

function pointerRun({ which }: Of<'item'>): Run {
  if (which === 'acc') return (frame) => frame.acc;
  return which === 'index' ? (frame) => frame.index : (frame) => frame.item;
}

function letRun(node: Of<'let'>, build: (part: Node) => Run, { names, variables }: Scope): Run {
  const { name } = node;
  if (names.includes(name) || variables.has(name) || isFunction(name))
    throw new SyntaxProblem(`there is ${name} already: take another name`, node.position);
  const value = build(node.value);
  const place = variables.size;
  const body = toFunction(node.body, {
    names,
    variables: new Map(variables).set(name, typingOf(node.value, variables)),
  });
  return (frame) => {
    frame.variables[place] = value(frame);
    return body(frame);
  };
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

function binaryRun(node: Of<'binary'>, build: (part: Node) => Run, { variables }: Scope): Run {
  const [left, right] = [build(node.left), build(node.right)];
  switch (node.operator) {
    case '&&':
      return (frame) => asBool(left(frame), 'and') && asBool(right(frame), 'and');
    case '||':
      return (frame) => asBool(left(frame), 'or') || asBool(right(frame), 'or');
    case '??':
      return (frame) => left(frame) ?? right(frame);
    case '==':
    case '!=': {
      const typings = [node.left, node.right].map((part) => typingOf(part, variables));
      return equalityRun(node, left, right, typings);
    }
    default:
      return patternRun(node, left) ?? operatorRun(node, left, right);
  }
}

/** Values of different types are a mistake where that could have been known, and otherwise not equal. */
function equalityRun(node: Of<'binary'>, left: Run, right: Run, typings: Typing[]): Run {
  const isEqual = (frame: Frame): boolean => {
    const [a, b] = [left(frame), right(frame)];
    const isLoose = (): boolean =>
      typings.includes('unknown') || (typings.includes('result') && isUntyped(frame.env['result']));
    return equal(a, b, costOf(frame, node), isLoose);
  };
  return node.operator === '==' ? isEqual : (frame) => !isEqual(frame);
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
  if (node.name === 'reduce') return reduceRun(node, build);
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
