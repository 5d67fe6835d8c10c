// Istio as a router: VirtualServices share the requests out, and a DestinationRule, where one is named, tells the revisions apart.
import type { z } from 'zod';
import { DRIVEN_VERBS, type DrivenObject, type DrivenRoute, type RouterModule, type Sides } from '../driven.ts';
import { DESTINATION_RULES, destinationRule, isBoundToRevision, unbindSubsets } from './destination-rule.ts';
import {
  hostMatch,
  LIST,
  subsetMatch,
  VIRTUAL_SERVICES,
  virtualService,
  type DestinationMatch,
} from './virtual-service.ts';
import type { istioForm } from './schema.ts';

type Config = z.infer<typeof istioForm.fields>;

const FIELD = 'trafficRouting.istio';

export const istio: RouterModule<Config> = {
  title: 'Istio',
  kinds: [
    {
      resource: VIRTUAL_SERVICES,
      drives: 'split',
      verbs: DRIVEN_VERBS,
      owned: 'weights of the two destinations of the http routes that are named',
      field: LIST,
    },
    {
      resource: DESTINATION_RULES,
      drives: 'selectors',
      verbs: DRIVEN_VERBS,
      owned: 'the pod hash among the labels of the two subsets that are named',
      field: ['spec', 'subsets'],
      isBound: isBoundToRevision,
      unbind: unbindSubsets,
    },
  ],
  own: { managers: ['istiod', 'pilot-discovery'], configMaps: ['istio-ca-root-cert'] },
  objects: (config, sides, namespace) => [
    ...virtualServices(config, sides, namespace),
    ...destinationRules(config, namespace),
  ],
};

function virtualServices(config: Config, sides: Sides, namespace: string): DrivenRoute[] {
  const rule = config.destinationRule;
  const match = (service: string | undefined, subset: string | undefined): DestinationMatch =>
    subset === undefined ? hostMatch(service ?? '', namespace) : subsetMatch(subset);
  const listed = config.virtualServices ?? (config.virtualService === undefined ? [] : [config.virtualService]);
  return listed.map((entry) => {
    const [name = '', otherNamespace] = entry.name.split('.');
    return virtualService({
      namespace: otherNamespace ?? namespace,
      name,
      field: FIELD,
      routes: entry.routes,
      canary: match(sides.canaryService, rule?.canarySubsetName),
      stable: match(sides.stableService, rule?.stableSubsetName),
    });
  });
}

function destinationRules({ destinationRule: rule }: Config, namespace: string): DrivenObject[] {
  if (rule === undefined) return [];
  const subsets = { canary: rule.canarySubsetName, stable: rule.stableSubsetName };
  return [destinationRule({ namespace, name: rule.name, field: `${FIELD}.destinationRule`, subsets })];
}
