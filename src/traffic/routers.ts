import type { KubeObject } from '../api/k8s.ts';
import type { Canary } from '../api/rollout.ts';
import type { Router, SubsetRouter } from './router.ts';

/** The objects whose weights a Rollout in `namespace` drives; empty without trafficRouting. */
export declare function routersOf(canary: Canary, namespace: string): Router[];

/** The DestinationRules whose subsets a Rollout in `namespace` drives. */
export declare function subsetRoutersOf(canary: Canary, namespace: string): SubsetRouter[];

/** The object to apply from Git, with the live weights kept where one of `routers` drives them. */
export declare function keepWeights(applied: KubeObject, live: KubeObject | undefined, routers: Router[]): KubeObject;
