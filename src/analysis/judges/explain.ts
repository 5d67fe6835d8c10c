// Why a measurement is not good, as people say it: with the number and the limit where the condition is a simple comparison.
import type { Expression } from '../expression/expression.ts';
import type { Node } from '../expression/syntax.ts';
import { numberText, type MetricValue } from '../value.ts';

const OPPOSITE: Record<string, string> = { '<': '>=', '<=': '>', '>': '<=', '>=': '<', '==': '!=', '!=': '==' };
const MIRRORED: Record<string, string> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** `success-rate 0.82 < 0.95`, or `success-rate: [0.82] does not meet all(result, # > 0.95)`. `met`: what the condition gave. */
export function explain(metric: string, condition: Expression, value: MetricValue, met: boolean): string {
  const simple = simpleComparison(condition.tree);
  const measured = simple && sampleOf(value, simple.index);
  if (simple !== undefined && measured !== undefined && !Number.isNaN(measured)) {
    const operator = met ? simple.operator : (OPPOSITE[simple.operator] ?? simple.operator);
    return `${metric} ${shortNumber(measured, simple.limit)} ${operator} ${numberText(simple.limit)}`;
  }
  return `${metric}: ${value.text} ${met ? 'meets' : 'does not meet'} ${condition.text}`;
}

function simpleComparison(tree: Node): { operator: string; limit: number; index: number | undefined } | undefined {
  if (tree.type !== 'binary' || !Object.hasOwn(OPPOSITE, tree.operator)) return undefined;
  const [left, right] = [numberOf(tree.left), numberOf(tree.right)];
  const limit = right ?? left;
  const subject = placeOf(right === undefined ? tree.right : tree.left);
  if (limit === undefined || subject === undefined) return undefined;
  const operator = right === undefined ? (MIRRORED[tree.operator] ?? tree.operator) : tree.operator;
  return { operator, limit, index: subject.index };
}

function numberOf(node: Node): number | undefined {
  if (node.type === 'literal' && typeof node.value === 'number') return node.value;
  const inner = node.type === 'unary' && node.operator === '-' ? numberOf(node.of) : undefined;
  return inner === undefined ? undefined : -inner;
}

/** `result`, or `result[N]`. */
function placeOf(node: Node): { index: number | undefined } | undefined {
  if (node.type === 'name') return { index: undefined };
  if (node.type !== 'index' || node.of.type !== 'name') return undefined;
  const index = numberOf(node.key);
  return index === undefined ? undefined : { index };
}

function sampleOf({ value }: MetricValue, index: number | undefined): number | undefined {
  if (typeof value === 'number') return index === undefined ? value : undefined;
  if (!Array.isArray(value) || index === undefined) return undefined;
  const sample: unknown = value.at(index);
  return typeof sample === 'number' ? sample : undefined;
}

/** Four digits, or all of them where rounding would reach the limit. */
function shortNumber(value: number, limit: number): string {
  const short = Number(value.toPrecision(4));
  return numberText(short === limit && value !== limit ? value : short);
}
