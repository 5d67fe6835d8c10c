// The Kubernetes API as the rest of Sluice sees it: a small client over plain JSON. Objects are never turned into classes, so what is
// read and written back is what was read. Errors are in errors.ts.
import type { KubeObject, ObjectMeta, Resource } from '../api/k8s.ts';

/** The least that an object has; typed shapes such as ReplicaSet satisfy it without an index signature. */
export interface Identified {
  metadata: ObjectMeta;
}

/** How one call is carried. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Overtakes every call that is not urgent and uses connections kept free for such calls. For aborts only. */
  urgent?: boolean | undefined;
  /** Limit for the whole answer in milliseconds. Default 30,000. */
  timeoutMs?: number | undefined;
  /**
   * The user whose rights count, as `system:serviceaccount:NAMESPACE:NAME`: the server decides as if that user had asked (a refusal names
   * it), provided that this client's own identity may `impersonate` it. Never empty. Discovery, which is the same for everybody and is
   * kept in memory, takes no notice of it.
   */
  as?: string | undefined;
}

export interface WriteOptions extends CallOptions {
  fieldManager?: string | undefined;
  dryRun?: boolean | undefined;
  /** What the server does with unknown fields. Its own default is Warn. */
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore' | undefined;
}

export interface UpdateOptions extends WriteOptions {
  subresource?: 'status' | 'scale' | undefined;
}

/** Which objects; without a namespace all of them, in every namespace. */
export interface Selection {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

export interface List<T> {
  items: T[];
  /** Where a watch may begin to miss nothing after this list. */
  resourceVersion: string;
}

export interface WatchOptions extends Selection {
  /** Only changes after it. Absent: the server first sends every object as ADDED. */
  resourceVersion?: string | undefined;
  /** The server ends the watch cleanly after that long. Default: the server's choice (30 to 60 min). */
  timeoutSeconds?: number | undefined;
  /** As in `CallOptions`. */
  as?: string | undefined;
}

export type WatchEvent<T> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  /** Nothing changed up to this resourceVersion. */
  | { type: 'BOOKMARK'; resourceVersion: string };

export interface PatchRequest {
  name: string;
  namespace?: string | undefined;
  /** `json`: RFC 6902 operations; `merge`: RFC 7386; `apply`: server-side apply, needs `fieldManager`. */
  type: 'json' | 'merge' | 'apply';
  body: unknown;
  subresource?: 'status' | 'scale' | undefined;
  fieldManager?: string | undefined;
  /** Takes fields over from other managers; only for `apply`. */
  force?: boolean | undefined;
  dryRun?: boolean | undefined;
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore' | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Delete only if it is still this very object; else a Conflict. */
  uid?: string | undefined;
  /** Delete only if nobody changed it since; else a Conflict. */
  resourceVersion?: string | undefined;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  /** Everything is checked and nothing is deleted. */
  dryRun?: boolean | undefined;
}

export interface RawRequest extends CallOptions {
  method: string;
  /** Path and query, beginning with `/`. */
  path: string;
  headers?: Record<string, string> | undefined;
  body?: string | undefined;
}

export interface RawResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A resource that the server serves. */
export interface ServedResource extends Resource {
  /** For example `get`, `list`, `watch`, `patch`. */
  verbs: string[];
  /** Subresources by name, for example `status`, `scale`. */
  subresources: string[];
  /** This version is the one the server prefers for its group. */
  preferred: boolean;
}

/**
 * Every call rejects with ApiError when the server refused, with ConnectionError when no whole answer came (the call may have taken
 * effect), or with the signal's reason. Nothing is retried but 429 with its Retry-After (see transport-undici.ts).
 */
export interface KubeClient {
  /** The object, or undefined when there is none (404, also for a resource that is not served). */
  get<T extends Identified = KubeObject>(
    resource: Resource,
    name: string,
    namespace?: string,
    options?: CallOptions,
  ): Promise<T | undefined>;
  /** All objects, read in pages of 500; begins anew when a page token has expired. Items always carry apiVersion and kind. */
  list<T extends Identified = KubeObject>(
    resource: Resource,
    selection?: Selection,
    options?: CallOptions,
  ): Promise<List<T>>;
  /** The object as stored. The namespace is the object's own. */
  create<T extends Identified>(resource: Resource, object: T, options?: WriteOptions): Promise<T>;
  /** PUT; with a `metadata.resourceVersion` it conflicts when somebody wrote meanwhile. */
  update<T extends Identified>(resource: Resource, object: T, options?: UpdateOptions): Promise<T>;
  patch<T extends Identified = KubeObject>(
    resource: Resource,
    request: PatchRequest,
    options?: CallOptions,
  ): Promise<T>;
  /** False when there was nothing to delete (404). True also when finalizers still hold the object. */
  delete(resource: Resource, name: string, namespace?: string, options?: DeleteOptions): Promise<boolean>;
  /**
   * Changes as they come. Returns when the server ends the watch or `signal` is aborted. Throws ApiError (410 Expired: list again),
   * or ConnectionError when the connection broke.
   */
  watch<T extends Identified = KubeObject>(
    resource: Resource,
    options: WatchOptions,
    signal?: AbortSignal,
  ): AsyncIterable<WatchEvent<T>>;
  /** Any path. Any HTTP status is an answer and does not reject. */
  raw(request: RawRequest): Promise<RawResponse>;
  /** What is served, from memory after the first call. `refresh` asks the server again. */
  discover(options?: CallOptions & { refresh?: boolean }): Promise<readonly ServedResource[]>;
  /**
   * The resource of a kind, or undefined when it is not served. An unknown kind makes discovery refresh, at most every 2 s, so that
   * a CRD that was just installed is found.
   */
  resourceFor(apiVersion: string, kind: string, options?: CallOptions): Promise<ServedResource | undefined>;
}
