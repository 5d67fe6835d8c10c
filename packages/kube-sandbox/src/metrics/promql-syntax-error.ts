// What Prometheus says about a text that is no PromQL: found by reading its tokens from the left up to where they cannot go on.
import { failAt } from './promql-ast.ts';

interface Token {
  kind: 'identifier' | 'number' | 'string' | 'symbol';
  text: string;
  at: number;
}

const TOKEN =
  /(?<skip>\s+|#[^\n]*)|(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)|(?<number>0x[0-9a-fA-F]+|(?:\d+(?:ms|[ywdhms]))+|\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)|(?<identifier>[a-zA-Z_:][a-zA-Z0-9_:.]*)|(?<symbol>=~|!~|==|!=|<=|>=|[-+*/%^<>=(){}[\],@:])/iy;

const CLOSES: Record<string, string> = { ')': '(', '}': '{', ']': '[' };
const OPENED: Record<string, string> = { '(': 'parenthesis', '[': 'bracket', '{': 'brace' };

const isPair = (open: string | undefined, close: string): boolean => open === CLOSES[close];

function closing(query: string, open: string[], token: Token): void {
  if (isPair(open.at(-1), token.text)) return void open.pop();
  if (token.text === ')') failAt(query, token.at + 1, "unexpected right parenthesis ')'");
  failAt(query, token.at + 1, `unexpected character: '${token.text}'`);
}

/** Undefined for white space and comments. */
function nextToken(query: string): Token | undefined {
  const at = TOKEN.lastIndex;
  const found = TOKEN.exec(query);
  if (found === null) {
    if (/["'`]/.test(query[at] ?? '')) failAt(query, at, 'unterminated quoted string');
    failAt(query, at, `unexpected character: '${query[at]}'`);
  }
  const kind = Object.entries(found.groups ?? {}).find(([, text]) => text !== undefined)?.[0] ?? 'skip';
  return kind === 'skip' ? undefined : { kind: kind as Token['kind'], text: found[0], at };
}

function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  const open: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < query.length) {
    const token = nextToken(query);
    if (token === undefined) continue;
    if (token.text in OPENED) open.push(token.text);
    else if (token.text in CLOSES) closing(query, open, token);
    tokens.push(token);
  }
  const last = open.at(-1);
  if (last === '{') failAt(query, query.length, 'unexpected end of input inside braces');
  if (last !== undefined) failAt(query, query.length, `unclosed left ${OPENED[last]}`);
  return tokens;
}

const named = (token: Token): string => {
  if (token.kind === 'symbol') return `"${token.text}"`;
  return `${token.kind} ${token.kind === 'string' ? token.text.replaceAll("'", '"') : `"${token.text}"`}`;
};

/** Says where and why the query is no PromQL; `at` is where the parser lost its way. */
export function failSyntax(query: string, at: number): never {
  const tokens = tokensOf(query);
  if (tokens.length === 0) failAt(query, 0, 'no expression found in input');
  const index = tokens.findIndex((token) => token.at >= at);
  const token = tokens[index];
  if (token === undefined) failAt(query, query.length, 'unexpected end of input');
  const before = query.slice(0, token.at);
  const inside = before.lastIndexOf('{') > before.lastIndexOf('}');
  const previous = tokens[index - 1];
  if (token.text === '(' && previous?.kind === 'identifier')
    failAt(query, previous.at, `unknown function with name "${previous.text}"`);
  failAt(query, token.at, `unexpected ${named(token)}${inside ? ` in label matching, ${labelHint(previous)}` : ''}`);
}

function labelHint(previous: Token | undefined): string {
  if (previous?.kind === 'identifier') return 'expected label matching operator';
  if (previous?.kind === 'string') return 'expected "," or "}"';
  return previous?.text === ',' || previous?.text === '{' ? 'expected identifier or "}"' : 'expected string';
}
