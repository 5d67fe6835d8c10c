// Arguments inside PromQL: escaped in strings, and held to words and numbers outside of them, so that no value changes the query around it.
import { fail, ok, type Result } from '../../../api/result.ts';

type Quote = '"' | "'" | '`';

/** Where in a query a place is: in a string of that quote, after a backslash in it, or outside of strings. */
export type Place = { quote: Quote | undefined; escaped: boolean };

/** The places of all matches of a pattern, in order. What is between the matches is read as PromQL. */
export function placesOf(query: string, pattern: RegExp): Place[] {
  const places: Place[] = [];
  let state = OUTSIDE;
  let at = 0;
  for (const match of query.matchAll(pattern)) {
    for (; at < match.index; at++) state = after(state, query.charAt(at));
    places.push({ quote: state.quote, escaped: state.escaped });
    at = match.index + match[0].length;
    state = { ...state, escaped: false };
  }
  return places;
}

type State = Place & { comment: boolean };

const OUTSIDE: State = { quote: undefined, escaped: false, comment: false };

/** Where one stands behind a character. */
function after(state: State, char: string): State {
  const { quote, escaped, comment } = state;
  if (escaped) return { ...state, escaped: false };
  if (comment) return { ...state, comment: char !== '\n' };
  if (quote !== undefined) return char === quote ? OUTSIDE : { ...state, escaped: char === '\\' && quote !== '`' };
  if (char === '#') return { ...state, comment: true };
  return isQuote(char) ? { ...state, quote: char } : state;
}

const isQuote = (char: string): char is Quote => char === '"' || char === "'" || char === '`';

const WORDS =
  /^(?:[a-z_:][a-z0-9_:]*|[0-9]+|[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|(?:[0-9]+(?:ms|s|m|h|d|w|y))+)$/i;
const KEYWORDS =
  /^(?:and|or|unless|atan2|by|without|on|ignoring|group_left|group_right|offset|bool|start|end|inf|nan)$/i;

/** A value as it may stand at a place, outside of strings by default; the error says what to write instead, without the value. */
export function promqlText(value: string, place: Place = { quote: undefined, escaped: false }): Result<string, string> {
  const { quote, escaped } = place;
  if (value.includes('{{')) return fail('holds {{, which is no part of a value');
  if (escaped) return fail('stands after a backslash: take the backslash away');
  if (quote === '`') {
    return value.includes('`')
      ? fail('holds a backtick, and stands in a string in backticks: write the string in "…"')
      : ok(value);
  }
  if (quote !== undefined) return ok(escapedText(value, quote));
  if (WORDS.test(value) && !KEYWORDS.test(value)) return ok(value);
  return fail('stands outside of a string of the query, where it must be a number, a duration such as 5m, or a name');
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapedText(value: string, quote: Quote): string {
  return value.replaceAll(/[\\"'\p{Cc}]/gu, (char) => {
    if (char === '"' || char === "'") return char === quote ? `\\${char}` : char;
    return ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
