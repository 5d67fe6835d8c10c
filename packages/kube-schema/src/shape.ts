// What can be said of an object by the form of its schema alone. Patterns, alternatives and CEL rules are left out: how long they take is
// up to whoever wrote the schema. What is left takes time in proportion to the object.
import type { Cause } from './cause.ts';
import { childNode, isObject, type SchemaNode } from './node.ts';
import { pruneInto } from './prune.ts';
import { validateValue } from './validate-value.ts';

export interface ShapeProblems {
  /** Fields that the schema does not know, as `spec.items[0].zz`, sorted. */
  unknown: string[];
  causes: Cause[];
}

/** Unknown fields, types, required fields, ranges and lengths. The object is not changed. */
export function shapeProblems(openAPIV3Schema: object, object: unknown): ShapeProblems {
  const schema = plain(openAPIV3Schema as SchemaNode);
  const copy = structuredClone(object);
  const unknown: string[] = [];
  pruneInto(copy, schema, { path: '', dropped: unknown, isResource: true });
  const causes: Cause[] = [];
  validateValue({ value: copy, old: undefined, path: '', isRoot: true }, schema, causes);
  return { unknown: unknown.sort(), causes };
}

function plain(node: SchemaNode): SchemaNode {
  const { pattern: _pattern, allOf: _all, anyOf: _any, oneOf: _one, not: _not, ...rest } = node;
  const { properties, items, additionalProperties: others } = rest;
  return {
    ...rest,
    ...(isObject(properties) ? { properties: plainMembers(properties) } : {}),
    ...(isObject(items) ? { items: plain(items) } : {}),
    ...(isObject(others) ? { additionalProperties: plain(others) } : {}),
  };
}

const plainMembers = (members: Record<string, SchemaNode>): Record<string, SchemaNode> =>
  Object.fromEntries(Object.entries(members).map(([name, member]) => [name, plain(member)]));

/** The names that are declared where a path leads, such as `spec.items[0].zz` to those of an item. */
export function namesBeside(openAPIV3Schema: object, path: string): string[] {
  let node: SchemaNode | undefined = openAPIV3Schema as SchemaNode;
  for (const [part] of [...path.matchAll(/\[\d+\]|[^.[\]]+/g)].slice(0, -1)) {
    node = part.startsWith('[') ? node?.items : node && childNode(node, part);
  }
  return Object.keys(node?.properties ?? {});
}
