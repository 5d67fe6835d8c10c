// Tells the records that this process makes from those that another process makes under the same name, by their versions. It asks nobody:
// what it goes by are the answers to its own writes, and the watch.
import type { ObjectKey } from '../api/object-key.ts';
import { isTransient } from '../kube/errors.ts';
import type { Identified } from '../kube/types.ts';

export class OwnWrites<O extends Identified> {
  readonly #seen: (object: O) => void;
  /** What the watch showed while a write of this process was under way. */
  readonly #meanwhile = new Map<ObjectKey, O[]>();
  /** A write was not answered: it may have taken effect, and may be shown yet. */
  readonly #lost = new Set<ObjectKey>();

  /** `seen` is called with each record of another process. */
  constructor(seen: (object: O) => void) {
    this.#seen = seen;
  }

  /** Makes a write, of which there is one at a time for each key. */
  async make(key: ObjectKey, write: () => Promise<O>): Promise<void> {
    const meanwhile: O[] = [];
    this.#meanwhile.set(key, meanwhile);
    let own: string | undefined;
    try {
      own = (await write()).metadata.resourceVersion;
    } catch (error) {
      if (isTransient(error)) this.#lost.add(key);
      throw error;
    } finally {
      this.#meanwhile.delete(key);
      if (!this.#lost.has(key))
        meanwhile.filter(({ metadata }) => metadata.resourceVersion !== own).forEach(this.#seen);
    }
  }

  /** The watch, or the answer to a write, shows a new record. */
  shown(key: ObjectKey, object: O): void {
    const meanwhile = this.#meanwhile.get(key);
    if (meanwhile !== undefined) meanwhile.push(object);
    else if (!this.#lost.delete(key)) this.#seen(object);
  }

  forget(key: ObjectKey): void {
    this.#lost.delete(key);
  }
}
