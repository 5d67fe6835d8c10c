// Objects by key with named indexes. No freshness rules and no events: watch-cache.ts has those.
import type { Identified } from './types.ts';

export type Indexers<T> = Record<string, (object: T) => readonly string[]>;

/** `namespace/name`, or the bare name of a cluster-scoped object. */
export function keyOf(object: Identified): string {
  return keyFor(object.metadata.namespace, object.metadata.name);
}

/** `namespace/name`, or the name alone for an object of the cluster. */
export function keyFor(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

type Index<T> = Map<string, Map<string, T>>;

export class ObjectStore<T extends Identified> {
  readonly #objects = new Map<string, T>();
  readonly #namespaces: Index<T> = new Map();
  readonly #indexes: Map<string, { keys: (object: T) => readonly string[]; entries: Index<T> }>;

  constructor(indexers: Indexers<T>) {
    this.#indexes = new Map(Object.entries(indexers).map(([name, keys]) => [name, { keys, entries: new Map() }]));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  list(namespace?: string): T[] {
    if (namespace === undefined) return [...this.#objects.values()];
    return [...(this.#namespaces.get(namespace)?.values() ?? [])];
  }

  /** Throws for an index that was not declared. */
  by(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`no index "${name}" was declared`);
    return [...(index.entries.get(value)?.values() ?? [])];
  }

  put(object: T): void {
    const key = keyOf(object);
    this.remove(key);
    this.#objects.set(key, object);
    enter(this.#namespaces, object.metadata.namespace ?? '', key, object);
    for (const { keys, entries } of this.#indexes.values()) {
      for (const value of keys(object)) enter(entries, value, key, object);
    }
  }

  remove(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    leave(this.#namespaces, object.metadata.namespace ?? '', key);
    for (const { keys, entries } of this.#indexes.values()) {
      for (const value of keys(object)) leave(entries, value, key);
    }
  }
}

function enter<T>(index: Index<T>, value: string, key: string, object: T): void {
  const entry = index.get(value);
  if (entry === undefined) index.set(value, new Map([[key, object]]));
  else entry.set(key, object);
}

function leave<T>(index: Index<T>, value: string, key: string): void {
  const entry = index.get(value);
  entry?.delete(key);
  if (entry?.size === 0) index.delete(value);
}
