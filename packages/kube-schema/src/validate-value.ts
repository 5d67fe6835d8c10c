// Validates a value against the JSON Schema part of a node: types, required fields, ranges, forms.
import { isDeepStrictEqual } from 'node:util';
import { invalid, notSupported, required, tooMany, typeInvalid, type Cause } from './cause.ts';
import { numberCauses } from './number.ts';
import { childNode, isObject, join, oldElement, oldField, type JsonObject, type SchemaNode } from './node.ts';
import { stringCauses } from './string.ts';

/** A value and where it stands. An old value equal to it excuses it: what is stored already may stay. */
export interface Located {
  value: unknown;
  old: unknown;
  path: string;
  isRoot?: boolean;
}

/** Adds to `causes` what the schema has against the value, in the order and the words of the API server. */
export function validateValue(at: Located, node: SchemaNode, causes: Cause[]): void {
  if (at.old !== undefined && isDeepStrictEqual(at.old, at.value)) return;
  const wrong = wrongType(at.value, node);
  if (wrong !== undefined) causes.push(typeInvalid(at.path, typeName(at.value), wrong));
  if (at.value === null && node.nullable === true) return;
  if (wrong !== undefined && node['x-kubernetes-int-or-string'] === true) causes.push(...noBranch(at));
  if (node.enum !== undefined && !node.enum.some((allowed) => isDeepStrictEqual(allowed, at.value)))
    causes.push(notSupported(at.path, at.value, node.enum));
  validateJunctors(at, node, causes);
  validateByType(at, node, causes);
}

/** What a schema says of values of their type, whatever type it asks for. */
function validateByType(at: Located, node: SchemaNode, causes: Cause[]): void {
  if (typeof at.value === 'string') causes.push(...stringCauses(at.value, node, at.path));
  else if (typeof at.value === 'number') causes.push(...numberCauses(at.value, node, at.path));
  else if (Array.isArray(at.value)) validateList(at.value, at, node, causes);
  else if (isObject(at.value)) validateObject(at.value, { at, node, causes });
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** The type that was wanted, where the value has another. */
function wrongType(value: unknown, node: SchemaNode): string | undefined {
  if (value === null && node.nullable === true) return undefined;
  const given = typeName(value);
  if (node['x-kubernetes-int-or-string'] === true)
    return given === 'integer' || given === 'string' ? undefined : 'integer,string';
  if (node.type === undefined || node.type === given) return undefined;
  return node.type === 'number' && given === 'integer' ? undefined : node.type;
}

function noBranch(at: Located): Cause[] {
  return [
    invalid('', '', `"${at.path}" must validate at least one schema (anyOf)`),
    typeInvalid(at.path, typeName(at.value), 'integer'),
  ];
}

function passes(at: Located, node: SchemaNode): boolean {
  const causes: Cause[] = [];
  validateValue({ ...at, old: undefined }, node, causes);
  return causes.length === 0;
}

function validateJunctors(at: Located, node: SchemaNode, causes: Cause[]): void {
  if (node.anyOf !== undefined) validateAnyOf(at, node.anyOf, causes);
  if (node.oneOf !== undefined) validateOneOf(at, node.oneOf, causes);
  if (node.allOf !== undefined) validateAllOf(at, node.allOf, causes);
  if (node.not !== undefined && passes(at, node.not)) causes.push(mustHave(at, 'not validate the schema (not)'));
}

const mustHave = ({ path }: Located, text: string): Cause => invalid('', '', `"${path}" must ${text}`);

function validateAnyOf(at: Located, branches: SchemaNode[], causes: Cause[]): void {
  if (branches.some((branch) => passes(at, branch))) return;
  causes.push(mustHave(at, 'validate at least one schema (anyOf)'));
  const [first] = branches;
  if (first !== undefined) validateValue({ ...at, old: undefined }, first, causes);
}

function validateAllOf(at: Located, branches: SchemaNode[], causes: Cause[]): void {
  const failed = branches.filter((branch) => !passes(at, branch));
  if (failed.length === 0) return;
  const none = failed.length === branches.length ? '. None validated' : '';
  causes.push(mustHave(at, `validate all the schemas (allOf)${none}`));
  for (const branch of failed) validateValue({ ...at, old: undefined }, branch, causes);
}

function validateOneOf(at: Located, branches: SchemaNode[], causes: Cause[]): void {
  const valid = branches.filter((branch) => passes(at, branch)).length;
  if (valid === 1) return;
  const found = valid === 0 ? 'none valid' : `${String(valid)} valid alternatives`;
  causes.push(mustHave(at, `validate one and only one schema (oneOf). Found ${found}`));
  const [first] = branches;
  if (valid === 0 && first !== undefined) validateValue({ ...at, old: undefined }, first, causes);
}

function validateList(list: unknown[], at: Located, node: SchemaNode, causes: Cause[]): void {
  const { minItems: least, maxItems: most } = node;
  causes.push(...countCauses(at.path, list.length, { least, most, of: 'items' }));
  const items = node.items;
  if (items === undefined) return;
  list.forEach((value, i) => {
    validateValue({ value, old: oldElement(value, at.old, node), path: `${at.path}[${String(i)}]` }, items, causes);
  });
}

interface CountLimits {
  least: number | undefined;
  most: number | undefined;
  of: 'items' | 'properties';
}

function countCauses(path: string, count: number, { least, most, of }: CountLimits): Cause[] {
  if (most !== undefined && count > most) return [tooMany(path, count, most)];
  if (least === undefined || count >= least) return [];
  return [invalid(path, count, `${path} in body should have at least ${String(least)} ${of}`)];
}

interface ObjectCheck {
  at: Located;
  node: SchemaNode;
  causes: Cause[];
}

function validateObject(value: JsonObject, { at, node, causes }: ObjectCheck): void {
  const { minProperties: least, maxProperties: most } = node;
  causes.push(...countCauses(at.path, Object.keys(value).length, { least, most, of: 'properties' }));
  for (const key of node.required ?? []) if (!Object.hasOwn(value, key)) causes.push(required(join(at.path, key)));
  for (const [key, field] of Object.entries(value)) {
    const child = at.isRoot === true && key === 'metadata' ? undefined : childNode(node, key);
    if (child !== undefined)
      validateValue({ value: field, old: oldField(at.old, key), path: join(at.path, key) }, child, causes);
  }
}
