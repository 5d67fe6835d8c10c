// The live objects that Applications have applied: one watch for each kind, namespace and account, opened when first met and restricted to
// labelled objects. Nothing waits for a watch: it is ready, on its way, or cannot be had, and becoming ready is an event.
import { apiVersionOf, type KubeObject, type Resource } from '../../api/k8s.ts';
import { APPLICATION_LABEL } from '../../api/names.ts';
import type { ObjectKey } from '../../api/object-key.ts';
import { OnDemandCaches, type Followed } from '../../kube/on-demand-caches.ts';
import type { ApplicationControllerDeps, CacheOptions, OpenedCache } from '../ports.ts';
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

export interface LiveNews {
  /** A followed object has changed. */
  changed(object: KubeObject): void;
  /** A watch has become ready, or late: these Applications asked for it. */
  settled(applications: readonly ObjectKey[]): void;
}

export class LiveObjects {
  readonly #caches: OnDemandCaches<OpenedCache>;
  /** By watch, the Applications that look by it. */
  readonly #users = new Map<string, Set<ObjectKey>>();
  /** By Application, the watches it looks by, and whether its newest look has asked for each. */
  readonly #asked = new Map<ObjectKey, Map<string, boolean>>();
  readonly #deps: LiveDeps;
  readonly #tell: LiveNews;

  constructor(deps: LiveDeps, tell: LiveNews) {
    this.#deps = deps;
    this.#tell = tell;
    this.#caches = new OnDemandCaches(deps.clock);
  }

  follow(resource: Resource, { namespace, as, by, labelled = true }: Selection): Followed<OpenedCache> {
    const where = resource.namespaced ? (namespace ?? '') : '';
    const id = JSON.stringify([resource.group, resource.plural, where, as ?? '', labelled]);
    this.#asked.set(by, (this.#asked.get(by) ?? new Map<string, boolean>()).set(id, true));
    const users = this.#users.get(id) ?? new Set<ObjectKey>();
    this.#users.set(id, users.add(by));
    return this.#caches.follow(id, {
      open: () =>
        this.#open(resource, {
          namespace: where === '' ? undefined : where,
          as,
          labelSelector: labelled ? APPLICATION_LABEL : undefined,
        }),
      late: () => lateText(resource, as),
      settled: () => this.#tell.settled([...users]),
    });
  }

  close(): Promise<void> {
    return this.#caches.stop();
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
    const users = this.#users.get(id);
    users?.delete(key);
    if (users === undefined || users.size > 0) return;
    this.#users.delete(id);
    void this.#caches.close(id);
  }

  #open(resource: Resource, options: CacheOptions): OpenedCache {
    const cache = this.#deps.openCache(resource, options);
    cache.onChange(({ object }) =>
      this.#tell.changed({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind }),
    );
    return cache;
  }
}

function lateText(resource: Resource, as: string | undefined): string {
  const who = as === undefined ? 'Sluice' : as.replace(/^system:serviceaccount:/, 'ServiceAccount ').replace(':', '/');
  return `${resource.kind} objects cannot be watched: ${who} needs ${ruleFor(resource)}`;
}
