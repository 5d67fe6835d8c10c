// The Kubernetes client over any transport: builds requests, reads answers, turns refusals into ApiError.
import type { KubeObject, Resource } from '../api/k8s.ts';
import { apiVersionOf } from '../api/k8s.ts';
import { systemClock } from '../ports/clock.ts';
import type { Clock } from '../ports/clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../ports/transport.ts';
import { Discovery } from './discovery.ts';
import { ConnectionError, errorFromResponse, isExpired, isNotFound } from './errors.ts';
import { queryOf, resourcePath, selectionQuery } from './resource-path.ts';
import { watchEvents } from './watch-stream.ts';
import type {
  CallOptions,
  DeleteOptions,
  Identified,
  KubeClient,
  List,
  PatchRequest,
  RawRequest,
  RawResponse,
  Selection,
  ServedResource,
  UpdateOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './types.ts';

/** One finished request, for metrics. */
export interface RequestRecord {
  /** As in RBAC: get, list, watch, create, update, patch, delete; or the HTTP method for raw paths. */
  verb: string;
  /** `plural` or `plural/subresource`; empty for raw paths. */
  resource: string;
  /** HTTP status; 0 when no answer came. */
  status: number;
  /** Until the answer was read; for a watch, until its headers came. */
  durationMs: number;
}

export interface ClientOptions {
  transport: Transport;
  /** Version in the User-Agent, `sluice/<version>`. */
  version: string;
  onRequest?: ((record: RequestRecord) => void) | undefined;
  clock?: Clock | undefined;
}

interface Call {
  verb: string;
  resource: string;
  request: HttpRequest;
}

interface WireList {
  apiVersion?: string;
  kind?: string;
  metadata?: { continue?: string; resourceVersion?: string };
  items?: KubeObject[];
}

const PAGE = 500;
/** A list that expires over and over under heavy change is given up after this many restarts. */
const MAX_LIST_RESTARTS = 5;
const JSON_TYPE = 'application/json';
const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** A client of one API server, over the transport given. Its calls throw `ApiError` for what the server refuses. */
export function kubeClient(options: ClientOptions): KubeClient {
  return new TransportClient(options);
}

/** Kubernetes' words for HTTP's, so that a metric spells each in one way. */
const VERB_OF: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

class TransportClient implements KubeClient {
  readonly #transport: Transport;
  readonly #userAgent: string;
  readonly #onRequest: ((record: RequestRecord) => void) | undefined;
  readonly #clock: Clock;
  readonly #discovery: Discovery;

  constructor(options: ClientOptions) {
    this.#transport = options.transport;
    this.#userAgent = `sluice/${options.version}`;
    this.#onRequest = options.onRequest;
    this.#clock = options.clock ?? systemClock;
    this.#discovery = new Discovery((request) => this.raw(request), this.#clock);
  }

  async get<T extends Identified = KubeObject>(
    resource: Resource,
    name: string,
    namespace?: string,
    options?: CallOptions,
  ): Promise<T | undefined> {
    const path = resourcePath(resource, { namespace, name });
    try {
      return await this.#json<T>({ verb: 'get', resource: resource.plural, request: { method: 'GET', path } }, options);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<T extends Identified = KubeObject>(
    resource: Resource,
    selection: Selection = {},
    options?: CallOptions,
  ): Promise<List<T>> {
    for (let restarts = 0; ; restarts++) {
      try {
        return await this.#pages<T>(resource, selection, options);
      } catch (error) {
        if (!isExpired(error) || restarts >= MAX_LIST_RESTARTS) throw error;
      }
    }
  }

  create<T extends Identified>(resource: Resource, object: T, options: WriteOptions = {}): Promise<T> {
    const namespace = resource.namespaced ? object.metadata.namespace : undefined;
    const path = resourcePath(resource, { namespace }) + writeQuery(options);
    return this.#json<T>(
      { verb: 'create', resource: resource.plural, request: { method: 'POST', path, ...jsonBody(object) } },
      options,
    );
  }

  update<T extends Identified>(resource: Resource, object: T, options: UpdateOptions = {}): Promise<T> {
    const { subresource } = options;
    const { name, namespace } = object.metadata;
    const path = resourcePath(resource, { namespace, name, subresource }) + writeQuery(options);
    return this.#json<T>(
      {
        verb: 'update',
        resource: label(resource, subresource),
        request: { method: 'PUT', path, ...jsonBody(object) },
      },
      options,
    );
  }

  patch<T extends Identified = KubeObject>(
    resource: Resource,
    request: PatchRequest,
    options?: CallOptions,
  ): Promise<T> {
    const path = resourcePath(resource, request) + writeQuery(request, { force: request.force ? 'true' : undefined });
    const body = { body: JSON.stringify(request.body), headers: { 'content-type': PATCH_TYPES[request.type] } };
    return this.#json<T>(
      { verb: 'patch', resource: label(resource, request.subresource), request: { method: 'PATCH', path, ...body } },
      options,
    );
  }

  async delete(resource: Resource, name: string, namespace?: string, options: DeleteOptions = {}): Promise<boolean> {
    const { uid, resourceVersion, propagationPolicy } = options;
    const conditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
    const body = {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      ...(Object.keys(conditions).length > 0 && { preconditions: conditions }),
      ...(propagationPolicy && { propagationPolicy }),
    };
    const path = resourcePath(resource, { namespace, name }) + queryOf({ dryRun: dryRunOf(options) });
    try {
      const request = { method: 'DELETE', path, ...jsonBody(body) };
      await this.#json({ verb: 'delete', resource: resource.plural, request }, options);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async *watch<T extends Identified = KubeObject>(
    resource: Resource,
    options: WatchOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    const query = queryOf({
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds?.toString(),
      ...selectionQuery(options),
    });
    const path = resourcePath(resource, { namespace: options.namespace }) + query;
    const request: HttpRequest = { method: 'GET', path, stream: true };
    try {
      const call = { verb: 'watch', resource: resource.plural, request };
      const response = await this.#send(call, { signal, as: options.as });
      if (response.status >= 400) throw await refusal(response);
      yield* watchEvents<T>(response.body);
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  }

  async raw(request: RawRequest): Promise<RawResponse> {
    const { method, path, headers, body } = request;
    const http: HttpRequest = { method, path, ...(headers && { headers }), ...(body !== undefined && { body }) };
    const response = await this.#send(
      { verb: VERB_OF[method.toUpperCase()] ?? method.toLowerCase(), resource: '', request: http },
      request,
    );
    return { status: response.status, headers: response.headers, body: await text(response) };
  }

  discover(options: CallOptions & { refresh?: boolean } = {}): Promise<readonly ServedResource[]> {
    return this.#discovery.all(options);
  }

  resourceFor(apiVersion: string, kind: string, options?: CallOptions): Promise<ServedResource | undefined> {
    return this.#discovery.find(apiVersion, kind, options);
  }

  async #pages<T>(resource: Resource, selection: Selection, options: CallOptions | undefined): Promise<List<T>> {
    const items: T[] = [];
    let token: string | undefined;
    let resourceVersion = '';
    do {
      const query = queryOf({ limit: `${PAGE}`, continue: token, ...selectionQuery(selection) });
      const path = resourcePath(resource, { namespace: selection.namespace }) + query;
      const call = { verb: 'list', resource: resource.plural, request: { method: 'GET', path } };
      const page = await this.#json<WireList>(call, options);
      // Items of built-in kinds come without these two.
      for (const item of page.items ?? []) {
        items.push({ ...item, apiVersion: apiVersionOf(resource), kind: resource.kind } as T);
      }
      resourceVersion = page.metadata?.resourceVersion ?? '';
      token = page.metadata?.continue || undefined;
    } while (token !== undefined);
    return { items, resourceVersion };
  }

  async #json<T>(call: Call, options: CallOptions | undefined): Promise<T> {
    const response = await this.#send(call, options);
    if (response.status >= 400) throw await refusal(response);
    const body = await text(response);
    try {
      return JSON.parse(body) as T;
    } catch {
      throw new ConnectionError(`${call.request.method} ${call.request.path} was not answered with JSON`);
    }
  }

  async #send(call: Call, options: CallOptions = {}): Promise<HttpResponse> {
    const started = this.#clock.now();
    const record = (status: number): void => {
      this.#onRequest?.({
        verb: call.verb,
        resource: call.resource,
        status,
        durationMs: this.#clock.now() - started,
      });
    };
    try {
      const response = await this.#transport.request(this.#dress(call.request, options));
      record(response.status);
      return response;
    } catch (error) {
      record(0);
      if (options.signal?.aborted) throw options.signal.reason;
      throw unreachable(call.request, error);
    }
  }

  #dress(request: HttpRequest, options: CallOptions): HttpRequest {
    return {
      ...request,
      headers: { accept: JSON_TYPE, 'user-agent': this.#userAgent, ...request.headers, ...impersonation(options.as) },
      ...(options.signal && { signal: options.signal }),
      ...(options.urgent && { urgent: true }),
      ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    };
  }
}

function writeQuery(options: WriteOptions, more: Record<string, string | undefined> = {}): string {
  return queryOf({
    fieldManager: options.fieldManager,
    fieldValidation: options.fieldValidation,
    dryRun: dryRunOf(options),
    ...more,
  });
}

const dryRunOf = (options: { dryRun?: boolean | undefined }): string | undefined =>
  options.dryRun ? 'All' : undefined;

/** An empty name would be no impersonation at all, and act with all the rights of this client's own identity. */
function impersonation(user: string | undefined): Record<string, string> {
  if (user === undefined) return {};
  if (user === '') throw new TypeError('the user to act as has no name');
  return { 'impersonate-user': user };
}

const jsonBody = (value: unknown): { body: string; headers: Record<string, string> } => ({
  body: JSON.stringify(value),
  headers: { 'content-type': JSON_TYPE },
});

const label = (resource: Resource, subresource: string | undefined): string =>
  subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;

async function refusal(response: HttpResponse): Promise<Error> {
  return errorFromResponse(response.status, response.headers, await text(response));
}

async function text(response: HttpResponse): Promise<string> {
  let whole = '';
  try {
    for await (const piece of response.body) whole += piece;
  } catch (error) {
    throw new ConnectionError(`the answer broke off: ${reasonOf(error)}`, { cause: error });
  }
  return whole;
}

function unreachable(request: HttpRequest, error: unknown): ConnectionError {
  return new ConnectionError(`${request.method} ${request.path}: ${reasonOf(error)}`, { cause: error });
}

/** The innermost reason: undici wraps `connect ECONNREFUSED` in an error that says little. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message || code || error.name;
}
