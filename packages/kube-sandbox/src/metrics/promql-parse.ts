// From text to a checked tree: the Prometheus project's own grammar reads the query, this turns its nodes into ours.
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { METRIC_NAME } from './labels.ts';
import { matcherOf } from './matcher.ts';
import type { Matcher, MatchOperator } from './matcher.ts';
import { parseDuration, parseNumber } from './number.ts';
import { failAt } from './promql-ast.ts';
import type { Binary, Expr, Selector, VectorMatching } from './promql-ast.ts';
import { failSyntax } from './promql-syntax-error.ts';
import { AGGREGATIONS, checkTypes, FUNCTIONS } from './promql-types.ts';

/** Longer queries are refused, and deeper ones, so that none can exhaust the stack. */
const MAX_LENGTH = 20_000;

class Reader {
  readonly query: string;

  constructor(query: string) {
    this.query = query;
  }

  text = (node: SyntaxNode): string => this.query.slice(node.from, node.to);

  expr(node: SyntaxNode): Expr {
    const place = { from: node.from, to: node.to };
    switch (node.name) {
      case 'NumberDurationLiteral':
        return { type: 'number', value: this.#number(node), ...place };
      case 'StringLiteral':
        return { type: 'string', value: this.#string(node), ...place };
      case 'ParenExpr':
        return { type: 'paren', expr: this.expr(first(node)), ...place };
      case 'UnaryExpr':
        return {
          type: 'unary',
          negative: this.text(first(node)) === '-',
          expr: this.expr(last(node)),
          ...place,
        };
      case 'VectorSelector':
        return this.#selector(node);
      case 'MatrixSelector':
        return this.#range(node);
      case 'SubqueryExpr':
        return this.#subquery(node);
      case 'OffsetExpr':
        return this.#offset(node);
      case 'FunctionCall':
        return this.#call(node);
      case 'AggregateExpr':
        return this.#aggregate(node);
      case 'BinaryExpr':
        return this.#binary(node);
      case 'StepInvariantExpr':
        return failAt(this.query, node.from, '@ modifier is disabled');
      default:
        return failSyntax(this.query, node.from);
    }
  }

  /** The grammar takes an end of the query for a closing quote. */
  #string(node: SyntaxNode): string {
    const text = this.text(node);
    if (text.length < 2 || text.at(-1) !== text[0]) failAt(this.query, node.from, 'unterminated quoted string');
    return unquote(text);
  }

  #number(node: SyntaxNode): number {
    const text = this.text(node).replaceAll(/\s/g, '');
    const value = parseNumber(text);
    if (value === undefined) return failAt(this.query, node.from, `unexpected duration "${text}"`);
    if (Number.isFinite(value) || /inf|nan/i.test(text)) return value;
    return failAt(
      this.query,
      node.from,
      `error parsing number: strconv.ParseFloat: parsing "${text}": value out of range`,
    );
  }

  #duration(node: SyntaxNode): number {
    const text = this.text(node).trim();
    const negative = text.startsWith('-');
    const ms = parseDuration(text.replace(/^[+-]\s*/, ''));
    if (ms !== undefined) return negative ? -ms : ms;
    const why = /^\d+$/.test(text) ? 'missing unit character in duration' : `not a valid duration string: "${text}"`;
    return failAt(this.query, node.from, why);
  }

  #positive(node: SyntaxNode): number {
    const ms = this.#duration(node);
    return ms > 0 ? ms : failAt(this.query, node.from, 'duration must be greater than 0');
  }

  #selector(node: SyntaxNode): Selector {
    const matchers: Matcher[] = [];
    const name = node.getChild('Identifier');
    if (name !== null) matchers.push(matcherOf(METRIC_NAME, '=', this.text(name)));
    for (const part of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [])
      matchers.push(this.#matcher(part));
    const quoted = node.getChild('LabelMatchers');
    const other = quoted?.getChild('QuotedLabelMatcher') ?? quoted?.getChild('QuotedLabelName');
    if (other) failAt(this.query, other.from, `unexpected string ${this.text(other)} in label matching`);
    if (!matchers.some((matcher) => !matcher.matches('')))
      failAt(this.query, node.from, 'vector selector must contain at least one non-empty matcher');
    return { type: 'selector', matchers, offsetMs: 0, from: node.from, to: node.to };
  }

  #matcher(node: SyntaxNode): Matcher {
    const [name, operator, value] = children(node).map(this.text);
    try {
      return matcherOf(name ?? '', operator as MatchOperator, unquote(value ?? ''));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return failAt(this.query, node.from, `error parsing regexp: ${goReason(unquote(value ?? ''), error)}`);
    }
  }

  #range(node: SyntaxNode): Expr {
    const inner = this.expr(first(node));
    const duration = node.getChild('DurationExpr');
    const bracket = inner.to;
    if (inner.type !== 'selector') return failAt(this.query, bracket, 'ranges only allowed for vector selectors');
    if (inner.offsetMs !== 0) return failAt(this.query, bracket, 'no offset modifiers allowed before range');
    const rangeMs = duration === null ? 0 : this.#positive(duration);
    return { type: 'range', selector: inner, rangeMs, from: node.from, to: node.to };
  }

  #subquery(node: SyntaxNode): Expr {
    const [range, step] = node.getChildren('DurationExpr');
    return {
      type: 'subquery',
      expr: this.expr(first(node)),
      rangeMs: range === undefined ? 0 : this.#positive(range),
      stepMs: step === undefined ? undefined : this.#positive(step),
      offsetMs: 0,
      from: node.from,
      to: node.to,
    };
  }

  #offset(node: SyntaxNode): Expr {
    const duration = node.getChild('OffsetDurationExpr');
    return this.#shift(this.expr(first(node)), duration === null ? 0 : this.#duration(duration));
  }

  /** The grammar lets `offset` embrace an operator's both sides; it belongs to the last operand alone. */
  #shift(expr: Expr, offsetMs: number): Expr {
    const why = 'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery';
    if (expr.type === 'binary') return { ...expr, right: this.#shift(expr.right, offsetMs) };
    if (expr.type === 'unary') return { ...expr, expr: this.#shift(expr.expr, offsetMs) };
    if (expr.type === 'range') return { ...expr, selector: this.#shifted(expr.selector, offsetMs) };
    if (expr.type === 'selector' || expr.type === 'subquery') return this.#shifted(expr, offsetMs);
    return failAt(this.query, expr.from, why);
  }

  #shifted<T extends { offsetMs: number; from: number }>(expr: T, offsetMs: number): T {
    if (expr.offsetMs !== 0) failAt(this.query, expr.from, 'offset may not be set multiple times');
    return { ...expr, offsetMs };
  }

  #call(node: SyntaxNode): Expr {
    const identifier = node.getChild('FunctionIdentifier');
    const name = identifier === null ? '' : this.text(identifier);
    if (!Object.hasOwn(FUNCTIONS, name)) failAt(this.query, node.from, `unknown function with name "${name}"`);
    const body = node.getChild('FunctionCallBody');
    const args = body === null ? [] : children(body).map((arg) => this.expr(arg));
    return { type: 'call', name, args, from: node.from, to: node.to };
  }

  #aggregate(node: SyntaxNode): Expr {
    const name = this.text(first(node)).toLowerCase();
    if (!Object.hasOwn(AGGREGATIONS, name)) failAt(this.query, node.from, `unknown aggregation "${name}"`);
    const body = node.getChild('FunctionCallBody');
    const args = body === null ? [] : children(body).map((arg) => this.expr(arg));
    const wanted = AGGREGATIONS[name] === undefined ? 1 : 2;
    if (args.length === 0) failAt(this.query, node.from, 'no arguments for aggregate expression provided');
    if (args.length !== wanted) {
      const counts = `expected ${wanted}, got ${args.length}`;
      failAt(this.query, node.from, `wrong number of arguments for aggregate expression provided, ${counts}`);
    }
    const modifier = node.getChild('AggregateModifier');
    const labels = modifier?.getChild('GroupingLabels');
    return {
      type: 'aggregate',
      name,
      param: wanted === 2 ? args[0] : undefined,
      expr: args[wanted - 1] as Expr,
      without: modifier?.getChild('Without') != null,
      labels: labels ? children(labels).map(this.text) : [],
      from: node.from,
      to: node.to,
    };
  }

  /** The grammar makes a sign part of a number, but `-2 ^ 2` is `-(2 ^ 2)`. */
  #binary(node: SyntaxNode): Expr {
    const [left, operator] = children(node);
    if (left === undefined || operator === undefined) return failSyntax(this.query, node.from);
    const text = this.text(operator).toLowerCase();
    if (node.getChild('FillModifier') !== null || text === '</' || text === '>/')
      failAt(this.query, operator.from, `unexpected ${text}`);
    const base = this.expr(left);
    if (text === '^' && base.type === 'number' && /^[+-]/.test(this.text(left)) && left.name !== 'ParenExpr') {
      const power = this.#operation(node, { ...base, value: Math.abs(base.value) }, text);
      return { type: 'unary', negative: this.text(left).startsWith('-'), expr: power, from: node.from, to: node.to };
    }
    return this.#operation(node, base, text);
  }

  #operation(node: SyntaxNode, left: Expr, operator: string): Binary {
    return {
      type: 'binary',
      operator,
      left,
      right: this.expr(last(node)),
      bool: node.getChild('BoolModifier') !== null,
      matching: this.#matching(node.getChild('MatchingModifierClause')),
      from: node.from,
      to: node.to,
    };
  }

  #matching(node: SyntaxNode | null): VectorMatching {
    const [labels, include] = node?.getChildren('GroupingLabels') ?? [];
    const names = (list: SyntaxNode | undefined): string[] => (list === undefined ? [] : children(list).map(this.text));
    const group = node?.getChild('GroupLeft') ? 'left' : node?.getChild('GroupRight') ? 'right' : undefined;
    return { on: node?.getChild('On') != null, labels: names(labels), group, include: names(include) };
  }
}

function children(node: SyntaxNode): SyntaxNode[] {
  const list: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'LineComment') list.push(child);
  return list;
}

const first = (node: SyntaxNode): SyntaxNode => children(node)[0] ?? node;
const last = (node: SyntaxNode): SyntaxNode => children(node).at(-1) ?? node;

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

function unquote(text: string): string {
  const body = text.slice(1, -1);
  if (text.startsWith('`')) return body;
  return body.replaceAll(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/gs, (_, code: string) =>
    code.length > 1 ? String.fromCodePoint(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  );
}

/** The reason in the words of Go's regexp package, for the mistakes people make. */
function goReason(source: string, error: SyntaxError): string {
  if (error.message.includes('Nothing to repeat'))
    return `missing argument to repetition operator: \`${/[*+?]/.exec(source)?.[0] ?? ''}\``;
  if (error.message.includes('Unterminated group')) return `missing closing ): \`^(?:${source})$\``;
  if (error.message.includes('Unmatched')) return `unexpected ): \`^(?:${source})$\``;
  if (error.message.includes('character class')) return `missing closing ]: \`${source.slice(source.indexOf('['))})$\``;
  return error.message;
}

function firstError(query: string): number | undefined {
  let at: number | undefined;
  parser.parse(query).iterate({
    enter(node) {
      if (node.type.isError) at ??= node.from;
    },
  });
  return at;
}

/** Parses and checks a query. Throws a ParseError with Prometheus' message. */
export function parseQuery(query: string): Expr {
  if (query.length > MAX_LENGTH) failAt(query, 0, `query of ${query.length} characters is longer than ${MAX_LENGTH}`);
  const at = firstError(query);
  if (at !== undefined) failSyntax(query, at);
  const root = parser.parse(query).topNode;
  const node = children(root)[0];
  if (node === undefined) return failSyntax(query, 0);
  const expr = new Reader(query).expr(node);
  checkTypes(query, expr);
  return expr;
}

/** The matchers of a `match[]` parameter. Throws a ParseError when it is not a plain selector. */
export function parseSelector(text: string): Matcher[] {
  const expr = parseQuery(text);
  return expr.type === 'selector' ? expr.matchers : failSyntax(text, expr.from);
}
