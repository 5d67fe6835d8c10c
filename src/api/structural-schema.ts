// From a zod schema to the structural schema that a CRD may carry: no references, no unions, no bounds that say nothing.
import { z } from 'zod';

type Json = Record<string, unknown>;

/** A structural OpenAPI v3 schema, keys in the order of the zod schema. Throws for unions a CRD cannot express. */
export function structuralSchema(schema: z.ZodType): Json {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline', unrepresentable: 'any' });
  return structural(json as Json, '');
}

const UNIONS = ['anyOf', 'oneOf', 'allOf'];
const DROPPED = new Set(['$schema', 'id', 'propertyNames', 'definitions', 'examples', 'additionalProperties']);

function structural(node: Json, path: string): Json {
  if (node['x-kubernetes-int-or-string'] === true) return without(node, ['type', 'anyOf', 'oneOf']);
  if (UNIONS.some((union) => node[union] !== undefined))
    throw new Error(`a CRD has no unions, found one at ${path === '' ? 'the root' : path}`);
  const out: Json = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === 'properties') Object.assign(out, properties(value as Json, path));
    else if (key === 'items') out[key] = structural(value as Json, `${path}[]`);
    else if (!DROPPED.has(key)) out[key] = value;
  }
  const values = valuesOf(node);
  if (values !== undefined) out['additionalProperties'] = structural(values, `${path}[*]`);
  return out['type'] === 'integer' ? integer(out) : out;
}

/** What the values of a map have to be; undefined where anything goes, and for what has named fields. */
function valuesOf({ properties: named, additionalProperties: others }: Json): Json | undefined {
  return named === undefined && isObject(others) && Object.keys(others).length > 0 ? others : undefined;
}

/** The server does not keep an empty map: with one, the next to apply the same definition would be told of a conflict. */
function properties(fields: Json, path: string): { properties?: Json } {
  const entries = Object.entries(fields).map(([key, value]) => [
    key,
    structural(value as Json, path === '' ? key : `${path}.${key}`),
  ]);
  return entries.length === 0 ? {} : { properties: Object.fromEntries(entries) as Json };
}

/** zod bounds every integer by what JavaScript holds exactly; kubectl wants the width instead. */
function integer(node: Json): Json {
  const out: Json = { ...node, format: 'int64' };
  if (out['minimum'] === Number.MIN_SAFE_INTEGER) delete out['minimum'];
  if (out['maximum'] === Number.MAX_SAFE_INTEGER) delete out['maximum'];
  return out;
}

function without(node: Json, keys: string[]): Json {
  return Object.fromEntries(Object.entries(node).filter(([key]) => !keys.includes(key)));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
