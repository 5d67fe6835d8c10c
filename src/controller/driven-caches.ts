// Caches of the kinds that Rollouts drive: each is opened when a plan first names its kind. Nothing waits at the start for a kind that is not
// served or may not be read: a Rollout waits for its own kinds alone, and is told of by the one that cannot be had.
import type { KubeObject, Resource } from '../api/k8s.ts';
import type { Clock } from '../ports/clock.ts';
import type { ChangeHandler, WatchCache } from '../kube/watch-cache.ts';

/** What is known of a kind. */
export type Followed =
  | { state: 'ready'; cache: WatchCache<KubeObject> }
  /** Asked for; its first list is on its way. */
  | { state: 'pending'; cache: WatchCache<KubeObject> }
  /** Not served, or refused for so long that it is said; it is tried on. */
  | { state: 'failed'; cache: WatchCache<KubeObject>; message: string };

export interface DrivenCaches {
  /** Opens what is not open yet. */
  follow(kinds: Iterable<Resource>): void;
  /** Undefined for a kind that nobody asked for. */
  of(kind: Resource): Followed | undefined;
  /** Whether nothing of these kinds is on its way any more. */
  areKnown(kinds: Iterable<Resource>): boolean;
  /** Changes of all of them, also of those that are opened later. */
  onChange(handler: (change: Parameters<ChangeHandler<KubeObject>>[0], kind: Resource) => void): () => void;
  /** A kind has become ready, or cannot be had. */
  onKnown(handler: (kind: Resource) => void): () => void;
  /** By the name of its kind; undefined where it is not open. */
  byKind(name: string | undefined): WatchCache<KubeObject> | undefined;
  /** Those that are open. */
  all(): readonly WatchCache<KubeObject>[];
  stop(): Promise<void>;
}

/** After so long a kind that was never listed is told of as one that cannot be watched. */
const LATE_MS = 10_000;

export interface DrivenCacheDeps {
  clock: Clock;
  open: (kind: Resource) => WatchCache<KubeObject>;
  /** A cache was opened. */
  onOpen?: ((kind: Resource, cache: WatchCache<KubeObject>) => void) | undefined;
}

export function createDrivenCaches({ clock, open, onOpen }: DrivenCacheDeps): DrivenCaches {
  const followed = new Map<string, Followed>();
  const changeHandlers = new Set<Parameters<DrivenCaches['onChange']>[0]>();
  const knownHandlers = new Set<(kind: Resource) => void>();
  const closing = new AbortController();
  const settle = (kind: Resource, now: Followed): void => {
    followed.set(idOf(kind), now);
    for (const handler of knownHandlers) handler(kind);
  };
  const start = (kind: Resource): void => {
    const cache = open(kind);
    followed.set(idOf(kind), { state: 'pending', cache });
    cache.onChange((change) => changeHandlers.forEach((handler) => handler(change, kind)));
    const cancel = clock.after(LATE_MS, () => settle(kind, { state: 'failed', cache, message: lateText(kind) }));
    closing.signal.addEventListener('abort', cancel, { once: true });
    cache.start();
    void cache.synced(closing.signal).then(
      () => {
        cancel();
        settle(kind, { state: 'ready', cache });
      },
      () => {}, // closing
    );
    onOpen?.(kind, cache);
  };
  return {
    follow(kinds) {
      for (const kind of kinds) if (!followed.has(idOf(kind)) && !closing.signal.aborted) start(kind);
    },
    of: (kind) => followed.get(idOf(kind)),
    areKnown: (kinds) => [...kinds].every((kind) => (followed.get(idOf(kind))?.state ?? 'pending') !== 'pending'),
    onChange(handler) {
      changeHandlers.add(handler);
      return () => void changeHandlers.delete(handler);
    },
    onKnown(handler) {
      knownHandlers.add(handler);
      return () => void knownHandlers.delete(handler);
    },
    byKind: (name) => [...followed.values()].find(({ cache }) => cache.resource.kind === name)?.cache,
    all: () => [...followed.values()].map(({ cache }) => cache),
    async stop() {
      closing.abort(new Error('the controller stops'));
      await Promise.all([...followed.values()].map(({ cache }) => cache.stop()));
    },
  };
}

const idOf = ({ group, plural }: Resource): string => `${plural}.${group}`;

const lateText = ({ group, plural, kind }: Resource): string =>
  `${kind} objects cannot be watched: Sluice needs the verbs get, list, watch and patch on ${plural}.${group}`;
