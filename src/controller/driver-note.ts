// What a Rollout has noted on a route that it drives, against what it names now: entries that it names no more are handed back.
import type { Driver } from '../api/annotations.ts';
import type { KubeObject } from '../api/k8s.ts';
import { objectKey, objectKeyOf } from '../api/object-key.ts';
import type { Traffic } from '../api/traffic.ts';
import type { DrivenObject, DrivenRoute, Split } from '../traffic/driven.ts';
import { idOf } from '../traffic/driven-objects.ts';
import { driverOn, isNoted } from '../traffic/marks.ts';
import { isRoute, routedObjects } from '../traffic/modules.ts';

/** How a Rollout goes on driving an object. */
export interface Going {
  /** What it notes. */
  readonly driver: Driver;
  /** What it drives of the object. */
  readonly driven: readonly DrivenObject[];
}

/** Entries that are named no more. */
export interface Dropped {
  /** The route as it was noted. */
  readonly route: DrivenRoute;
  readonly places: readonly number[];
  /** What becomes of its previews. */
  readonly previews: Split['preview'];
}

/** What is noted on a route with its weights. */
export const driverOf = ({ canaryService, stableService, trafficRouting }: Traffic): Driver =>
  ({ canaryService, stableService, trafficRouting }) as Driver;

/** What a Rollout has noted to drive of the object and names no more; undefined where that is nothing, or cannot be told. */
export function droppedOf(object: KubeObject, rollout: string, { driver, driven }: Going): Dropped | undefined {
  const before = isNoted(object, rollout, driver) ? undefined : driverOn(object, rollout);
  const route = before && routeOf(object, rollout, before);
  const now = driven.filter(isRoute);
  // What it names now may be what it named before, as long as that cannot be read.
  if (route === undefined || now.some((each) => each.places(object).length === 0)) return undefined;
  const named = placesOf(object, now);
  const places = route.places(object).filter((place) => !named.has(place));
  // Of one key they are the Rollout's own to bring where it wants them.
  const previews = now.some(({ previewKey }) => previewKey === route.previewKey) ? undefined : null;
  return places.length === 0 ? undefined : { route, places, previews };
}

/** Places of all entries that these drive. */
export const placesOf = (object: KubeObject, driven: readonly DrivenObject[]): Set<number> =>
  new Set(driven.filter(isRoute).flatMap((each) => each.places(object)));

/** The route as its driver had it. */
export function routeOf(object: KubeObject, rollout: string, driver: Driver): DrivenRoute | undefined {
  const [home = ''] = rollout.split('/');
  const key = objectKeyOf(object);
  return routedObjects(driver, home)
    .filter(isRoute)
    .find((route) => objectKey(idOf(route)) === key);
}
