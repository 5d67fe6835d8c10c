// Server-side apply: merges a configuration into the live object, takes out what its manager no longer claims, settles ownership.
import { badRequest, internal } from './errors.ts';
import type { FieldSet } from './fieldset.ts';
import { compare, elementKey, removeAbandoned, setOf } from './fieldset.ts';
import type { Dict } from './json.ts';
import { at, clone, dictOr, equal, goText, isDict, own, put, textOr } from './json.ts';
import type { Writer } from './managed-fields.ts';
import { claim, ownable, settleApply, stampApply, writeEntries } from './managed-fields.ts';
import type { Scalar, TypeNode } from './types.ts';
import { ANY, memberType } from './types.ts';

export interface ApplyTask {
  /** The stored object; for a new one its skeleton without resourceVersion. */
  live: Dict;
  config: Dict;
  type: TypeNode;
  writer: Writer;
  force: boolean;
  /** Fields that are taken from others without force. */
  takeable?: FieldSet | undefined;
  /** Brings the merged object into the form that will be stored (defaults, reset fields) before it is compared. */
  settle: (merged: Dict) => Dict;
}

/** The object to store. Errors: 409 with the fields that others own, 500 where the configuration does not fit the type. */
export function applyConfiguration(task: ApplyTask): Dict {
  const { live, type, writer } = task;
  const config = ownable(task.config);
  checkTyped(config, task);
  const isNew = at(live, 'metadata', 'resourceVersion') === undefined;
  const before = isNew ? { own: false, children: new Map() } : claimOf(withoutStatus(ownable(live)), type);
  const record = claim(live, claimOf(config, type), writer, before);
  const merged = dictOr(merge(clone(live), task.config, type));
  removeAbandoned(merged, record.last, record.kept, type);
  const ready = task.settle(merged);
  const change = compare(ownable(live), ownable(merged), type);
  const entries = settleApply(record, change, writer, task);
  stampApply(entries, writer, live, !equal(ownable(live), ownable(ready)));
  writeEntries(ready, entries);
  return ready;
}

/** What a configuration claims; metadata itself belongs to nobody. */
function claimOf(config: Dict, type: TypeNode): FieldSet {
  const set = setOf(config, type);
  const metadata = set.children.get('f:metadata');
  if (metadata === undefined) return set;
  metadata.own = false;
  if (metadata.children.size === 0) set.children.delete('f:metadata');
  return set;
}

const withoutStatus = (object: Dict): Dict => {
  const { status: _status, ...rest } = object;
  return rest;
};

/** Nothing of it can stay where a configuration is applied. */
const isReplaced = (live: unknown, type: TypeNode): boolean =>
  live === undefined || live === null || type.atomic === true || type.shape === 'scalar';

function merge(live: unknown, config: unknown, type: TypeNode): unknown {
  if (isReplaced(live, type)) return clone(config);
  if (Array.isArray(config) && Array.isArray(live) && type.listType !== undefined)
    return mergeLists(live, config, type);
  if (!isDict(config) || !isDict(live)) return clone(config);
  for (const [key, value] of Object.entries(config)) {
    put(live, key, merge(own(live, key), value, memberType(type, key) ?? ANY));
  }
  return live;
}

function mergeLists(live: unknown[], config: unknown[], type: TypeNode): unknown[] {
  const keyOf = (item: unknown): string => elementKey(type, item) ?? '';
  const lives = new Map(live.map((item) => [keyOf(item), item]));
  const wanted = new Set(config.map(keyOf));
  const out: unknown[] = [];
  let next = 0;
  const placed = new Set<string>();
  const takeLive = (): void => {
    for (; next < live.length; next++) {
      const key = keyOf(live[next]);
      if (placed.has(key)) continue;
      if (wanted.has(key)) return;
      out.push(live[next]);
    }
  };
  takeLive();
  for (const item of config) {
    const key = keyOf(item);
    const old = lives.get(key);
    out.push(old === undefined ? clone(item) : merge(old, item, type.element ?? ANY));
    placed.add(key);
    takeLive();
  }
  return out;
}

function checkTyped(config: Dict, task: ApplyTask): void {
  const errors = typeErrors(config, task.type, '');
  if (errors.length === 0) return;
  const name = `${textOr(at(task.config, 'metadata', 'namespace'))}/${textOr(at(task.config, 'metadata', 'name'))}`;
  const version = textOr(task.config['apiVersion']);
  const what = `${name}; ${version.includes('/') ? version : `/${version}`}, Kind=${textOr(task.config['kind'])}`;
  const text = errors.length === 1 ? errors[0] : `errors:\n${errors.map((e) => `  ${e}`).join('\n')}`;
  throw internal(`failed to create typed patch object (${what}): ${text ?? ''}`);
}

function typeErrors(value: unknown, type: TypeNode, path: string): string[] {
  if (value === null || type.shape === 'any') return [];
  if (type.shape === 'list') return listErrors(value, type, path);
  if (type.shape === 'struct' || type.shape === 'map') {
    if (!isDict(value)) return [`${path}: expected map, got &{${goText(value)}}`];
    return Object.entries(value).flatMap(([key, member]) => {
      const inner = memberType(type, key);
      if (inner === undefined) return [`${path}.${key}: field not declared in schema`];
      return typeErrors(member, inner, `${path}.${key}`);
    });
  }
  return scalarErrors(value, type, path);
}

function scalarErrors(value: unknown, type: TypeNode, path: string): string[] {
  const wanted = wantedScalar(type.scalar);
  if (wanted === undefined)
    return typeof value === 'object' ? [`${path}: expected scalar, got &{${goText(value)}}`] : [];
  return typeof value === wanted.is ? [] : [`${path}: expected ${wanted.says}, got ${wanted.got(value)}`];
}

interface WantedScalar {
  is: 'number' | 'boolean' | 'string';
  says: string;
  /** The library words each of them in its own way. */
  got: (value: unknown) => string;
}

const NUMBER: WantedScalar = { is: 'number', says: 'numeric (int or float)', got: goTypeOf };
const BOOLEAN: WantedScalar = { is: 'boolean', says: 'boolean', got: (value) => `&{${goText(value)}}` };
const TEXT: WantedScalar = { is: 'string', says: 'string', got: (v) => `&value.valueUnstructured{Value:${goText(v)}}` };

/** Undefined where any scalar is fine. */
function wantedScalar(scalar: Scalar | undefined): WantedScalar | undefined {
  switch (scalar) {
    case 'i':
    case 'n':
      return NUMBER;
    case 'b':
      return BOOLEAN;
    case 's':
    case 't':
    case 'm':
    case 'y':
      return TEXT;
    case 'is':
    case 'q':
    case undefined:
      return undefined;
  }
}

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isDict(value)) return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function listErrors(value: unknown, type: TypeNode, path: string): string[] {
  if (!Array.isArray(value)) return [`${path}: expected list, got &{${goText(value)}}`];
  const seen = new Set<string>();
  return value.flatMap((item: unknown, i) => {
    if (type.listType === undefined) return typeErrors(item, type.element ?? ANY, `${path}[${i}]`);
    const key = elementKey(type, item);
    if (key === undefined) return [`${path}: element ${i}: ${missingKeys(type)}`];
    if (seen.has(key)) return [`${path}: duplicate entries for key ${keyText(key)}`];
    seen.add(key);
    return typeErrors(item, type.element ?? ANY, `${path}${keyText(key)}`);
  });
}

function missingKeys(type: TypeNode): string {
  const keys = JSON.stringify(type.keys ?? []).replaceAll('","', '" "');
  return `associative list with keys has an element that omits all key fields ${keys} (and doesn't have default values for any key fields)`;
}

function keyText(key: string): string {
  if (key.startsWith('v:')) return `[=${key.slice(2)}]`;
  const pairs = Object.entries(JSON.parse(key.slice(2)) as Dict);
  return `[${pairs.map(([k, v]) => `${k}=${JSON.stringify(v)}`).join(',')}]`;
}

/** Refuses configurations that are not for this object. */
export function checkConfig(config: Dict, expected: { apiVersion: string; kind: string }): void {
  const [apiVersion, kind] = [textOr(config['apiVersion']), textOr(config['kind'])];
  if (apiVersion !== expected.apiVersion || kind !== expected.kind) {
    const group = apiVersion === '' ? '/' : apiVersion;
    throw badRequest(`invalid object type: ${group}, Kind=${kind}`);
  }
  const managed = at(config, 'metadata', 'managedFields');
  if (Array.isArray(managed) && managed.length > 0) throw badRequest('metadata.managedFields must be nil');
}
