// What became of an object over time: every state that a watch shows, reduced to what a scenario asks about.
import type { Resource } from '../../../src/api/k8s.ts';
import type { Identified } from '../../../src/kube/types.ts';
import { WatchCache } from '../../../src/kube/watch-cache.ts';
import { systemClock } from '../../../src/ports/clock.ts';
import { silentLog } from '../../../src/ports/log.ts';
import type { World } from './world.ts';

/** Calls `see` with every state of `web` that a watch shows, the present one first. While the API server is away states may be missed. */
export async function follow<T extends Identified>(
  world: World,
  resource: Resource,
  see: (object: T) => void,
): Promise<void> {
  const { client, namespace } = world;
  const own = { clock: systemClock, random: Math.random, log: silentLog };
  const cache = new WatchCache<T>({ client, resource, namespace, ...own });
  cache.onChange(({ type, object }) => {
    if (type !== 'deleted' && object.metadata.name === 'web') see(object);
  });
  cache.start();
  world.atEnd(() => cache.stop());
  await cache.synced();
}

/** Begins to record `web`; a value that equals the one before is left out. */
export async function record<T extends Identified, V>(
  world: World,
  resource: Resource,
  look: (object: T) => V,
): Promise<V[]> {
  const values: V[] = [];
  await follow<T>(world, resource, (object) => {
    const value = look(object);
    if (JSON.stringify(value) !== JSON.stringify(values.at(-1))) values.push(value);
  });
  return values;
}
