// What selects series: label matchers, with regular expressions anchored at both ends.
import type { Labels } from './labels.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export interface Matcher {
  name: string;
  operator: MatchOperator;
  value: string;
  matches(value: string): boolean;
}

/** A regular expression in Go's syntax that must match the whole text. Throws a SyntaxError when it is none. */
export function anchoredPattern(source: string): RegExp {
  const flags = /^\(\?([is]+)\)/.exec(source);
  const body = flags === null ? source : source.slice(flags[0].length);
  const named = body.replaceAll('(?P<', '(?<').replaceAll('\\z', '$').replaceAll('\\A', '^');
  return new RegExp(`^(?:${named})$`, flags?.[1]?.includes('i') ? 'is' : 's');
}

/** Throws a SyntaxError for a regular expression that does not parse. */
export function matcherOf(name: string, operator: MatchOperator, value: string): Matcher {
  if (operator === '=') return { name, operator, value, matches: (text) => text === value };
  if (operator === '!=') return { name, operator, value, matches: (text) => text !== value };
  const pattern = anchoredPattern(value);
  const wanted = operator === '=~';
  return { name, operator, value, matches: (text) => pattern.test(text) === wanted };
}

/** A missing label counts as empty. */
export function matchesAll(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name) ?? ''));
}
