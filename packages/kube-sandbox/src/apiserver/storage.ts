// The objects themselves: one counter of revisions for all, the recent history for watches and old lists, and who listens.
import type { Dict } from './json.ts';

export interface StoredEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** `group/plural`. */
  bucket: string;
  /** `namespace/name`, or the name alone. */
  key: string;
  /** For DELETED the last state with the revision of the deletion. Shared: never change it. */
  object: Dict;
  old: Dict | undefined;
  revision: number;
}

/** Bytes order, as the store sorts keys; `/` ends a namespace. */
const byKey = (a: [string, Dict], b: [string, Dict]): number => (a[0] < b[0] ? -1 : 1);

export class Storage {
  readonly #buckets = new Map<string, Map<string, Dict>>();
  readonly #listeners = new Set<(event: StoredEvent) => void>();
  readonly #historyLength: number;
  #history: StoredEvent[] = [];
  #revision = 1;
  /** History begins with the server: nothing was ever at revision 1. */
  #compacted = 1;

  /** `historyLength`: how many events old lists and watches can go back. */
  constructor(historyLength = 10_000) {
    this.#historyLength = historyLength;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Revisions up to this one can no longer be watched from or listed at. */
  get compacted(): number {
    return this.#compacted;
  }

  get(bucket: string, key: string): Dict | undefined {
    return this.#buckets.get(bucket)?.get(key);
  }

  size(bucket: string): number {
    return this.#buckets.get(bucket)?.size ?? 0;
  }

  /** Stores an object (taken over, not copied) at the next revision, which is written into it. */
  put(bucket: string, key: string, object: Dict): Dict {
    const objects = this.#buckets.get(bucket) ?? new Map<string, Dict>();
    this.#buckets.set(bucket, objects);
    const old = objects.get(key);
    const stored = this.#stamp(object);
    objects.set(key, stored);
    this.#record({ type: old === undefined ? 'ADDED' : 'MODIFIED', bucket, key, object: stored, old });
    return stored;
  }

  remove(bucket: string, key: string): void {
    const old = this.#buckets.get(bucket)?.get(key);
    if (old === undefined) return;
    this.#buckets.get(bucket)?.delete(key);
    this.#record({ type: 'DELETED', bucket, key, object: this.#stamp(old), old });
  }

  #stamp(object: Dict): Dict {
    this.#revision++;
    return { ...object, metadata: { ...(object['metadata'] as Dict), resourceVersion: String(this.#revision) } };
  }

  #record(event: Omit<StoredEvent, 'revision'>): void {
    const full = { ...event, revision: this.#revision };
    this.#history.push(full);
    if (this.#history.length > this.#historyLength * 1.5) this.#forget(this.#history.length - this.#historyLength);
    for (const listener of this.#listeners) listener(full);
  }

  #forget(count: number): void {
    this.#compacted = this.#history[count - 1]?.revision ?? this.#compacted;
    this.#history = this.#history.slice(count);
  }

  /** Forgets all history: watches and lists from before now are answered with 410. */
  compact(): void {
    this.#compacted = this.#revision - 1;
    this.#history = [];
  }

  /** Objects in order of their keys; `prefix` is `namespace/`. */
  list(bucket: string, prefix = ''): [string, Dict][] {
    const objects = this.#buckets.get(bucket);
    if (objects === undefined) return [];
    const all = [...objects];
    return (prefix === '' ? all : all.filter(([key]) => key.startsWith(prefix))).sort(byKey);
  }

  /** The same as it was at a revision that is not compacted. */
  listAt(bucket: string, prefix: string, revision: number): [string, Dict][] {
    if (revision >= this.#revision) return this.list(bucket, prefix);
    const objects = new Map(this.list(bucket, prefix));
    for (let i = this.#history.length - 1; i >= 0; i--) {
      const event = this.#history[i];
      if (event === undefined || event.revision <= revision) break;
      if (event.bucket !== bucket || !event.key.startsWith(prefix)) continue;
      if (event.old === undefined) objects.delete(event.key);
      else objects.set(event.key, event.old);
    }
    return [...objects].sort(byKey);
  }

  /** Events after a revision, oldest first. */
  since(bucket: string, revision: number): StoredEvent[] {
    return this.#history.filter((event) => event.revision > revision && event.bucket === bucket);
  }

  /** Called inside each write; listeners must not write. Returns the function that ends it. */
  listen(listener: (event: StoredEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
