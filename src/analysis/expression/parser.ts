// Tokens of a condition → its tree: operator precedence as in expr-lang, with limits on depth and size.
import { SyntaxProblem } from './errors.ts';
import { tokenize, type Token } from './lexer.ts';
import type { Node } from './syntax.ts';

const BINARY: Record<string, number> = {
  '|': 1,
  or: 10,
  '||': 10,
  and: 15,
  '&&': 15,
  '==': 20,
  '!=': 20,
  '<': 20,
  '>': 20,
  '<=': 20,
  '>=': 20,
  in: 20,
  matches: 20,
  contains: 20,
  startsWith: 20,
  endsWith: 20,
  '..': 25,
  '+': 30,
  '-': 30,
  '*': 60,
  '/': 60,
  '%': 60,
  '**': 100,
  '^': 100,
  '??': 500,
};
const UNARY: Record<string, number> = { not: 50, '!': 50, '-': 90, '+': 90 };
const RIGHT_ASSOCIATIVE = new Set(['**', '^']);
const ORDERING_PRECEDENCE = 20;
const ORDERING = new Set(['<', '>', '<=', '>=']);
const NEGATABLE = new Set(['in', 'matches', 'contains', 'startsWith', 'endsWith']);
const SAME: Record<string, string> = { and: '&&', or: '||', not: '!', '^': '**' };

/** Functions whose last argument is evaluated for each element. */
const CLOSURE_FUNCTIONS = new Set([
  'all',
  'any',
  'none',
  'one',
  'filter',
  'map',
  'count',
  'sum',
  'find',
  'findIndex',
  'reduce',
]);

const MAX_DEPTH = 64;
const MAX_NODES = 512;
/** Of a word in a message, in characters. */
const MAX_QUOTED = 40;

/** Throws `SyntaxProblem` where the text is no condition. */
export function parse(source: string): Node {
  const parser = new Parser(tokenize(source));
  const node = parser.expression(0);
  parser.end();
  return node;
}

class Parser {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;
  #nodes = 0;
  /** The functions whose last argument is being read, the innermost last. */
  readonly #closures: string[] = [];

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  expression(minimum: number): Node {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxProblem('the condition is nested too deeply', this.#now.position);
    const declared = minimum === 0 ? this.#declaration() : undefined;
    const node = declared ?? this.#operation(minimum);
    this.#depth--;
    return node;
  }

  /** Operands and the operators between them that bind at least so tightly. */
  #operation(minimum: number): Node {
    let left = this.#prefix();
    let previous = '';
    for (;;) {
      const operator = this.#binaryHere();
      if (operator === undefined || operator.precedence < minimum) break;
      if (previous === '??' && operator.name !== '??') {
        throw new SyntaxProblem('put parentheses around ?? beside another operator', operator.position);
      }
      left = this.#infix(left, operator);
      previous = operator.name;
    }
    return minimum === 0 && this.#is('?') ? this.#choice(left) : left;
  }

  end(): void {
    if (this.#now.kind !== 'end') throw this.#unexpected('an operator');
  }

  /** `let name = value; …` */
  #declaration(): Node | undefined {
    const { kind, text, position } = this.#now;
    if (kind !== 'name' || text !== 'let') return undefined;
    this.#at++;
    const name = this.#now;
    if (name.kind !== 'name') throw this.#unexpected('the name of a variable');
    this.#at++;
    this.#expect('=');
    const value = this.expression(0);
    this.#expect(';');
    return this.#node({ type: 'let', name: name.text, value, body: this.expression(0), position });
  }

  get #now(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: 'the end', position: 0 };
  }

  #binaryHere(): { name: string; precedence: number; negated: boolean; position: number } | undefined {
    const token = this.#now;
    if (token.kind !== 'operator') return undefined;
    const following = this.#tokens[this.#at + 1];
    const negated = token.text === 'not' && following?.kind === 'operator' && NEGATABLE.has(following.text);
    const name = negated ? following.text : token.text;
    const precedence = Object.hasOwn(BINARY, name) ? BINARY[name] : undefined;
    return precedence === undefined ? undefined : { name, precedence, negated, position: token.position };
  }

  #infix(left: Node, operator: { name: string; precedence: number; negated: boolean; position: number }): Node {
    this.#at += operator.negated ? 2 : 1;
    const { name, precedence, position } = operator;
    if (name === '|') return this.#pipe(left);
    if (ORDERING.has(name)) return this.#comparison(left, name, position);
    const right = this.expression(RIGHT_ASSOCIATIVE.has(name) ? precedence : precedence + 1);
    const node = this.#node({ type: 'binary', operator: SAME[name] ?? name, left, right, position });
    return operator.negated ? this.#node({ type: 'unary', operator: '!', of: node, position }) : node;
  }

  /** `a < b < c` means `a < b and b < c`. */
  #comparison(first: Node, operator: string, position: number): Node {
    const right = this.expression(ORDERING_PRECEDENCE + 1);
    const [operators, operands] = [[operator], [first, right]];
    for (let next = this.#now; next.kind === 'operator' && ORDERING.has(next.text); next = this.#now) {
      this.#at++;
      operators.push(next.text);
      operands.push(this.expression(ORDERING_PRECEDENCE + 1));
    }
    if (operators.length > 1) return this.#node({ type: 'ordered', operators, operands, position });
    return this.#node({ type: 'binary', operator, left: first, right, position });
  }

  #pipe(left: Node): Node {
    const name = this.#now;
    if (name.kind !== 'name') throw this.#unexpected('a function');
    this.#at++;
    return this.#postfix(this.#call(name, [left]));
  }

  #choice(condition: Node): Node {
    const position = this.#now.position;
    this.#at++;
    const yes = this.expression(0);
    this.#expect(':');
    return this.#node({ type: 'choice', condition, yes, no: this.expression(0), position });
  }

  #prefix(): Node {
    const token = this.#now;
    const precedence = token.kind === 'operator' && Object.hasOwn(UNARY, token.text) ? UNARY[token.text] : undefined;
    if (precedence === undefined) return this.#postfix(this.#primary());
    this.#at++;
    const of = this.expression(precedence);
    return this.#node({ type: 'unary', operator: SAME[token.text] ?? token.text, of, position: token.position });
  }

  #primary(): Node {
    const token = this.#now;
    this.#at++;
    const { position } = token;
    if (token.kind === 'number') return this.#node({ type: 'literal', value: token.value ?? 0, position });
    if (token.kind === 'string') return this.#node({ type: 'literal', value: token.text, position });
    if (token.kind === 'name') return this.#named(token);
    return this.#bracketed(token) ?? this.#element(token);
  }

  /** `(…)`, `[…]`, `{…}`, after the first bracket. */
  #bracketed({ kind, text, position }: Token): Node | undefined {
    if (text === '(' && kind === 'operator') {
      const inside = this.expression(0);
      this.#expect(')');
      return inside;
    }
    if (text === '[') return this.#node({ type: 'list', items: this.#items(']'), position });
    return text === '{' ? this.#map(position) : undefined;
  }

  /** `#…` or `.field`, of the element that a closure looks at. */
  #element({ text, position }: Token): Node {
    const isInClosure = this.#closures.length > 0;
    if (text === '#' && isInClosure) return this.#pointer(position);
    this.#at--;
    if (text === '.' && isInClosure) return this.#node({ type: 'item', which: 'item', position });
    if (text === '#') throw new SyntaxProblem('# means the element inside all(), filter() and the like', position);
    throw this.#unexpected('a value');
  }

  /** `#`, `#index`, `#acc`. */
  #pointer(position: number): Node {
    const { kind, text, position: at } = this.#now;
    if (kind !== 'name' || at !== position + 1) return this.#node({ type: 'item', which: 'item', position });
    this.#at++;
    if (text === 'index') return this.#node({ type: 'item', which: text, position });
    if (text === 'acc' && this.#closures.at(-1) === 'reduce')
      return this.#node({ type: 'item', which: text, position });
    throw new SyntaxProblem(
      text === 'acc' ? '#acc is there inside reduce() alone' : 'there is #, #index, and #acc inside reduce()',
      position,
    );
  }

  #named(token: Token): Node {
    const { position, text } = token;
    if (text === 'true' || text === 'false') return this.#node({ type: 'literal', value: text === 'true', position });
    if (text === 'nil') return this.#node({ type: 'literal', value: null, position });
    if (this.#is('(')) return this.#call(token, []);
    return this.#node({ type: 'name', name: text, position });
  }

  #call(name: Token, first: Node[]): Node {
    this.#expect('(');
    const takesClosure = CLOSURE_FUNCTIONS.has(name.text);
    const args = [...first];
    while (!this.#is(')')) {
      if (args.length > first.length) this.#expect(',');
      if (this.#is(')')) break;
      args.push(takesClosure && args.length === 1 ? this.#closure(name.text) : this.expression(0));
    }
    this.#expect(')');
    return this.#node({ type: 'call', name: name.text, args, position: name.position });
  }

  #closure(name: string): Node {
    this.#closures.push(name);
    const braces = this.#is('{');
    if (braces) this.#at++;
    const body = this.expression(0);
    if (braces) this.#expect('}');
    this.#closures.pop();
    return body;
  }

  #items(close: string): Node[] {
    const items: Node[] = [];
    while (!this.#is(close)) {
      if (items.length > 0) this.#expect(',');
      if (this.#is(close)) break;
      items.push(this.expression(0));
    }
    this.#expect(close);
    return items;
  }

  #map(position: number): Node {
    const entries: { key: Node; value: Node }[] = [];
    while (!this.#is('}')) {
      if (entries.length > 0) this.#expect(',');
      if (this.#is('}')) break;
      const key = this.#mapKey();
      this.#expect(':');
      entries.push({ key, value: this.expression(0) });
    }
    this.#expect('}');
    return this.#node({ type: 'map', entries, position });
  }

  #mapKey(): Node {
    const token = this.#now;
    if (token.text === '(' && token.kind === 'operator') return this.#primary();
    if (token.kind === 'operator' || token.kind === 'end') throw this.#unexpected('a key');
    this.#at++;
    return this.#node({ type: 'literal', value: token.text, position: token.position });
  }

  #postfix(start: Node): Node {
    let node = start;
    let optionalSeen = false;
    for (;;) {
      const { position } = this.#now;
      const optional = this.#is('?.');
      optionalSeen ||= optional;
      if (optional || this.#is('.')) {
        this.#at++;
        node = optional && this.#is('[') ? this.#bracket(node, true) : this.#member(node, optional, position);
      } else if (this.#is('[')) node = this.#bracket(node, false);
      else return optionalSeen ? this.#node({ type: 'chain', of: node, position }) : node;
    }
  }

  #member(of: Node, optional: boolean, position: number): Node {
    const token = this.#now;
    const word = token.kind === 'name' || (token.kind === 'operator' && /^[a-zA-Z]+$/.test(token.text));
    if (!word) throw this.#unexpected('the name of a field');
    this.#at++;
    const key = this.#node({ type: 'literal', value: token.text, position: token.position });
    return this.#node({ type: 'index', of, key, optional, position });
  }

  #bracket(of: Node, optional: boolean): Node {
    const { position } = this.#now;
    this.#expect('[');
    const from = this.#is(':') ? undefined : this.expression(0);
    if (from !== undefined && !this.#is(':')) {
      this.#expect(']');
      return this.#node({ type: 'index', of, key: from, optional, position });
    }
    this.#expect(':');
    const to = this.#is(']') ? undefined : this.expression(0);
    this.#expect(']');
    return this.#node({ type: 'slice', of, ...(from && { from }), ...(to && { to }), position });
  }

  #is(text: string): boolean {
    return this.#now.kind === 'operator' && this.#now.text === text;
  }

  #expect(text: string): void {
    if (!this.#is(text)) throw this.#unexpected(text);
    this.#at++;
  }

  #unexpected(wanted: string): SyntaxProblem {
    const { kind, text, position } = this.#now;
    if (kind === 'operator' && text === '=') return new SyntaxProblem('write == to compare', position);
    const found = kind === 'string' ? 'a string' : text.slice(0, MAX_QUOTED);
    return new SyntaxProblem(`expected ${wanted}, found ${found}`, position);
  }

  #node<N extends Node>(node: N): N {
    if (++this.#nodes > MAX_NODES) throw new SyntaxProblem('the condition is too long', node.position);
    return node;
  }
}
