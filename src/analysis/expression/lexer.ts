// Text of a condition → tokens, as expr-lang writes numbers, strings, names, operators and comments.
import { SyntaxProblem } from './errors.ts';

export interface Token {
  kind: 'number' | 'string' | 'name' | 'operator' | 'end';
  /** The operator or the name; the contents of a string. */
  text: string;
  value?: number;
  position: number;
}

const WORD_OPERATORS = new Set(['and', 'or', 'not', 'in', 'matches', 'contains', 'startsWith', 'endsWith']);
const SPACE = /(?:\s+|\/\/[^\n]*|\/\*[^]*?\*\/)+/y;
const NUMBER =
  /(?:0x[0-9a-f_]+|0b[01_]+|0o[0-7_]+|(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:e[+-]?[0-9]+)?)/iy;
const NAME = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const OPERATOR = /\?\.|\?\?|\.\.|\*\*|&&|\|\||==|!=|<=|>=|[-+*/%^<>!?:;=.,()[\]{}#|]/y;
const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
};

/** Throws `SyntaxProblem` at the first character that begins nothing. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  for (;;) {
    at += take(SPACE)?.length ?? 0;
    if (at >= source.length) break;
    const position = at;
    const token = nextToken(source, at, take);
    at += token.length;
    tokens.push({ ...token.token, position });
  }
  tokens.push({ kind: 'end', text: 'the end', position: source.length });
  return tokens;
}

function nextToken(
  source: string,
  at: number,
  take: (pattern: RegExp) => string | undefined,
): { token: Omit<Token, 'position'>; length: number } {
  const number = take(NUMBER);
  if (number !== undefined) return { token: numberToken(number, at), length: number.length };
  const name = take(NAME);
  if (name !== undefined) {
    return { token: { kind: WORD_OPERATORS.has(name) ? 'operator' : 'name', text: name }, length: name.length };
  }
  const first = source[at] ?? '';
  if (first === "'" || first === '"' || first === '`') return stringToken(source, at);
  const operator = take(OPERATOR);
  if (operator !== undefined) return { token: { kind: 'operator', text: operator }, length: operator.length };
  throw new SyntaxProblem(`${first} means nothing here`, at);
}

function numberToken(text: string, at: number): Omit<Token, 'position'> {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isFinite(value)) throw new SyntaxProblem(`${text.slice(0, 40)} is not a number`, at);
  return { kind: 'number', text, value };
}

function stringToken(source: string, start: number): { token: Omit<Token, 'position'>; length: number } {
  const quote = source[start] ?? '';
  let text = '';
  let at = start + 1;
  while (at < source.length && source[at] !== quote) {
    if (source[at] !== '\\' || quote === '`') {
      text += source[at++];
      continue;
    }
    const escape = escapeAt(source, at);
    text += escape.text;
    at += escape.length;
  }
  if (at >= source.length) throw new SyntaxProblem(`the string has no closing ${quote}`, start);
  return { token: { kind: 'string', text }, length: at + 1 - start };
}

function escapeAt(source: string, at: number): { text: string; length: number } {
  const letter = source[at + 1] ?? '';
  const simple = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
  if (simple !== undefined) return { text: simple, length: 2 };
  const code = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/.exec(source.slice(at, at + 6));
  if (code === null) throw new SyntaxProblem(`\\${letter} is no escape; write \\\\ for a backslash`, at);
  return { text: String.fromCharCode(parseInt(code[1] ?? code[2] ?? '', 16)), length: code[0].length };
}
