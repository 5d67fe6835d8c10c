// Drops the fields that a schema does not know.
import { childNode, isObject, join, type JsonObject, type SchemaNode } from './node.ts';

interface Pruning {
  path: string;
  dropped: string[];
  /** apiVersion, kind and metadata belong to every resource and are never declared. */
  isResource: boolean;
}

const RESOURCE_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** Takes unknown fields out of the value itself, and adds the paths of what was taken to those of `pruning`. */
export function pruneInto(value: unknown, node: SchemaNode, pruning: Pruning): void {
  if (Array.isArray(value)) {
    const items = node.items;
    if (items === undefined) return;
    value.forEach((element, index) => {
      pruneInto(element, items, inner(items, pruning, `${pruning.path}[${String(index)}]`));
    });
  } else if (isObject(value)) pruneObject(value, node, pruning);
}

function pruneObject(value: JsonObject, node: SchemaNode, pruning: Pruning): void {
  const preserves = node['x-kubernetes-preserve-unknown-fields'] === true || node.additionalProperties === true;
  for (const key of Object.keys(value)) {
    if (pruning.isResource && RESOURCE_FIELDS.has(key)) continue;
    const child = childNode(node, key);
    const path = join(pruning.path, key);
    if (child !== undefined) pruneInto(value[key], child, inner(child, pruning, path));
    else if (!preserves) {
      delete value[key];
      pruning.dropped.push(path);
    }
  }
}

function inner(child: SchemaNode, pruning: Pruning, path: string): Pruning {
  return { path, dropped: pruning.dropped, isResource: child['x-kubernetes-embedded-resource'] === true };
}
