// From a Rollout's trafficRouting to the objects it drives.
import type { KubeObject } from '../api/k8s.ts';
import type { Canary, TrafficRouting } from '../api/rollout.ts';
import { destinationRuleRouter } from './destination-rule.ts';
import { httpRouteRouter } from './gateway-api.ts';
import { hostMatch, subsetMatch, virtualServiceRouter } from './istio.ts';
import type { Router, SubsetRouter } from './router.ts';

/** By the strategy as it was read, which is never changed: every look at a Rollout asks for its routers, some more than once. */
const known = new WeakMap<Canary, { namespace: string; routers: readonly Router[] }>();

/** The objects whose weights a Rollout in `namespace` drives; empty without trafficRouting. */
export function routersOf(canary: Canary, namespace: string): readonly Router[] {
  const before = known.get(canary);
  if (before?.namespace === namespace) return before.routers;
  const { istio, gatewayAPI } = canary.trafficRouting ?? {};
  const routers = [...virtualServices(canary, istio, namespace), ...httpRoutes(canary, gatewayAPI, namespace)];
  known.set(canary, { namespace, routers });
  return routers;
}

function virtualServices(canary: Canary, istio: TrafficRouting['istio'], namespace: string): Router[] {
  if (istio === undefined) return [];
  const rule = istio.destinationRule;
  const match = (service: string | undefined, subset: string | undefined) =>
    subset === undefined ? hostMatch(service ?? '', namespace) : subsetMatch(subset);
  const listed = istio.virtualServices ?? (istio.virtualService === undefined ? [] : [istio.virtualService]);
  return listed.map((entry) => {
    const [name = '', otherNamespace] = entry.name.split('.');
    return virtualServiceRouter({
      namespace: otherNamespace ?? namespace,
      name,
      routes: entry.routes,
      canary: match(canary.canaryService, rule?.canarySubsetName),
      stable: match(canary.stableService, rule?.stableSubsetName),
    });
  });
}

function httpRoutes(canary: Canary, gateway: TrafficRouting['gatewayAPI'], namespace: string): Router[] {
  if (gateway === undefined) return [];
  const names = gateway.httpRoutes?.map((route) => route.name) ?? [gateway.httpRoute ?? ''];
  const { canaryService = '', stableService = '' } = canary;
  return names
    .filter((name) => name !== '')
    .map((name) => httpRouteRouter({ namespace, name, canaryService, stableService }));
}

/** The DestinationRules whose subsets a Rollout in `namespace` drives. */
export function subsetRoutersOf(canary: Canary, namespace: string): SubsetRouter[] {
  const rule = canary.trafficRouting?.istio?.destinationRule;
  if (rule === undefined) return [];
  const { name, canarySubsetName: canarySubset, stableSubsetName: stableSubset } = rule;
  return [destinationRuleRouter({ namespace, name, canarySubset, stableSubset })];
}

/** The object to apply from Git, with the live weights kept where one of `routers` drives them. */
export function keepWeights(applied: KubeObject, live: KubeObject | undefined, routers: readonly Router[]): KubeObject {
  if (live === undefined) return applied;
  const group = applied.apiVersion.split('/')[0];
  return routers
    .filter((router) => router.kind === applied.kind && router.resource.group === group)
    .filter((router) => router.name === applied.metadata.name && router.namespace === live.metadata.namespace)
    .reduce((object, router) => router.keep(object, live), applied);
}
