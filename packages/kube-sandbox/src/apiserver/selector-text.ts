// Label selectors as text, as the server shows them in scales and tables.
import type { Dict } from './json.ts';
import { dictOr, isDict, listOr, textOr } from './json.ts';

function expressionText(expression: Dict): string {
  const key = textOr(expression['key']);
  const values = listOr(expression['values']).map(String).toSorted().join(',');
  switch (expression['operator']) {
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'NotIn':
      return `${key} notin (${values})`;
    default:
      return `${key} in (${values})`;
  }
}

const bareKey = (part: string): string => part.replace(/^!/, '').replace(/[ =].*$/, '');
const byKey = (a: string, b: string): number => (bareKey(a) < bareKey(b) ? -1 : bareKey(a) > bareKey(b) ? 1 : 0);

/** A map of labels, or a selector with `matchLabels` and `matchExpressions`; a text is one already. Empty for none. */
export function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  const given = dictOr(selector);
  const isPlain = !isDict(given['matchLabels']) && !Array.isArray(given['matchExpressions']);
  const labels = isPlain ? given : dictOr(given['matchLabels']);
  const expressions = isPlain ? [] : listOr(given['matchExpressions']).map(dictOr);
  const parts = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
  return [...parts, ...expressions.map(expressionText)].toSorted(byKey).join(',');
}
