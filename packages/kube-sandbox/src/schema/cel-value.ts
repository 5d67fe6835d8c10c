// Turns JSON into the values that CEL calculates with, as the schema types them.
import { childNode, isObject, type SchemaNode } from 'kube-schema/node';

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

export function celValue(value: unknown, node: SchemaNode | undefined): unknown {
  if (typeof value === 'number') return isInteger(value, node) ? BigInt(value) : value;
  if (typeof value === 'string' && node?.format === 'date-time') return new Date(value);
  if (Array.isArray(value)) return value.map((element) => celValue(element, node?.items));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      const isProperty = node?.properties !== undefined && Object.hasOwn(node.properties, key);
      return [
        isProperty ? escapedName(key) : key,
        celValue(field, node === undefined ? undefined : childNode(node, key)),
      ];
    }),
  );
}

function isInteger(value: number, node: SchemaNode | undefined): boolean {
  return Number.isSafeInteger(value) && node?.type !== 'number';
}

/** A property whose name is no CEL identifier is reached under an escaped one. */
function escapedName(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}
