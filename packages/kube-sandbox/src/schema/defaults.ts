// Fills in what a schema gives as default, and settles nulls that a field may not hold.
import { childNode, isObject, type JsonObject, type SchemaNode } from 'kube-schema/node';

export function defaultInto(value: unknown, node: SchemaNode): void {
  if (Array.isArray(value)) {
    for (const element of value) if (node.items !== undefined) defaultInto(element, node.items);
  } else if (isObject(value)) defaultObject(value, node);
}

function defaultObject(value: JsonObject, node: SchemaNode): void {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const isNull = value[key] === null && child.nullable !== true;
    if (isNull) delete value[key];
    if (child.default !== undefined && !Object.hasOwn(value, key)) value[key] = structuredClone(child.default);
  }
  for (const key of Object.keys(value)) {
    const child = childNode(node, key);
    if (child !== undefined) defaultInto(value[key], child);
  }
}
