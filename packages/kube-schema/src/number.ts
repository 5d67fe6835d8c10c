// Ranges of numbers. int32 and int64 are hints: the API server does not check them.
import { invalid, type Cause } from './cause.ts';
import type { SchemaNode } from './node.ts';

export function numberCauses(value: number, node: SchemaNode, path: string): Cause[] {
  const causes: Cause[] = [];
  const complain = (text: string): void => void causes.push(invalid(path, value, `${path} in body should be ${text}`));
  if (node.multipleOf !== undefined && !Number.isInteger(value / node.multipleOf))
    complain(`a multiple of ${String(node.multipleOf)}`);
  if (node.maximum !== undefined && isAbove(value, node.maximum, node.exclusiveMaximum))
    complain(`less than ${node.exclusiveMaximum === true ? '' : 'or equal to '}${String(node.maximum)}`);
  if (node.minimum !== undefined && isAbove(-value, -node.minimum, node.exclusiveMinimum))
    complain(`greater than ${node.exclusiveMinimum === true ? '' : 'or equal to '}${String(node.minimum)}`);
  return causes;
}

function isAbove(value: number, limit: number, exclusive = false): boolean {
  return exclusive ? value >= limit : value > limit;
}
