// The live objects that Applications have applied: one watch for each kind, namespace and account, opened when first met and restricted to
// labelled objects. Nothing waits for a watch: it is ready, on its way, or cannot be had, and becoming ready is an event.
import { apiVersionOf, type KubeObject, type Resource } from '../../api/k8s.ts';
import { APPLICATION_LABEL } from '../../api/names.ts';
import type { ObjectKey } from '../../api/object-key.ts';
import type { Cancel } from '../../ports/clock.ts';
import type { ApplicationControllerDeps, OpenedCache } from '../ports.ts';
import { ruleFor } from './check.ts';

type LiveDeps = Pick<ApplicationControllerDeps, 'openCache' | 'clock'>;

export interface Selection {
  /** Undefined: all that this process may follow. */
  namespace: string | undefined;
  /** User to act as; undefined: Sluice itself. */
  as: string | undefined;
  /** The Application that asks. */
  by: ObjectKey;
  /** Only what Applications applied. Default true. */
  labelled?: boolean;
}

export type Followed =
  { state: 'ready'; cache: OpenedCache } | { state: 'pending' } | { state: 'failed'; message: string };

interface Watch {
  cache: OpenedCache;
  state: Followed;
  cancel: Cancel;
  /** Applications that look by it. */
  readonly users: Set<ObjectKey>;
}

export interface LiveNews {
  /** A followed object has changed. */
  changed(object: KubeObject): void;
  /** A watch has become ready, or late: these Applications asked for it. */
  settled(applications: readonly ObjectKey[]): void;
}

/** After so long a kind that was never listed is told of as one that cannot be watched; it is tried on. */
const LATE_MS = 10_000;

export class LiveObjects {
  readonly #watches = new Map<string, Watch>();
  /** By Application, the watches it looks by, and whether its newest look has asked for each. */
  readonly #asked = new Map<ObjectKey, Map<string, boolean>>();
  readonly #closing = new AbortController();
  readonly #deps: LiveDeps;
  readonly #tell: LiveNews;

  constructor(deps: LiveDeps, tell: LiveNews) {
    this.#deps = deps;
    this.#tell = tell;
  }

  follow(resource: Resource, { namespace, as, by, labelled = true }: Selection): Followed {
    const where = resource.namespaced ? (namespace ?? '') : '';
    const id = JSON.stringify([resource.group, resource.plural, where, as ?? '', labelled]);
    this.#asked.set(by, (this.#asked.get(by) ?? new Map<string, boolean>()).set(id, true));
    const known = this.#watches.get(id);
    known?.users.add(by);
    if (known) return known.state;
    const options = {
      namespace: where === '' ? undefined : where,
      as,
      labelSelector: labelled ? APPLICATION_LABEL : undefined,
    };
    const cache = this.#deps.openCache(resource, options);
    const watch: Watch = {
      cache,
      state: { state: 'pending' },
      cancel: this.#late(resource, id, as),
      users: new Set([by]),
    };
    this.#watches.set(id, watch);
    cache.onChange(({ object }) =>
      this.#tell.changed({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind }),
    );
    cache.start();
    void cache.synced(this.#closing.signal).then(
      () => this.#ready(watch),
      () => {}, // closing
    );
    return watch.state;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the agent is stopping'));
    for (const { cancel } of this.#watches.values()) cancel();
    await Promise.all([...this.#watches.values()].map(({ cache }) => cache.stop()));
  }

  /** A look of the Application begins. What the one before did not ask for, such as a kind that was refused, is not followed any more. */
  begin(key: ObjectKey): void {
    const asked = this.#asked.get(key) ?? new Map<string, boolean>();
    for (const [id, isAsked] of asked) {
      asked.set(id, false);
      if (!isAsked) this.#leave(id, key);
    }
  }

  /** The Application is gone. */
  forget(key: ObjectKey): void {
    for (const id of this.#asked.get(key)?.keys() ?? []) this.#leave(id, key);
    this.#asked.delete(key);
  }

  #leave(id: string, key: ObjectKey): void {
    this.#asked.get(key)?.delete(id);
    const watch = this.#watches.get(id);
    watch?.users.delete(key);
    if (!watch || watch.users.size > 0) return;
    this.#watches.delete(id);
    watch.cancel();
    void watch.cache.stop();
  }

  #ready(watch: Watch): void {
    watch.cancel();
    watch.state = { state: 'ready', cache: watch.cache };
    this.#tell.settled([...watch.users]);
  }

  #late(resource: Resource, id: string, as: string | undefined): Cancel {
    return this.#deps.clock.after(LATE_MS, () => {
      const watch = this.#watches.get(id);
      if (watch?.state.state !== 'pending') return;
      const who =
        as === undefined ? 'Sluice' : as.replace(/^system:serviceaccount:/, 'ServiceAccount ').replace(':', '/');
      const message = `${resource.kind} objects cannot be watched: ${who} needs ${ruleFor(resource)}`;
      watch.state = { state: 'failed', message };
      this.#tell.settled([...watch.users]);
    });
  }
}
