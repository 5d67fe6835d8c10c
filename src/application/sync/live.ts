// The live objects that Applications have applied: one watch per kind, opened when the kind is first met, restricted to labelled objects.
import type { KubeObject, Resource } from '../../api/k8s.ts';
import { APPLICATION_LABEL } from '../../api/names.ts';
import { objectKey } from '../../api/object-key.ts';
import type { ApplicationControllerDeps, OpenedCache } from '../ports.ts';

type LiveDeps = Pick<ApplicationControllerDeps, 'openCache' | 'clock'>;

/** How long the first list of a kind may take. */
const SYNC_MS = 10_000;

export class LiveObjects {
  readonly #caches = new Map<string, OpenedCache>();
  readonly #closing = new AbortController();
  readonly #deps: LiveDeps;
  readonly #changed: (key: string, object: KubeObject) => void;

  /** `changed` is called for every change of a labelled object. */
  constructor(deps: LiveDeps, changed: (key: string, object: KubeObject) => void) {
    this.#deps = deps;
    this.#changed = changed;
  }

  /** The cache of a kind, with its first list in. */
  async of(resource: Resource): Promise<OpenedCache> {
    this.#closing.signal.throwIfAborted();
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
        this.#changed(objectKey(ref), object);
      });
      cache.start();
    }
    await this.#synced(cache, resource);
    return cache;
  }

  /** A kind that cannot be listed (no permission, say) must not hold up the others for ever. */
  async #synced(cache: OpenedCache, { kind }: Resource): Promise<void> {
    const waiting = new AbortController();
    const late = new Error(`cannot watch ${kind} objects; is the agent allowed to list and watch them?`);
    const cancel = this.#deps.clock.after(SYNC_MS, () => waiting.abort(late));
    try {
      await cache.synced(AbortSignal.any([waiting.signal, this.#closing.signal]));
    } finally {
      cancel();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the agent is stopping'));
    await Promise.all([...this.#caches.values()].map((cache) => cache.stop()));
  }
}
