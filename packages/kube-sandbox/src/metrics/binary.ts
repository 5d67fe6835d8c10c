// Operators between two values: arithmetic, comparisons, set operations, and which samples of two vectors belong together.
import { labelsKey, METRIC_NAME, only, withLabel, without, withoutName } from './labels.ts';
import type { Labels } from './labels.ts';
import { COMPARISONS } from './promql-ast.ts';
import type { Binary, VectorMatching } from './promql-ast.ts';
import { ExecutionError } from './value.ts';
import type { Sample } from './value.ts';

const OPERATIONS: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': (a, b) => a ** b,
  atan2: Math.atan2,
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '<': (a, b) => Number(a < b),
  '>': (a, b) => Number(a > b),
  '<=': (a, b) => Number(a <= b),
  '>=': (a, b) => Number(a >= b),
};

export function operate(operator: string, a: number, b: number): number {
  const operation = OPERATIONS[operator];
  if (operation === undefined) throw new ExecutionError(`operator "${operator}" not allowed for Scalar operations`);
  return operation(a, b);
}

/** A vector and a number; `swapped` when the number stands on the left. */
export function operateScalar(node: Binary, samples: Sample[], scalar: number, swapped: boolean): Sample[] {
  const filter = COMPARISONS.has(node.operator) && !node.bool;
  return samples.flatMap(({ labels, value }) => {
    const result = swapped ? operate(node.operator, scalar, value) : operate(node.operator, value, scalar);
    if (!filter) return [{ labels: withoutName(labels), value: result }];
    return result === 1 ? [{ labels, value }] : [];
  });
}

function signatureOf(matching: VectorMatching): (labels: Labels) => string {
  const names = new Set(matching.on ? matching.labels : [...matching.labels, METRIC_NAME]);
  return (labels) => labelsKey(matching.on ? only(labels, names) : without(labels, names));
}

export function combineSets(node: Binary, left: Sample[], right: Sample[]): Sample[] {
  const signature = signatureOf(node.matching);
  const keys = (samples: Sample[]): Set<string> => new Set(samples.map((sample) => signature(sample.labels)));
  const [onLeft, onRight] = [keys(left), keys(right)];
  if (node.operator === 'and') return left.filter((sample) => onRight.has(signature(sample.labels)));
  if (node.operator === 'unless') return left.filter((sample) => !onRight.has(signature(sample.labels)));
  return [...left, ...right.filter((sample) => !onLeft.has(signature(sample.labels)))];
}

const written = (labels: Labels): string => {
  const pairs = [...labels].filter(([name]) => name !== METRIC_NAME).map(([name, value]) => `${name}="${value}"`);
  return `${labels.get(METRIC_NAME) ?? ''}{${pairs.join(', ')}}`;
};

function resultLabels(node: Binary, many: Labels, one: Labels): Labels {
  const { matching, operator, bool } = node;
  const base = COMPARISONS.has(operator) && !bool ? many : withoutName(many);
  if (matching.group === undefined) {
    const names = new Set(matching.labels);
    return matching.on ? only(base, names) : without(base, names);
  }
  return matching.include.reduce((labels, name) => withLabel(labels, name, one.get(name) ?? ''), base);
}

function uniqueBySignature(samples: Sample[], node: Binary): Map<string, Sample> {
  const { matching } = node;
  const signature = signatureOf(matching);
  const found = new Map<string, Sample>();
  for (const sample of samples) {
    const key = signature(sample.labels);
    const other = found.get(key);
    if (other !== undefined) failDuplicate(matching, sample.labels, other.labels);
    found.set(key, sample);
  }
  return found;
}

function failDuplicate(matching: VectorMatching, a: Labels, b: Labels): never {
  const names = new Set(matching.labels);
  const group = matching.on ? only(a, names) : withoutName(without(a, names));
  const side = matching.group === 'right' ? 'left' : 'right';
  throw new ExecutionError(
    `found duplicate series for the match group ${written(group)} on the ${side} hand-side of the operation: ` +
      `[${written(a)}, ${written(b)}];many-to-many matching not allowed: matching labels must be unique on one side`,
  );
}

/** Arithmetic and comparisons of two vectors. Throws an ExecutionError when more than one sample could be meant. */
export function operateVectors(node: Binary, left: Sample[], right: Sample[]): Sample[] {
  if (left.length === 0 || right.length === 0) return [];
  const { operator, bool, matching } = node;
  const swapped = matching.group === 'right';
  const [many, one] = swapped ? [right, left] : [left, right];
  const ones = uniqueBySignature(one, node);
  const signature = signatureOf(matching);
  const taken = new Set<string>();
  return many.flatMap((sample) => {
    const key = signature(sample.labels);
    const other = ones.get(key);
    if (other === undefined) return [];
    const [a, b] = swapped ? [other.value, sample.value] : [sample.value, other.value];
    const result = operate(operator, a, b);
    const filter = COMPARISONS.has(operator) && !bool;
    if (filter && result !== 1) return [];
    const labels = resultLabels(node, sample.labels, other.labels);
    claim(taken, matching.group === undefined ? key : labelsKey(labels), matching);
    return [{ labels, value: filter ? a : result }];
  });
}

function claim(taken: Set<string>, key: string, { group }: VectorMatching): void {
  if (taken.has(key))
    throw new ExecutionError(
      group === undefined
        ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
        : 'multiple matches for labels: grouping labels must ensure unique matches',
    );
  taken.add(key);
}
