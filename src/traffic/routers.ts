// From a Rollout's trafficRouting to the objects it drives.
import type { KubeObject } from '../api/k8s.ts';
import type { Traffic, TrafficRouting } from '../api/rollout.ts';
import { destinationRuleRouter } from './destination-rule.ts';
import { httpRouteRouter } from './gateway-api.ts';
import { hostMatch, subsetMatch, virtualServiceRouter } from './istio.ts';
import type { Router, SubsetRouter } from './router.ts';

/** By the plan's traffic as it was read, which is never changed: every look at a Rollout asks for its routers, some more than once. */
const known = new WeakMap<Traffic, { namespace: string; routers: readonly Router[] }>();

/** The objects whose weights a Rollout in `namespace` drives; empty without trafficRouting. */
export function routersOf(traffic: Traffic, namespace: string): readonly Router[] {
  const before = known.get(traffic);
  if (before?.namespace === namespace) return before.routers;
  const { istio, gatewayAPI } = traffic.trafficRouting ?? {};
  const routers = [...virtualServices(traffic, istio, namespace), ...httpRoutes(traffic, gatewayAPI, namespace)];
  known.set(traffic, { namespace, routers });
  return routers;
}

function virtualServices(traffic: Traffic, istio: TrafficRouting['istio'], namespace: string): Router[] {
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
      canary: match(traffic.canaryService, rule?.canarySubsetName),
      stable: match(traffic.stableService, rule?.stableSubsetName),
    });
  });
}

function httpRoutes(traffic: Traffic, gateway: TrafficRouting['gatewayAPI'], namespace: string): Router[] {
  if (gateway === undefined) return [];
  const names = gateway.httpRoutes?.map((route) => route.name) ?? [gateway.httpRoute ?? ''];
  const { canaryService = '', stableService = '' } = traffic;
  return names
    .filter((name) => name !== '')
    .map((name) => httpRouteRouter({ namespace, name, canaryService, stableService }));
}

/** The DestinationRules whose subsets a Rollout in `namespace` drives. */
export function subsetRoutersOf(traffic: Traffic, namespace: string): SubsetRouter[] {
  const rule = traffic.trafficRouting?.istio?.destinationRule;
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
