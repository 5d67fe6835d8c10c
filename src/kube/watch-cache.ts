// A dependable list-watch cache: it survives dropped, silent and expired watches, handlers that throw, and a resource that is not
// served yet. What Sluice itself wrote is put in at once (`observe`), and late events never overwrite it.
import type { Resource } from '../api/k8s.ts';
import { delay } from '../ports/clock.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { backoffMs } from './backoff.ts';
import { isExpired, isNotFound } from './errors.ts';
import { Tombstones, isNewer } from './freshness.ts';
import { keyFor, keyOf, ObjectStore } from './object-store.ts';
import type { Indexers } from './object-store.ts';
import type { Identified, KubeClient, List, Selection, WatchEvent } from './types.ts';
import { Watchdog } from './watchdog.ts';

export interface Change<T> {
  type: 'added' | 'updated' | 'deleted';
  /** The object; for `deleted` its last known state. */
  object: T;
  /** What was cached before, for `updated` and `deleted`. */
  old?: T;
}

export type ChangeHandler<T> = (change: Change<T>) => void;

export interface WatchCacheOptions<T extends Identified> extends Selection {
  client: Pick<KubeClient, 'list' | 'watch'>;
  resource: Resource;
  clock: Clock;
  /** In [0, 1); spreads timeouts and retries. */
  random: () => number;
  log: Log;
  index?: Indexers<T>;
  /**
   * Applied before caching. Default: drops `metadata.managedFields`. May change and return its argument. `known`: what the cache holds of the
   * same object so far.
   */
  transform?: (object: T, known: T | undefined) => T;
  /** Called each time the watch is set up again after trouble (not after its ordinary end). */
  onRestart?: () => void;
}

const WATCH_SECONDS = 300;
const RECONNECT = { baseMs: 200, maxMs: 30_000 };
const ABSENT = { baseMs: 500, maxMs: 10_000 };
/** A watch that ends sooner than this without an event counts as a failure, so that a broken proxy is not hammered. */
const SHORT_WATCH_MS = 1_000;
/** Cached objects outlive a "not served" for this long: a server that is just starting may say so by mistake. */
const ABSENT_GRACE_MS = 10_000;
const UNHEALTHY_AFTER_MS = 60_000;
/** A watch that was not refused for this long has been answered, even if nothing came (headers have 30 s). */
const SURELY_OPEN_MS = 35_000;

export class WatchCache<T extends Identified> {
  readonly resource: Resource;
  readonly #options: WatchCacheOptions<T>;
  readonly #store: ObjectStore<T>;
  readonly #gone = new Tombstones();
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #stopped = new AbortController();
  readonly #watchdog: Watchdog;
  readonly #ready: Promise<void>;
  #markReady: () => void = () => undefined;
  #isReady = false;
  #running: Promise<void> | undefined;
  #resourceVersion: string | undefined;
  #failures = 0;
  #failingSince: number | undefined;
  #watchingSince: number | undefined;
  #absentSince: number | undefined;
  #epoch = 0;
  /** Keys put in by `observe` since the list in progress began; that list cannot know them. */
  #observedInList: Set<string> | undefined;

  constructor(options: WatchCacheOptions<T>) {
    this.resource = options.resource;
    this.#options = options;
    this.#store = new ObjectStore<T>(options.index ?? {});
    this.#watchdog = new Watchdog(options.clock);
    this.#ready = new Promise((resolve) => (this.#markReady = resolve));
  }

  /** Begins to list and watch. Calling it again, or after `stop`, does nothing. */
  start(): void {
    if (!this.#stopped.signal.aborted) this.#running ??= this.#run();
  }

  /** Ends everything; resolves when nothing runs any more. No handler is called afterwards. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the cache was stopped'));
    this.#handlers.clear();
    await this.#running;
  }

  /** Objects are shared: do not change what is returned. */
  get(namespace: string | undefined, name: string): T | undefined {
    return this.#store.get(keyFor(namespace, name));
  }

  list(namespace?: string): T[] {
    return this.#store.list(namespace);
  }

  /** The objects that the named index files under `value`. Throws for an index that was not declared. */
  by(index: string, value: string): T[] {
    return this.#store.by(index, value);
  }

  get size(): number {
    return this.#store.size;
  }

  /** False while the API server does not serve the resource (its CRD is missing). */
  get served(): boolean {
    return this.#absentSince === undefined;
  }

  /** Calls `handler` for every later change, also those that `observe` makes. Returns how to stop that. */
  onChange(handler: ChangeHandler<T>): () => void {
    if (!this.#stopped.signal.aborted) this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  /**
   * Puts in what a write answered, so that the next pass sees it. Ignored when the cache knows something newer, when the object was
   * deleted meanwhile, or when it lies outside the cache's namespace. With a label selector: only give objects that match it.
   */
  observe(object: T): void {
    const { namespace } = this.#options;
    if (namespace !== undefined && object.metadata.namespace !== namespace) return;
    const tombstone = this.#gone.find(object.metadata.uid);
    if (tombstone !== undefined && !outlives(object, tombstone.resourceVersion)) return;
    this.#observedInList?.add(keyOf(object));
    this.#put(object);
  }

  /** Takes out what was just deleted (a successful delete without finalizers); late events of that uid change nothing. */
  forget(key: string, uid: string): void {
    this.#gone.add(uid, { resourceVersion: undefined, epoch: this.#epoch });
    const known = this.#store.get(key);
    if (known?.metadata.uid === uid) this.#remove(key, known);
  }

  /** Resolves after the first complete list, or as soon as it is known that the resource is not served. Rejects with the signal's reason. */
  async synced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined || this.#isReady) return this.#ready;
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      void this.#ready.then(() => {
        signal.removeEventListener('abort', leave);
        resolve();
      });
    });
  }

  /** False before the first list, after `stop`, and when the server could not be followed for a minute. */
  healthy(): boolean {
    if (!this.#isReady || this.#stopped.signal.aborted) return false;
    const since = this.#failingSince;
    const now = this.#options.clock.now();
    if (since === undefined || now - since < UNHEALTHY_AFTER_MS) return true;
    return this.#watchingSince !== undefined && now - this.#watchingSince > SURELY_OPEN_MS;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#follow();
      } catch (error) {
        if (!signal.aborted) await this.#recover(error);
      }
    }
  }

  async #follow(): Promise<void> {
    if (this.#resourceVersion === undefined) await this.#relist();
    const { clock } = this.#options;
    const began = clock.now();
    this.#watchingSince = began;
    try {
      const progress = await this.#watch();
      if (this.#stopped.signal.aborted || progress || clock.now() - began >= SHORT_WATCH_MS) return;
      throw new Error('the watch ended at once');
    } finally {
      this.#watchingSince = undefined;
      if (clock.now() - began > SURELY_OPEN_MS) this.#recovered();
    }
  }

  async #relist(): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options;
    this.#epoch++;
    this.#observedInList = new Set();
    try {
      const selection = { namespace, labelSelector, fieldSelector };
      const list = await client.list<T>(resource, selection, { signal: this.#stopped.signal });
      if (this.#stopped.signal.aborted) return;
      this.#replace(list, this.#observedInList);
    } finally {
      this.#observedInList = undefined;
    }
    this.#absentSince = undefined;
    this.#failingSince = undefined;
    this.#becomeReady();
  }

  #replace(list: List<T>, observed: ReadonlySet<string>): void {
    const listed = new Set<string>();
    for (const item of list.items) {
      const key = keyOf(item);
      listed.add(key);
      this.#relisted(item);
    }
    for (const key of this.#store.keys()) {
      const known = this.#store.get(key);
      if (known === undefined || listed.has(key)) continue;
      const numeric = /^\d+$/.test(list.resourceVersion);
      const later = numeric ? isNewer(known.metadata.resourceVersion, list.resourceVersion) : observed.has(key);
      if (!later) this.#delete(known, list.resourceVersion);
    }
    this.#resourceVersion = list.resourceVersion;
  }

  #relisted(item: T): void {
    const tombstone = this.#gone.find(item.metadata.uid);
    if (tombstone !== undefined) {
      // Forgotten while this list was under way, so the list may be from before.
      const stale = tombstone.resourceVersion === undefined && tombstone.epoch >= this.#epoch;
      if (stale || (tombstone.resourceVersion !== undefined && !outlives(item, tombstone.resourceVersion))) return;
    }
    this.#put(item);
  }

  /** Follows one watch to its end; true when it brought anything. */
  async #watch(): Promise<boolean> {
    const { client, resource, random, namespace, labelSelector, fieldSelector } = this.#options;
    const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + random()));
    const ended = new AbortController();
    const stop = (): void => ended.abort(this.#stopped.signal.reason);
    this.#stopped.signal.addEventListener('abort', stop, { once: true });
    const guard = this.#watchdog.guard(timeoutSeconds, (reason) => ended.abort(reason));
    const options = {
      resourceVersion: this.#resourceVersion,
      timeoutSeconds,
      namespace,
      labelSelector,
      fieldSelector,
    };
    let progress = false;
    try {
      for await (const event of client.watch<T>(resource, options, ended.signal)) {
        if (this.#stopped.signal.aborted) break;
        guard.seen(event.type === 'BOOKMARK');
        this.#apply(event);
        progress = true;
        this.#recovered();
      }
      if (ended.signal.aborted && !this.#stopped.signal.aborted) throw ended.signal.reason;
    } finally {
      guard.end();
      this.#stopped.signal.removeEventListener('abort', stop);
      ended.abort(); // whatever broke the loop, the connection goes too
    }
    return progress;
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') {
      this.#resourceVersion = event.resourceVersion || this.#resourceVersion;
      return;
    }
    const { object } = event;
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
    if (event.type === 'DELETED') this.#delete(object);
    else this.#changed(object);
  }

  #changed(object: T): void {
    const tombstone = this.#gone.find(object.metadata.uid);
    // What our delete call took out may still be there, held by finalizers; then it says that it is being deleted.
    const held = tombstone?.resourceVersion === undefined && object.metadata.deletionTimestamp !== undefined;
    if (tombstone === undefined || held || outlives(object, tombstone.resourceVersion)) this.#put(object);
  }

  /** With a selector, DELETED may also mean that the object no longer matches; a newer state of it is then news. */
  #delete(object: T, resourceVersion = object.metadata.resourceVersion): void {
    this.#gone.add(object.metadata.uid, { resourceVersion, epoch: this.#epoch });
    const key = keyOf(object);
    const known = this.#store.get(key);
    if (known !== undefined && known.metadata.uid === object.metadata.uid) this.#remove(key, known);
  }

  #put(incoming: T): void {
    const key = keyOf(incoming);
    const known = this.#store.get(key);
    if (known !== undefined && !isNewer(incoming.metadata.resourceVersion, known.metadata.resourceVersion)) return;
    const isAnother = known !== undefined && known.metadata.uid !== incoming.metadata.uid;
    const object = (this.#options.transform ?? dropManagedFields)(incoming, isAnother ? undefined : known);
    this.#gone.forget(object.metadata.uid);
    if (isAnother) {
      const { resourceVersion } = object.metadata;
      this.#gone.add(known.metadata.uid, { resourceVersion, epoch: this.#epoch });
      this.#remove(key, known);
      this.#store.put(object);
      this.#tell({ type: 'added', object });
      return;
    }
    this.#store.put(object);
    this.#tell(known === undefined ? { type: 'added', object } : { type: 'updated', object, old: known });
  }

  #remove(key: string, known: T): void {
    this.#store.remove(key);
    this.#tell({ type: 'deleted', object: known, old: known });
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        this.#options.log.error('a cache handler threw', {
          resource: this.resource.plural,
          object: keyOf(change.object),
          error: String(error),
        });
      }
    }
  }

  async #recover(error: unknown): Promise<void> {
    const { clock, log, random, onRestart } = this.#options;
    const now = clock.now();
    this.#failures++;
    onRestart?.();
    if (isNotFound(error)) return this.#awaitResource(now);
    this.#failingSince ??= now;
    if (isExpired(error)) this.#resourceVersion = undefined;
    const wait = isExpired(error) && this.#failures === 1 ? 0 : backoffMs(this.#failures, { ...RECONNECT, random });
    if (this.#failures > 1) {
      log.warn('cannot follow a resource', {
        resource: this.resource.plural,
        error: error instanceof Error ? error.message : String(error),
        retryInMs: Math.round(wait),
      });
    }
    await delay(clock, wait, this.#stopped.signal);
  }

  /** The resource is not served: waits for its CRD. */
  async #awaitResource(now: number): Promise<void> {
    const { clock, random } = this.#options;
    this.#resourceVersion = undefined;
    this.#absentSince ??= now;
    this.#failingSince = undefined;
    if (now - this.#absentSince >= ABSENT_GRACE_MS || this.#store.size === 0) {
      for (const object of this.#store.list()) this.#delete(object);
      this.#becomeReady();
    }
    await delay(clock, backoffMs(this.#failures, { ...ABSENT, random }), this.#stopped.signal);
  }

  #recovered(): void {
    this.#failures = 0;
    this.#failingSince = undefined;
  }

  #becomeReady(): void {
    this.#isReady = true;
    this.#markReady();
  }
}

/** Whether this state of an object is from after its deletion: it came to match the selector again. */
function outlives(object: Identified, deletedAt: string | undefined): boolean {
  return deletedAt !== undefined && isNewer(object.metadata.resourceVersion, deletedAt);
}

/** As `transform`: for who asks which manager wrote a field. */
export const keepManagedFields = <T>(object: T): T => object;

function dropManagedFields<T extends Identified>(object: T): T {
  delete object.metadata.managedFields;
  return object;
}
