// The weights that a VirtualService had over time, as a watch tells of them.
import { VIRTUAL_SERVICES } from '../../../src/traffic/istio/virtual-service.ts';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { until } from '../cluster/until.ts';
import { follow } from './history.ts';
import type { World } from './world.ts';

export interface WeightSeen {
  /** Milliseconds on the clock of `performance.now()`. */
  at: number;
  /** Of the second destination: the canary. */
  canary: number;
}

interface VirtualService extends KubeObject {
  spec: { http: { route: { weight?: number }[] }[] };
}

const canaryOf = (route: VirtualService): number => route.spec.http[0]?.route[1]?.weight ?? 0;

/** Begins to watch; the list grows with every change of the weight. */
export async function watchWeights(world: World): Promise<WeightSeen[]> {
  const seen: WeightSeen[] = [];
  await follow<VirtualService>(world, VIRTUAL_SERVICES, (route) => {
    const canary = canaryOf(route);
    if (seen.at(-1)?.canary !== canary) seen.push({ at: performance.now(), canary });
  });
  await until('the first state of the route', () => seen.length > 0);
  return seen;
}

/** The canary's weight as last seen. */
export const weightOf = (seen: readonly WeightSeen[]): number | undefined => seen.at(-1)?.canary;

/** Every weight of the canary in order. */
export const shifts = (seen: readonly WeightSeen[]): number[] => seen.map(({ canary }) => canary);
