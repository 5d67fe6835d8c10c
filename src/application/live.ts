// The live objects that Applications have applied: one watch per kind, opened when the kind is first met, restricted to labelled objects.
import type { KubeObject, Resource } from '../api/k8s.ts';
import { APPLICATION_LABEL } from '../api/names.ts';
import { keyOf } from './identity.ts';
import type { ApplicationControllerDeps, OpenedCache } from './ports.ts';

export class LiveObjects {
  readonly #caches = new Map<string, OpenedCache>();
  readonly #deps: Pick<ApplicationControllerDeps, 'openCache'>;
  readonly #changed: (key: string, object: KubeObject) => void;

  /** `changed` is called for every change of a labelled object. */
  constructor(deps: Pick<ApplicationControllerDeps, 'openCache'>, changed: (key: string, object: KubeObject) => void) {
    this.#deps = deps;
    this.#changed = changed;
  }

  /** The cache of a kind, with its first list in. */
  async of(resource: Resource): Promise<OpenedCache> {
    const id = `${resource.group}/${resource.plural}`;
    let cache = this.#caches.get(id);
    if (!cache) {
      cache = this.#deps.openCache(resource, APPLICATION_LABEL);
      this.#caches.set(id, cache);
      cache.onChange(({ object }) => {
        const { namespace, name } = object.metadata;
        const ref = {
          group: resource.group,
          kind: resource.kind,
          ...(namespace === undefined ? {} : { namespace }),
          name,
        };
        this.#changed(keyOf(ref), object);
      });
      cache.start();
    }
    await cache.synced();
    return cache;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#caches.values()].map((cache) => cache.stop()));
  }
}
