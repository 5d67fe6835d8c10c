// What the server knows about the shape of each kind: needed by pruning, strategic patches, server-side apply and OpenAPI.
// Notation of the built-in tables, one type a paragraph: `Type = field:T …`, where T is s i n b (scalars), q (quantity), is (int or
// string), t (time), m (micro time), y (bytes), o (anything), a type name, `{T}` (map), `[T]` (list); inside a list `|k1,k2` are the keys of a
// list-map, `|set` a set, `^k` the key that strategic patches merge by (`^` alone: merged as a set). `!` marks atomic, `~` retainKeys,
// `=V` a default.
import { API_TYPES } from './api-types.ts';
import type { Dict } from './json.ts';
import { dictOr, isDict, listOr } from './json.ts';
import { POD_TYPES } from './pod-types.ts';
import { POLICY_TYPES } from './policy-types.ts';
import { VOLUME_TYPES } from './volume-types.ts';

export type Scalar = 's' | 'i' | 'n' | 'b' | 'q' | 'is' | 't' | 'm' | 'y';

export interface TypeNode {
  shape: 'scalar' | 'any' | 'struct' | 'map' | 'list';
  /** Name of a built-in struct. */
  name?: string;
  scalar?: Scalar;
  atomic?: boolean;
  /** Members of a struct. */
  fields?: () => Map<string, TypeNode>;
  /** Of maps and lists. */
  element?: TypeNode;
  /** Undefined: atomic. */
  listType?: 'set' | 'map';
  keys?: readonly string[];
  /** Key that a strategic patch merges by; empty: a list of scalars that is merged as a set. */
  patchKey?: string;
  retainKeys?: boolean;
  default?: string;
  /** A struct that keeps fields it does not declare. */
  open?: boolean;
}

export const ANY: TypeNode = { shape: 'any' };

const SCALARS = new Set(['s', 'i', 'n', 'b', 'q', 'is', 't', 'm', 'y']);
const definitions = readTables();
const structs = new Map<string, TypeNode>();

function readTables(): Map<string, string> {
  const found = new Map<string, string>();
  let current = '';
  for (const line of `${API_TYPES}\n${POD_TYPES}\n${VOLUME_TYPES}\n${POLICY_TYPES}`.split('\n')) {
    const head = /^(\w+) =(.*)$/.exec(line);
    if (head !== null) {
      current = head[1] ?? '';
      found.set(current, head[2] ?? '');
    } else if (current !== '') found.set(current, `${found.get(current) ?? ''} ${line}`);
  }
  return found;
}

/** A built-in struct by name. */
export function builtinType(name: string): TypeNode {
  const known = structs.get(name);
  if (known !== undefined) return known;
  const text = definitions.get(name);
  if (text === undefined) throw new Error(`no built-in type is called ${name}`);
  let fields: Map<string, TypeNode> | undefined;
  const node: TypeNode = { shape: 'struct', name, fields: () => (fields ??= readFields(text)) };
  structs.set(name, node);
  return node;
}

function readFields(text: string): Map<string, TypeNode> {
  const fields = new Map<string, TypeNode>();
  for (const part of text.split(/\s+/).filter(Boolean)) {
    const colon = part.indexOf(':');
    const [type = '', fallback] = part.slice(colon + 1).split('=');
    const node = readType(type);
    fields.set(part.slice(0, colon), fallback === undefined ? node : { ...node, default: fallback });
  }
  return fields;
}

function readType(text: string): TypeNode {
  if (text.endsWith('~')) return { ...readType(text.slice(0, -1)), retainKeys: true };
  if (text.endsWith('!')) return { ...readType(text.slice(0, -1)), atomic: true };
  if (text === 'o') return ANY;
  if (SCALARS.has(text)) return { shape: 'scalar', scalar: text as Scalar };
  if (text.startsWith('{')) return { shape: 'map', element: readType(text.slice(1, -1)) };
  if (text.startsWith('[')) return readList(text.slice(1, -1));
  return builtinType(text);
}

function readList(text: string): TypeNode {
  const [, element = '', keys, patchKey] = /^([^|^]*)(?:\|([^^]*))?(?:\^(.*))?$/.exec(text) ?? [];
  return {
    shape: 'list',
    element: readType(element),
    ...(keys === undefined ? {} : keys === 'set' ? { listType: 'set' } : { listType: 'map', keys: keys.split(',') }),
    ...(patchKey === undefined ? {} : { patchKey }),
  };
}

/** The type of a custom resource from its OpenAPI schema; metadata is the built-in one. */
export function customType(schema: unknown): TypeNode {
  const root = fromSchema(dictOr(schema), false);
  const fields = root.fields?.() ?? new Map<string, TypeNode>();
  fields.set('metadata', builtinType('ObjectMeta'));
  fields.set('apiVersion', { shape: 'scalar', scalar: 's' });
  fields.set('kind', { shape: 'scalar', scalar: 's' });
  // A root that declares nothing and keeps everything is read as a map above.
  const open = root.open === true || root.shape === 'map' || root.shape === 'any';
  return { shape: 'struct', fields: () => fields, ...(open ? { open } : {}) };
}

/** What keeps unknown fields does so all the way down, whatever is declared below. */
function fromSchema(schema: Dict, isOpen: boolean): TypeNode {
  const fallback = scalarDefault(schema['default']);
  if (schema['x-kubernetes-int-or-string'] === true) return { shape: 'scalar', scalar: 'is', ...fallback };
  if (schema['x-kubernetes-embedded-resource'] === true || schema['type'] === 'object')
    return fromObject(schema, isOpen);
  if (schema['type'] === 'array') return fromArray(schema, isOpen);
  const scalar = { string: 's', integer: 'i', number: 'n', boolean: 'b' }[String(schema['type'])];
  return scalar === undefined ? ANY : { shape: 'scalar', scalar: scalar as Scalar, ...fallback };
}

function scalarDefault(value: unknown): { default?: string } {
  return typeof value === 'string' ? { default: value } : {};
}

function fromObject(schema: Dict, isOpen: boolean): TypeNode {
  const atomic = schema['x-kubernetes-map-type'] === 'atomic' ? { atomic: true } : {};
  const extra = schema['additionalProperties'];
  const open = isOpen || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (isDict(schema['properties'])) {
    const properties = schema['properties'];
    let fields: Map<string, TypeNode> | undefined;
    const read = (): Map<string, TypeNode> =>
      (fields ??= new Map(Object.entries(properties).map(([k, v]) => [k, fromSchema(dictOr(v), open)])));
    return { shape: 'struct', fields: read, ...(open ? { open } : {}), ...atomic };
  }
  if (isDict(extra)) return { shape: 'map', element: fromSchema(extra, open), ...atomic };
  if (open || extra === true) return { shape: 'map', element: ANY, ...atomic };
  return { shape: 'struct', fields: () => new Map<string, TypeNode>(), ...atomic };
}

function fromArray(schema: Dict, isOpen: boolean): TypeNode {
  const open = isOpen || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const element = fromSchema(dictOr(schema['items']), open);
  const listType = schema['x-kubernetes-list-type'];
  if (listType === 'set') return { shape: 'list', element, listType };
  if (listType === 'map')
    return { shape: 'list', element, listType, keys: listOr(schema['x-kubernetes-list-map-keys']).map(String) };
  return { shape: 'list', element };
}

/** The type of a member: of a struct's field, a map's value, or of what lies below "anything". */
export function memberType(type: TypeNode, key: string): TypeNode | undefined {
  if (type.shape === 'struct') return type.fields?.().get(key) ?? (type.open === true ? ANY : undefined);
  if (type.shape === 'map') return type.element;
  return type.shape === 'any' ? ANY : undefined;
}

/** Whether the key is a declared field, not a key of a map. */
export const isDeclared = (type: TypeNode, key: string): boolean =>
  type.shape === 'struct' && type.fields?.().has(key) === true;
