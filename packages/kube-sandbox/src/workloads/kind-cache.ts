// All objects of one kind in memory, indexed, kept up to date by the store's events and by the writes that go through here.
import type { KubeObject } from '../objects.ts';
import type { GroupKind, ObjectStore, StoreDeleteOptions } from '../apiserver/store.ts';

/** The values under which an object is found in an index. */
export type Indexer<T> = (object: T) => string[];

/** An object came, changed or went; `old` is what was known before. */
export interface Change<T> {
  object: T;
  old?: T;
  isGone: boolean;
}

/** It must only take note: no writes. */
export type Listener<T> = (change: Change<T>) => void;

export const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

const versionOf = (object: KubeObject): number => Number(object.metadata.resourceVersion ?? 0);

export interface KindCacheOptions<T> {
  store: ObjectStore;
  kind: GroupKind;
  /** Field manager of the writes. */
  manager: string;
  indexers?: Record<string, Indexer<T>>;
}

export class KindCache<T extends KubeObject> {
  readonly #options: KindCacheOptions<T>;
  readonly #objects = new Map<string, T>();
  /** By index and value, the keys of the objects. */
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  readonly #listeners = new Set<Listener<T>>();
  readonly #end: () => void;

  constructor(options: KindCacheOptions<T>) {
    this.#options = options;
    for (const name of Object.keys(options.indexers ?? {})) this.#indexes.set(name, new Map());
    this.#end = options.store.subscribe(options.kind, ({ type, object }) => {
      if (type === 'DELETED') this.#drop(keyOf(object), versionOf(object));
      else this.#keep(object as T);
    });
    for (const object of options.store.list(options.kind)) this.#keep(object as T);
  }

  stop(): void {
    this.#end();
    this.#listeners.clear();
  }

  /** Existing objects are announced at once. */
  listen(listener: Listener<T>): void {
    this.#listeners.add(listener);
    for (const object of this.#objects.values()) listener({ object, isGone: false });
  }

  /** What is handed out is shared: never change it. */
  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  all(): T[] {
    return [...this.#objects.values()];
  }

  by(index: string, value: string): T[] {
    const keys = this.#indexes.get(index)?.get(value) ?? [];
    return [...keys].map((key) => this.#objects.get(key)).filter((object) => object !== undefined);
  }

  /** How many objects `by` would return. */
  count(index: string, value: string): number {
    return this.#indexes.get(index)?.get(value)?.size ?? 0;
  }

  /** The object as it is in the store now, a copy. */
  fresh(key: string): T | undefined {
    const { namespace, name } = splitKey(key);
    const object = this.#options.store.get(this.#options.kind, name, namespace) as T | undefined;
    if (object === undefined) this.#drop(key, Number.POSITIVE_INFINITY);
    else this.#keep(object);
    return object;
  }

  create(object: KubeObject): T {
    return this.#keep(this.#options.store.create(this.#options.kind, object, this.#options) as T);
  }

  update(object: KubeObject): T {
    return this.#keep(this.#options.store.update(this.#options.kind, object, this.#options) as T);
  }

  updateStatus(object: KubeObject): T {
    return this.#keep(this.#options.store.updateStatus(this.#options.kind, object, this.#options) as T);
  }

  /** Deletes this very object; one that is gone already is fine. */
  delete(object: T, options: StoreDeleteOptions = {}): void {
    const { name, namespace, uid } = object.metadata;
    const precondition = uid === undefined ? {} : { uid };
    this.#options.store.delete(this.#options.kind, name, namespace, { ...precondition, ...options });
    this.fresh(keyOf(object));
  }

  #keep(object: T): T {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    if (old !== undefined && versionOf(old) >= versionOf(object)) return object;
    if (old !== undefined) this.#unindex(key, old);
    this.#objects.set(key, object);
    this.#index(key, object);
    this.#tell({ object, isGone: false, ...(old === undefined ? {} : { old }) });
    return object;
  }

  #drop(key: string, version: number): void {
    const old = this.#objects.get(key);
    if (old === undefined || versionOf(old) > version) return;
    this.#unindex(key, old);
    this.#objects.delete(key);
    this.#tell({ object: old, old, isGone: true });
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) listener(change);
  }

  #index(key: string, object: T): void {
    for (const [name, values] of this.#valuesOf(object)) {
      for (const value of values) {
        const keys = this.#indexes.get(name);
        const present = keys?.get(value);
        if (present === undefined) keys?.set(value, new Set([key]));
        else present.add(key);
      }
    }
  }

  #unindex(key: string, object: T): void {
    for (const [name, values] of this.#valuesOf(object)) {
      for (const value of values) {
        const keys = this.#indexes.get(name);
        const present = keys?.get(value);
        present?.delete(key);
        if (present?.size === 0) keys?.delete(value);
      }
    }
  }

  #valuesOf(object: T): [string, string[]][] {
    return Object.entries(this.#options.indexers ?? {}).map(([name, indexer]) => [name, indexer(object)]);
  }
}
