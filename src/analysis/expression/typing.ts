// What expr-lang knows of a value's type before it is there. Where it knows, comparing different types for equality is a mistake; where it
// does not, they are just not equal.
import type { Node } from './syntax.ts';

/** `result`: as much as is known of what is in `result`, which is nothing where that is no number, text or list of numbers. */
export type Typing = 'known' | 'unknown' | 'result';

export function typingOf(node: Node, variables: ReadonlyMap<string, Typing>): Typing {
  if (isMixed(node)) return 'unknown';
  if (node.type === 'name') return variables.get(node.name) ?? 'known';
  if (node.type === 'item') return node.which === 'index' ? 'known' : 'result';
  if (node.type === 'index') return ofElement(node.of, variables);
  if (node.type === 'chain') return typingOf(node.of, variables);
  if (node.type !== 'let') return 'known';
  return typingOf(node.body, new Map(variables).set(node.name, typingOf(node.value, variables)));
}

/** One of two values, of which each may have its type. */
const isMixed = (node: Node): boolean =>
  node.type === 'choice' ||
  (node.type === 'call' && node.name === 'default') ||
  (node.type === 'binary' && node.operator === '??');

function ofElement(list: Node, variables: ReadonlyMap<string, Typing>): Typing {
  const known = typingOf(list, variables);
  return known === 'known' && list.type === 'name' ? 'result' : known;
}

/** Whether nothing is known of the types of what is in `result`. */
export function isUntyped(result: unknown): boolean {
  if (Array.isArray(result)) return !result.every((item) => typeof item === 'number');
  return typeof result === 'object' && result !== null;
}
