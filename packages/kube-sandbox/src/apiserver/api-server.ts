// The API server of the sandbox: one request handler in front of the store, and the controllers that belong to the server itself.
import { dump } from 'js-yaml';
import type { Clock } from '../clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../transport.ts';
import { admit } from './auth/authorize.ts';
import { bootstrapRoles } from './auth/bootstrap.ts';
import { Rbac } from './auth/rbac.ts';
import { Tokens } from './auth/tokens.ts';
import type { User } from './auth/user.ts';
import type { Answer, Call, Server } from './call.ts';
import { readCall, textResponse } from './call.ts';
import { runCrds } from './crd-controller.ts';
import { serveDiscovery } from './discovery.ts';
import { PlainNotFound, StatusError, methodNotAllowed, unknownResource } from './errors.ts';
import type { Fault } from './faults.ts';
import { Faults } from './faults.ts';
import { Garbage } from './garbage.ts';
import { inProcess } from './in-process.ts';
import type { Listening } from './listener.ts';
import { listenOn, writeKubeconfig } from './listener.ts';
import { objectStore } from './object-store.ts';
import { Objects } from './objects.ts';
import { serveOpenApi } from './openapi.ts';
import { Registry } from './registry.ts';
import type { ResourceType } from './resource.ts';
import type { Route } from './resource-handlers.ts';
import { serveResource } from './resource-handlers.ts';
import { Storage } from './storage.ts';
import type { ObjectStore } from './store.ts';
import { wantsYaml } from './table.ts';

export interface ApiServerOptions {
  clock: Clock;
  /** In [0, 1); seeds uids, generated names and cluster IPs. Default: a fixed sequence. */
  random?: () => number;
  /** Events kept for watches and old lists. Default 10,000. */
  historyLength?: number;
}

export interface ApiServer {
  /** The objects, for other parts of the sandbox. */
  readonly store: ObjectStore;
  handle(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Requests without a socket; everything settles in microtasks. `userAgent` names the field manager, `token` who asks: as over HTTP, without
   * one it is the administrator.
   */
  transport(userAgent?: string, token?: string): Transport;
  /** A bearer token for a user of that name and those groups; a ServiceAccount is one by its name and groups, or asks for a token. */
  tokenFor(user: User): string;
  /** Serves plain HTTP on a loopback address; port 0 takes a free one. */
  listen(options?: { host?: string; port?: number }): Promise<Listening>;
  /** Writes a kubeconfig for a listening server; `token` as in `transport`. */
  writeKubeconfig(file: string, listening: Listening, token?: string): Promise<void>;
  /** Asks `decide` about each request; what it returns happens to the request. Returns the function that ends it. */
  intercept(decide: (request: HttpRequest) => Fault | undefined): () => void;
  /** Breaks every open watch, as a lost connection does; `clean` ends them as a server that goes away does. */
  dropWatches(ending?: 'clean' | 'broken'): void;
  /** Forgets all history: watches and lists from before now get 410. */
  compact(): void;
  /** The newest resourceVersion. */
  readonly revision: number;
}

const VERSION = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.0-kube-sandbox',
  gitCommit: '',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'sandbox',
};

/** A small generator with a fixed start, so that two runs draw the same lots. */
function fixedSequence(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { clock } = options;
  const storage = new Storage(options.historyLength);
  const registry = new Registry();
  const objects = new Objects({ storage, registry, clock, random: options.random ?? fixedSequence() });
  const watches = new Set<(ending: 'clean' | 'broken') => void>();
  const access = { tokens: new Tokens(storage, clock), rbac: new Rbac(storage) };
  const server: Server = { storage, registry, objects, clock, access, watches };
  const faults = new Faults(clock);
  const dropWatches = (ending: 'clean' | 'broken'): void => {
    for (const end of watches) end(ending);
  };
  runCrds({ storage, registry, objects, clock, endWatches: () => dropWatches('clean') });
  void new Garbage({ storage, registry, objects, clock });
  const store = objectStore({ storage, registry, objects, clock });
  for (const name of ['default', 'kube-system']) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    store.create({ group: '', kind: 'Namespace' }, namespace, { manager: 'kube-apiserver' });
  }
  for (const each of bootstrapRoles())
    store.create({ group: 'rbac.authorization.k8s.io', kind: each.kind }, each, { manager: 'kube-apiserver' });
  const handle = (request: HttpRequest): Promise<HttpResponse> => faults.pass(request, (r) => answer(server, r));
  return {
    store,
    handle,
    transport: (userAgent = 'kube-sandbox', token) => inProcess(handle, clock, headersFor(userAgent, token)),
    tokenFor: (user) => access.tokens.forUser(user),
    listen: (where = {}) => listenOn(handle, where),
    writeKubeconfig,
    intercept: (decide) => faults.intercept(decide),
    dropWatches: (ending = 'broken') => dropWatches(ending),
    compact: () => storage.compact(),
    get revision() {
      return storage.revision;
    },
  };
}

const headersFor = (userAgent: string, token: string | undefined): Record<string, string> => ({
  'user-agent': userAgent,
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
});

function answer(server: Server, request: HttpRequest): HttpResponse {
  const call = readCall(server, request);
  try {
    call.user = admit(call);
    const result = route(call);
    return isHttp(result) ? result : encode(call, result);
  } catch (error) {
    if (error instanceof PlainNotFound) {
      const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
      return textResponse(404, '404 page not found\n', headers);
    }
    if (!(error instanceof StatusError)) throw error;
    const retry = error.details?.retryAfterSeconds;
    const headers: Record<string, string> = retry === undefined ? {} : { 'retry-after': String(retry) };
    return encode(call, { status: error.code, body: error.body, headers });
  }
}

const isHttp = (result: Answer | HttpResponse): result is HttpResponse =>
  typeof result.body === 'object' && result.body !== null && Symbol.asyncIterator in result.body;

function encode(call: Call, result: Answer): HttpResponse {
  const headers: Record<string, string> = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };
  if (call.warnings.length > 0)
    headers['warning'] = call.warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(', ');
  if (typeof result.body === 'string')
    return textResponse(result.status, result.body, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
  const isCurl = (call.headers['user-agent'] ?? '').startsWith('curl/') && call.query.get('pretty') !== 'false';
  if (wantsYaml(call.headers['accept'] ?? ''))
    return textResponse(result.status, dump(result.body), { ...headers, 'content-type': 'application/yaml' });
  const text = isCurl ? `${JSON.stringify(result.body, null, 2)}\n` : `${JSON.stringify(result.body)}\n`;
  return textResponse(result.status, text, { ...headers, ...result.headers });
}

const HEALTH = new Set(['/healthz', '/livez', '/readyz']);

function route(call: Call): Answer | HttpResponse {
  if (HEALTH.has(call.path)) return { status: 200, body: 'ok' };
  if (call.path === '/version') return { status: 200, body: VERSION };
  return serveDiscovery(call) ?? serveOpenApi(call) ?? serveResource(call, resourceRoute(call));
}

/** Takes a resource path apart. Errors: 404. */
function resourceRoute(call: Call): Route {
  const { group, version, rest } = belowRoot(call.path);
  const isWatch = rest[0] === 'watch';
  const path = isWatch ? rest.slice(1) : rest;
  const isInside = path[0] === 'namespaces' && path.length > 2 && !isNamespacePart(path[2]);
  const [plural = '', name, ...sub] = isInside ? path.slice(2) : path;
  const type = servedAt(call, { group, version, plural }, { isInside, isItem: name !== undefined });
  return { type, namespace: isInside ? path[1] : undefined, name, subresource: sub.join('/'), isWatch };
}

/** `/api/VERSION` is the core group, `/apis/GROUP/VERSION` any other. Errors: 404. */
function belowRoot(path: string): { group: string; version: string; rest: string[] } {
  const [root, ...parts] = path.split('/').filter(Boolean).map(decode);
  if (root !== 'api' && root !== 'apis') throw new PlainNotFound();
  const [group = '', version = '', ...rest] = root === 'api' ? ['', ...parts] : parts;
  return { group, version, rest };
}

interface Named {
  group: string;
  version: string;
  plural: string;
}

function servedAt(call: Call, named: Named, path: { isInside: boolean; isItem: boolean }): ResourceType {
  const { registry } = call.server;
  const type = registry.find(named.group, named.version, named.plural);
  const fits = type !== undefined && (type.namespaced ? path.isInside || !path.isItem : !path.isInside);
  if (!fits) throw registry.isBuiltinGroup(named.group) ? unknownResource() : new PlainNotFound();
  if (type.namespaced && !path.isInside && call.method === 'POST') throw methodNotAllowed();
  return type;
}

const isNamespacePart = (part: string | undefined): boolean => part === 'status' || part === 'finalize';

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new PlainNotFound();
  }
}
