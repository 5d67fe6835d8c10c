// Lists that are sets or maps: no element, or key, may come twice.
import { duplicate, type Cause } from 'kube-schema/cause';
import { childNode, isObject, join, type SchemaNode } from 'kube-schema/node';

interface Place {
  path: string;
  causes: Cause[];
}

export function duplicates(value: unknown, node: SchemaNode, { path, causes }: Place): void {
  if (Array.isArray(value)) {
    inList(value, node, { path, causes });
    const items = node.items;
    if (items === undefined) return;
    value.forEach((element, i) => {
      duplicates(element, items, { path: `${path}[${String(i)}]`, causes });
    });
  } else if (isObject(value)) {
    for (const [key, field] of Object.entries(value)) {
      const child = childNode(node, key);
      if (child !== undefined) duplicates(field, child, { path: join(path, key), causes });
    }
  }
}

function inList(list: unknown[], node: SchemaNode, { path, causes }: Place): void {
  const type = node['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return;
  const keys = node['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  list.forEach((element, i) => {
    const identity = type === 'map' && isObject(element) ? keyOf(element, keys) : element;
    const text = JSON.stringify(identity);
    if (seen.has(text)) causes.push(duplicate(`${path}[${String(i)}]`, identity));
    seen.add(text);
  });
}

function keyOf(element: Record<string, unknown>, keys: string[]): Record<string, unknown> {
  return Object.fromEntries(
    [...keys].sort().flatMap((key) => (Object.hasOwn(element, key) ? [[key, element[key]]] : [])),
  );
}
