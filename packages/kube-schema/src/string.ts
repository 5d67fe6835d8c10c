// Lengths, patterns and formats of strings.
import { invalid, tooLong, typeInvalid, type Cause } from './cause.ts';
import { fitsFormat } from './format.ts';
import type { SchemaNode } from './node.ts';

export function stringCauses(value: string, node: SchemaNode, path: string): Cause[] {
  const causes: Cause[] = [];
  const length = Array.from(value).length;
  if (node.maxLength !== undefined && length > node.maxLength) causes.push(tooLong(path, node.maxLength));
  if (node.minLength !== undefined && length < node.minLength)
    causes.push(invalid(path, value, `${path} in body should be at least ${String(node.minLength)} chars long`));
  if (node.pattern !== undefined && !new RegExp(node.pattern, 'u').test(value))
    causes.push(invalid(path, value, `${path} in body should match '${node.pattern}'`));
  if (node.format !== undefined && !fitsFormat(value, node.format)) causes.push(typeInvalid(path, value, node.format));
  return causes;
}
