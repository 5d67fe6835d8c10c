// How the other parts of the sandbox (workload controllers, data plane) reach the objects of the API server: typed access in the same
// process. Writes go the way of HTTP writes: defaults, validation, generation, managed fields and watch events are the same.
import type { KubeObject } from '../objects.ts';

export interface GroupKind {
  /** Empty for core/v1. */
  group: string;
  kind: string;
}

export interface StoreSelection {
  namespace?: string;
  /** Every label must be there with this value. */
  labels?: Record<string, string>;
}

export interface StoreEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The object after the change; for DELETED its last state. A copy: it may be changed freely. */
  object: KubeObject;
}

export interface StoreWriteOptions {
  /** Field manager of the write. Default `sandbox`. */
  manager?: string;
}

export interface StoreDeleteOptions {
  /** Delete only this very object; else a StatusError 409. */
  uid?: string;
  /** Pods: seconds until they are gone; 0 removes at once. Default: as for a DELETE over HTTP. */
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/**
 * All calls are synchronous and take effect at once. Failures throw StatusError (errors.ts) with the HTTP status of the real server:
 * 404 NotFound, 409 AlreadyExists or Conflict, 422 Invalid. What is handed out and taken in is copied.
 */
export interface ObjectStore {
  /** Undefined when there is none, or when the kind is not served. */
  get(kind: GroupKind, name: string, namespace?: string): KubeObject | undefined;
  /** In order of namespace and name. Empty for a kind that is not served. */
  list(kind: GroupKind, selection?: StoreSelection): KubeObject[];
  /** `metadata.generateName` is completed as the server does. */
  create(kind: GroupKind, object: KubeObject, options?: StoreWriteOptions): KubeObject;
  /** With a `metadata.resourceVersion` it conflicts (409) when somebody wrote meanwhile. Status is left as it is stored. */
  update(kind: GroupKind, object: KubeObject, options?: StoreWriteOptions): KubeObject;
  /** Writes the status alone. Conflicts like `update`. */
  updateStatus(kind: GroupKind, object: KubeObject, options?: StoreWriteOptions): KubeObject;
  /** False when there was nothing to delete. With finalizers the object stays, marked for deletion. */
  delete(kind: GroupKind, name: string, namespace?: string, options?: StoreDeleteOptions): boolean;
  /**
   * Calls the handler for every later change of the kind, in order, from a timer of the clock (`after(0)`), never inside a write.
   * Objects that exist already are not announced: list them first. Returns the function that ends it.
   */
  subscribe(kind: GroupKind, handler: (event: StoreEvent) => void): () => void;
}
