// OpenAPI v3 of the served kinds: enough for kubectl explain, apply and edit.
import { createHash } from 'node:crypto';
import type { Answer, Call } from './call.ts';
import { PlainNotFound } from './errors.ts';
import type { Dict } from './json.ts';
import { clone, dictOr, ensure } from './json.ts';
import type { ResourceType } from './resource.ts';
import type { TypeNode } from './types.ts';
import { builtinType } from './types.ts';

const PREFIX = 'io.kube-sandbox.';
const SCALARS: Record<string, Dict> = {
  s: { type: 'string' },
  i: { type: 'integer' },
  n: { type: 'number' },
  b: { type: 'boolean' },
  q: { type: 'string' },
  is: { type: 'string', format: 'int-or-string' },
  t: { type: 'string', format: 'date-time' },
  m: { type: 'string', format: 'date-time' },
  y: { type: 'string', format: 'byte' },
};

const reference = (name: string): Dict => ({ allOf: [{ $ref: `#/components/schemas/${PREFIX}${name}` }] });

function schemaOf(type: TypeNode, into: Dict): Dict {
  switch (type.shape) {
    case 'scalar':
      return { ...SCALARS[type.scalar ?? 's'] };
    case 'any':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    case 'list':
      return { type: 'array', items: schemaOf(type.element ?? { shape: 'any' }, into) };
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(type.element ?? { shape: 'any' }, into) };
    case 'struct':
      addStruct(type, into);
      return reference(type.name ?? '');
  }
}

function addStruct(type: TypeNode, into: Dict): void {
  const key = `${PREFIX}${type.name ?? ''}`;
  if (into[key] !== undefined) return;
  const properties: Dict = {};
  into[key] = { type: 'object', properties };
  for (const [name, member] of type.fields?.() ?? []) properties[name] = schemaOf(member, into);
}

const PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
  name,
  in: 'query',
  schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true },
}));

function pathsOf(type: ResourceType): Dict {
  const gvk = { group: type.group, version: type.version, kind: type.kind };
  const base = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const items = `${base}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.plural}`;
  const media = ['apply-patch+yaml', 'json-patch+json', 'merge-patch+json'];
  const operation = (action: string): Dict => ({
    operationId: `${action}${type.kind}`,
    responses: { 200: { description: 'OK' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  });
  const body = {
    content: Object.fromEntries(media.map((name) => [`application/${name}`, { schema: { type: 'object' } }])),
  };
  return {
    [items]: { get: operation('list'), post: { ...operation('post'), parameters: PARAMETERS } },
    [`${items}/{name}`]: {
      get: operation('get'),
      put: { ...operation('put'), parameters: PARAMETERS },
      patch: { ...operation('patch'), parameters: PARAMETERS, requestBody: body },
      delete: operation('delete'),
    },
  };
}

const API_VERSION_TEXT =
  'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values.';
const KIND_TEXT =
  'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to.';

function customSchema(type: ResourceType, into: Dict): Dict {
  const schema = clone(dictOr(type.openapi));
  const properties = ensure(schema, 'properties');
  addStruct(builtinType('ObjectMeta'), into);
  properties['apiVersion'] = { description: API_VERSION_TEXT, type: 'string' };
  properties['kind'] = { description: KIND_TEXT, type: 'string' };
  properties['metadata'] = { description: "Standard object's metadata.", ...reference('ObjectMeta') };
  return schema;
}

function documentOf(types: ResourceType[]): Dict {
  const schemas: Dict = {};
  const paths: Dict = {};
  for (const type of types) {
    Object.assign(paths, pathsOf(type));
    const reversed = type.group.split('.').toReversed().join('.');
    const key = type.builtin ? `${PREFIX}${type.type.name ?? type.kind}` : `${reversed}.${type.version}.${type.kind}`;
    if (type.builtin) addStruct(type.type, schemas);
    else schemas[key] = customSchema(type, schemas);
    const gvk = [{ group: type.group, kind: type.kind, version: type.version }];
    dictOr(schemas[key])['x-kubernetes-group-version-kind'] = gvk;
  }
  const info = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' };
  return { openapi: '3.0.0', info, paths, components: { schemas } };
}

/** Hashing a document for each index would be slow: kept as long as the served set stays the same. */
const documents = new WeakMap<readonly ResourceType[], Map<string, { text: string; hash: string }>>();

function documentsOf(call: Call): Map<string, { text: string; hash: string }> {
  const all = call.server.registry.all();
  const known = documents.get(all);
  if (known !== undefined) return known;
  const made = new Map<string, { text: string; hash: string }>();
  for (const [group, versions] of call.server.registry.groups()) {
    for (const version of versions) {
      const text = JSON.stringify(documentOf(call.server.registry.inVersion({ group, version })));
      const hash = createHash('sha512').update(text).digest('hex').toUpperCase();
      made.set(group === '' ? `api/${version}` : `apis/${group}/${version}`, { text, hash });
    }
  }
  documents.set(all, made);
  return made;
}

/** Answers /openapi/v3 and what is below; undefined for other paths. */
export function serveOpenApi(call: Call): Answer | undefined {
  if (call.path !== '/openapi/v3' && !call.path.startsWith('/openapi/v3/')) return undefined;
  const all = documentsOf(call);
  const name = call.path.slice('/openapi/v3/'.length);
  if (name === '') {
    const paths = Object.fromEntries(
      [...all].map(([key, { hash }]) => [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${hash}` }]),
    );
    return { status: 200, body: { paths }, headers: { 'content-type': 'text/plain; charset=utf-8' } };
  }
  const found = all.get(name);
  if (found === undefined) throw new PlainNotFound();
  const headers = { etag: `"${found.hash}"`, vary: 'Accept', 'cache-control': 'public, immutable' };
  return { status: 200, body: JSON.parse(found.text), headers };
}
