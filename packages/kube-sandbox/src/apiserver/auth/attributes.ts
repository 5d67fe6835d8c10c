// What a request wants to do, in the terms in which roles grant it: verb, resource, name, namespace; or verb and path.

export interface Attributes {
  verb: string;
  /** Set for resources only. */
  resource?: ResourceAttributes | undefined;
  path: string;
}

/** The part of a request that says what it wants. */
interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
}

const isTrue = (value: string | null): boolean => value === '1' || value?.toLowerCase() === 'true';

export interface ResourceAttributes {
  group: string;
  version?: string | undefined;
  plural: string;
  subresource: string;
  name: string;
  /** Empty: the cluster's scope. */
  namespace: string;
}

const VERBS: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
const NAMESPACE_PARTS = new Set(['status', 'finalize']);

/** Reads a request as the real server's RequestInfo does, before anything is known about what is served. */
export function attributesOf(call: Asked): Attributes {
  const found = resourceIn(call.path.split('/').filter(Boolean).map(decoded));
  if (found === undefined) return { verb: call.method.toLowerCase(), path: call.path };
  const { isWatch, ...where } = found;
  const verb = verbOf(call, where.name !== '', isWatch);
  const selected = where.name === '' && call.method !== 'POST' ? nameSelected(call) : '';
  const resource = selected === '' ? where : { ...where, name: selected };
  return { verb, resource, path: call.path };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function resourceIn(parts: string[]): (ResourceAttributes & { isWatch: boolean }) | undefined {
  const [root, ...below] = parts;
  if (root !== 'api' && root !== 'apis') return undefined;
  const [group = '', version = '', ...rest] = root === 'api' ? ['', ...below] : below;
  if (rest.length === 0) return undefined;
  const isWatch = rest[0] === 'watch';
  return { group, version, isWatch, ...placeIn(isWatch ? rest.slice(1) : rest) };
}

function placeIn(path: string[]): { plural: string; name: string; subresource: string; namespace: string } {
  const inNamespace = path[0] === 'namespaces';
  const isInside = inNamespace && path.length > 2 && !NAMESPACE_PARTS.has(path[2] ?? '');
  const [plural = '', name = '', subresource = ''] = isInside ? path.slice(2) : path;
  return { plural, name, subresource, namespace: inNamespace ? (path[1] ?? '') : '' };
}

/** A list of one name, chosen by a field selector, counts as a request for that name. */
const nameSelected = (call: Asked): string =>
  /(?:^|,)metadata\.name==?([^,]+)/.exec(call.query.get('fieldSelector') ?? '')?.[1] ?? '';

function verbOf(call: Asked, hasName: boolean, isWatch: boolean): string {
  if (isWatch) return 'watch';
  if (call.method === 'GET' || call.method === 'HEAD') {
    if (hasName) return 'get';
    return isTrue(call.query.get('watch')) ? 'watch' : 'list';
  }
  if (call.method === 'DELETE' && !hasName) return 'deletecollection';
  return VERBS[call.method] ?? '';
}

/** As the real server tells of a refusal. */
export function describe(user: string, attributes: Attributes): string {
  const { verb, resource } = attributes;
  const who = `User ${JSON.stringify(user)} cannot ${verb}`;
  if (resource === undefined) return `${who} path ${JSON.stringify(attributes.path)}`;
  const what = resource.subresource === '' ? resource.plural : `${resource.plural}/${resource.subresource}`;
  const where = resource.namespace === '' ? 'at the cluster scope' : `in the namespace "${resource.namespace}"`;
  return `${who} resource "${what}" in API group "${resource.group}" ${where}`;
}
