// Bodies of writes: JSON or YAML into an object of the expected kind, with the server's errors and warnings for what does not fit.
import { YAML11_SCHEMA, load } from 'js-yaml';
import { decodeProblem } from './builtin-defaults.ts';
import { badRequest } from './errors.ts';
import { duplicateFields } from './duplicate-fields.ts';
import type { Dict } from './json.ts';
import { dictOr, isDict, own, textOr } from './json.ts';
import type { ResourceType } from './resource.ts';
import { apiVersionOf } from './resource.ts';
import type { TypeNode } from './types.ts';
import { ANY, memberType } from './types.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** Why Go's decoder would not take the text. */
export function jsonError(text: string): string {
  if (text.trim() === '') return 'unexpected end of JSON input';
  const where = /^\s*[{[]/.test(text) ? 'looking for beginning of object key string' : 'looking for beginning of value';
  const odd = /^\s*[{[]?\s*(\S)/.exec(text)?.[1] ?? '';
  return `invalid character '${odd}' ${where}`;
}

/** A key that comes twice, as Go's YAML reader tells of it; undefined for any other error. */
function duplicateKey(error: unknown, text: string): string | undefined {
  const found = error instanceof Error ? /duplicated mapping key \((\d+):(\d+)\)/.exec(error.message) : null;
  if (found === null) return undefined;
  const rest = (text.split('\n')[Number(found[1]) - 1] ?? '').slice(Number(found[2]) - 1);
  const key = /^"((?:[^"\\]|\\.)*)"|^'([^']*)'|^([^\s:,{}]+)/.exec(rest);
  return `line ${found[1] ?? ''}: key "${key?.slice(1).find((each) => each !== undefined) ?? ''}" already set in map`;
}

/** Reads a YAML body as Kubernetes does (YAML 1.1); `duplicate` decides about keys that come twice. Errors: 400. */
export function readYaml(text: string, duplicate?: (problem: string) => void): unknown {
  try {
    return load(text, { schema: YAML11_SCHEMA });
  } catch (error) {
    const twice = duplicateKey(error, text);
    if (twice !== undefined && duplicate !== undefined) {
      duplicate(twice);
      return load(text, { schema: YAML11_SCHEMA, json: true });
    }
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw badRequest(`error decoding YAML: error converting YAML to JSON: yaml: ${message}`);
  }
}

const unrecognized = (type: ResourceType, why: string): Error =>
  badRequest(
    type.builtin
      ? `the object provided is unrecognized (must be of type ${type.kind}): ${why}`
      : `the object provided is unrecognized (must be of type ${type.kind}): ${why}`,
  );

/** The object of a POST or PUT. Errors: 400. */
export function decodeObject(type: ResourceType, text: string, isYaml: boolean): { object: Dict; problems: string[] } {
  const short = text === '' ? '<empty>' : text.slice(0, 40) + (text.length > 40 ? ' ...' : '');
  let value: unknown;
  try {
    value = isYaml ? readYaml(text) : JSON.parse(text);
  } catch (error) {
    if (isYaml) throw error;
    throw unrecognized(type, `couldn't get version/kind; json parse error: ${jsonError(text)} (${short})`);
  }
  if (!isDict(value)) {
    const kind = Array.isArray(value) ? 'array' : typeof value;
    const why = `json: cannot unmarshal ${kind} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
    throw unrecognized(type, `couldn't get version/kind; json parse error: ${why} (${short})`);
  }
  checkKind(type, value, { text, short });
  return { object: value, problems: isYaml ? [] : duplicateFields(text).map((f) => `duplicate field "${f}"`) };
}

function checkKind(type: ResourceType, value: Dict, source: { text: string; short: string }): void {
  const [kind, version] = [textOr(value['kind']), textOr(value['apiVersion'])];
  const expected = apiVersionOf(type);
  if (type.builtin) {
    if (kind === '' && version === '') return void Object.assign(value, { kind: type.kind, apiVersion: expected });
    if (kind !== type.kind && kind !== '')
      throw badRequest(
        `${kind} in version "${version}" cannot be handled as a ${type.kind}: converting (${version.replace('/', '')}.${kind}) to (core.${type.kind}): unknown conversion`,
      );
    if (version !== expected && version !== '') throw wrongVersion(version, expected);
    return void Object.assign(value, { kind: type.kind, apiVersion: expected });
  }
  if (kind === '') throw unrecognized(type, `Object 'Kind' is missing in '${source.text}' (${source.short})`);
  if (version !== expected) throw wrongVersion(version, expected);
}

const wrongVersion = (version: string, expected: string): Error =>
  badRequest(`the API version in the data (${version}) does not match the expected API version (${expected})`);

/** Drops fields that the type does not declare; returns their paths. Nulls of built-ins go, too, as with Go. */
function pruneTyped(value: unknown, type: TypeNode, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => pruneTyped(item, type.element ?? ANY, `${path}[${i}]`));
  if (!isDict(value) || type.shape === 'any' || type.shape === 'scalar') return [];
  return Object.keys(value).flatMap((key) => pruneMember(value, key, type, path === '' ? key : `${path}.${key}`));
}

function pruneMember(owner: Dict, key: string, type: TypeNode, path: string): string[] {
  const inner = memberType(type, key);
  if (inner === undefined) {
    delete owner[key];
    return [path];
  }
  if (owner[key] !== null) return pruneTyped(owner[key], inner, path);
  if (type.shape === 'map' && inner.scalar !== undefined) owner[key] = zeroOf(inner);
  else if (inner.shape !== 'any') delete owner[key];
  return [];
}

/** What Go makes of a null in a map: the key stays. */
const zeroOf = ({ scalar }: TypeNode): string => (scalar === 'q' ? '0' : '');

const GO_TYPES: Record<string, string> = {
  s: 'string',
  i: 'int32',
  b: 'bool',
  n: 'float64',
  t: 'v1.Time',
  m: 'v1.MicroTime',
  y: '[]uint8',
};

/** The first value of a wrong JSON type, as Go's decoder says it. */
function typeProblem(value: unknown, type: TypeNode, owner: string): string | undefined {
  const problem = wrongType(value, type);
  if (problem !== undefined)
    return problem === '' ? undefined : `json: cannot unmarshal ${problem.replace('%', owner)}`;
  if (Array.isArray(value)) return firstOf(value.map((item) => [item, type.element ?? ANY, owner] as const));
  if (!isDict(value)) return undefined;
  return firstOf(
    Object.keys(value).map((key) => {
      const inner = memberType(type, key) ?? ANY;
      const name =
        type.shape === 'struct' ? `${type.name ?? ''}.${[...owner.split('.').slice(1), key].join('.')}` : owner;
      return [own(value, key), inner, name] as const;
    }),
  );
}

function firstOf(parts: (readonly [unknown, TypeNode, string])[]): string | undefined {
  for (const [value, type, owner] of parts) {
    const problem = typeProblem(value, type, owner);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (isDict(value)) return 'object';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** Empty: fits. Undefined: look inside. */
function wrongType(value: unknown, type: TypeNode): string | undefined {
  if (value === null || value === undefined || type.shape === 'any') return '';
  if (hasShape(value, type)) return type.shape === 'scalar' ? '' : undefined;
  const wanted = type.shape === 'list' ? `[]${goName(type.element)}` : goName(type);
  return `${goKind(value)} into Go struct field % of type ${wanted}`;
}

function hasShape(value: unknown, type: TypeNode): boolean {
  if (type.shape === 'scalar') return scalarFits(value, type.scalar ?? 's');
  return type.shape === 'list' ? Array.isArray(value) : isDict(value);
}

function goName(type: TypeNode | undefined): string {
  if (type?.shape === 'struct') return `v1.${type.name ?? 'Struct'}`;
  if (type?.shape === 'map') return 'map[string]string';
  return GO_TYPES[type?.scalar ?? 's'] ?? 'string';
}

function scalarFits(value: unknown, scalar: string): boolean {
  if (scalar === 'i' || scalar === 'n') return typeof value === 'number';
  if (scalar === 'b') return typeof value === 'boolean';
  // Go reads a quantity from whatever text stands there.
  if (scalar === 'q') return true;
  if (scalar === 'is') return typeof value === 'number' || typeof value === 'string';
  return typeof value === 'string';
}

const MICRO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

/** Micro times must be given with six decimals. */
function microTimeProblem(value: unknown, type: TypeNode): string | undefined {
  if (type.scalar === 'm' && typeof value === 'string') {
    if (MICRO.test(value)) return undefined;
    const rest = value.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/, '');
    return `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(rest)} as ".000000"`;
  }
  if (!isDict(value) || type.shape !== 'struct') return undefined;
  for (const [key, member] of Object.entries(value)) {
    const inner = memberType(type, key);
    const problem = inner === undefined ? undefined : microTimeProblem(member, inner);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** What Go's decoder says of the object; undefined where it takes it. */
export function formProblem(type: ResourceType, object: Dict, decodes = decodeProblem): string | undefined {
  const subject = type.builtin ? object : { metadata: dictOr(object['metadata']) };
  const problem =
    typeProblem(subject, type.type, type.kind) ?? microTimeProblem(subject, type.type) ?? decodes(type, object);
  return type.builtin ? problem : problem?.replace('ObjectMeta.metadata.', 'ObjectMeta.');
}

/** Drops unknown fields of an object; returns their paths. */
export function dropUnknown(type: ResourceType, object: Dict): string[] {
  if (type.builtin) return pruneTyped(object, type.type);
  const metadata = object['metadata'];
  const dropped = isDict(metadata) ? pruneTyped(metadata, memberType(type.type, 'metadata') ?? ANY, 'metadata') : [];
  return [...dropped, ...(type.schema?.prune(object) ?? [])];
}

export const undecodable = (type: ResourceType, problem: string): Error =>
  badRequest(`${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${problem}`);

/** Checks types and drops unknown fields of an object; returns what was dropped. Errors: 400. */
export function fitToType(type: ResourceType, object: Dict): string[] {
  const problem = formProblem(type, object);
  if (problem !== undefined) throw undecodable(type, problem);
  return dropUnknown(type, object);
}

export interface Strictness {
  mode: FieldValidation;
  warn: (text: string) => void;
}

/** Turns problems into warnings, or into the refusal that Strict asks for. */
export function reportProblems(type: ResourceType, problems: string[], strictness: Strictness): void {
  const list = type.builtin ? problems : problems.toSorted();
  if (list.length === 0 || strictness.mode === 'Ignore') return;
  if (strictness.mode === 'Strict')
    throw badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: strict decoding error: ${list.join(', ')}`,
    );
  for (const text of list) strictness.warn(text);
}
