// What every controller is: kinds that it follows, a queue of the keys that their changes concern, and a look at one key after another.
import type { KubeObject } from '../objects.ts';
import type { KeyQueue } from './key-queue.ts';
import type { Change, KindCache } from './kind-cache.ts';

/** A kind to follow: calls `add` with each key that a change concerns, from what is there already on. */
export type Follow = (add: (key: string) => void) => void;

/** `keysOf` only takes note: it writes nothing. */
export const follow =
  <T extends KubeObject>(cache: KindCache<T>, keysOf: (change: Change<T>) => Iterable<string>): Follow =>
  (add) =>
    cache.listen((change) => {
      for (const key of keysOf(change)) add(key);
    });

/** The object as it is now and as it was: a change may concern what it has left. */
export const versionsIn = <T>({ object, old }: Change<T>): T[] => (old === undefined ? [object] : [object, old]);

export interface ControllerOptions {
  kinds: readonly Follow[];
  queue: KeyQueue;
  /** Looks at one object, and brings it nearer to what it asks for. A StatusError in it is tried again. */
  reconcile: (key: string) => void;
}

/** Starts looking; the queue is where a controller asks to look again, and what ends it. */
export function startController({ kinds, queue, reconcile }: ControllerOptions): KeyQueue {
  queue.start(reconcile);
  for (const each of kinds) each((key) => queue.add(key));
  return queue;
}
