// Caches of the kinds that Rollouts drive: each is opened when a plan first names its kind. Nothing waits at the start for a kind that is not
// served or may not be read: a Rollout waits for its own kinds alone, and is told of by the one that cannot be had.
import type { KubeObject, Resource } from '../api/k8s.ts';
import type { Clock } from '../ports/clock.ts';
import { OnDemandCaches, type Followed } from '../kube/on-demand-caches.ts';
import type { ChangeHandler, WatchCache } from '../kube/watch-cache.ts';
import { drivenKind } from '../traffic/modules.ts';

type Cache = WatchCache<KubeObject>;

export interface DrivenCaches {
  /** Opens what is not open yet. */
  follow(kinds: Iterable<Resource>): void;
  /** Undefined for a kind that nobody asked for. */
  of(kind: Resource): Followed<Cache> | undefined;
  /** Whether nothing of these kinds is on its way any more. */
  areKnown(kinds: Iterable<Resource>): boolean;
  /** Changes of all of them, also of those that are opened later. */
  onChange(handler: (change: Parameters<ChangeHandler<KubeObject>>[0], kind: Resource) => void): () => void;
  /** A kind has become ready, or cannot be had. */
  onKnown(handler: (kind: Resource) => void): () => void;
  /** By the name of its kind; undefined where it is not open. */
  byKind(name: string | undefined): Cache | undefined;
  /** Those that are open. */
  all(): readonly Cache[];
  stop(): Promise<void>;
}

export interface DrivenCacheDeps {
  clock: Clock;
  open: (kind: Resource) => Cache;
  /** A cache was opened. */
  onOpen?: ((kind: Resource, cache: Cache) => void) | undefined;
}

export function createDrivenCaches({ clock, open, onOpen }: DrivenCacheDeps): DrivenCaches {
  const caches = new OnDemandCaches<Cache>(clock);
  const changeHandlers = new Set<Parameters<DrivenCaches['onChange']>[0]>();
  const knownHandlers = new Set<(kind: Resource) => void>();
  const follow = (kind: Resource): Followed<Cache> =>
    caches.follow(idOf(kind), {
      open() {
        const cache = open(kind);
        cache.onChange((change) => changeHandlers.forEach((handler) => handler(change, kind)));
        onOpen?.(kind, cache);
        return cache;
      },
      late: () => lateText(kind),
      settled: () => knownHandlers.forEach((handler) => handler(kind)),
    });
  return {
    follow(kinds) {
      for (const kind of kinds) follow(kind);
    },
    of: (kind) => caches.of(idOf(kind)),
    areKnown: (kinds) => [...kinds].every((kind) => (caches.of(idOf(kind))?.state ?? 'pending') !== 'pending'),
    onChange(handler) {
      changeHandlers.add(handler);
      return () => void changeHandlers.delete(handler);
    },
    onKnown(handler) {
      knownHandlers.add(handler);
      return () => void knownHandlers.delete(handler);
    },
    byKind: (name) => caches.all().find(({ resource }) => resource.kind === name),
    all: () => caches.all(),
    stop: () => caches.stop(),
  };
}

const idOf = ({ group, plural }: Resource): string => `${plural}.${group}`;

function lateText(resource: Resource): string {
  const { group, plural, kind } = resource;
  const verbs = [...(drivenKind(resource)?.verbs ?? [])];
  const last = verbs.pop() ?? '';
  return `${kind} objects cannot be watched: Sluice needs the verbs ${verbs.join(', ')} and ${last} on ${plural}.${group}`;
}
