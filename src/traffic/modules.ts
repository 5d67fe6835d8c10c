// The routers that there are, and from a declaration to the objects that it drives. A new router is a folder beside this file, a line here,
// and one in forms.ts: its kinds are watched, allowed, handed back and documented from what its module says.
import type { Resource } from '../api/k8s.ts';
import type { Traffic } from '../api/traffic.ts';
import type { DrivenKind, DrivenObject, DrivenRoute, RouterModule } from './driven.ts';
import { ROUTER_NAMES, type RouterName } from './forms.ts';
import { gatewayAPI } from './gateway-api/module.ts';
import { istio } from './istio/module.ts';
import { SERVICE_KIND } from './service.ts';

type Config<N extends RouterName> = NonNullable<NonNullable<Traffic['trafficRouting']>[N]>;

export const ROUTERS: { readonly [N in RouterName]: RouterModule<Config<N>> } = { istio, gatewayAPI };

/** What is driven, in the order in which it is handed back: no weight is on a canary when the selectors let go of it. */
export const DRIVEN_KINDS: readonly DrivenKind[] = [
  ...ROUTER_NAMES.flatMap((name) => ROUTERS[name].kinds).toSorted((a, b) => orderOf(a) - orderOf(b)),
  SERVICE_KIND,
];

function orderOf({ drives }: DrivenKind): number {
  return drives === 'split' ? 0 : 1;
}

/** Undefined for what no Rollout drives. */
export const drivenKind = ({ group, kind }: Pick<Resource, 'group' | 'kind'>): DrivenKind | undefined =>
  DRIVEN_KINDS.find(({ resource }) => resource.kind === kind && resource.group === group);

/** The objects of routers that a Rollout in `namespace` drives; empty without trafficRouting. Throws where its form cannot be read. */
export const routedObjects = (traffic: Traffic, namespace: string): readonly DrivenObject[] =>
  ROUTER_NAMES.flatMap((name) => objectsOf(name, traffic, namespace));

function objectsOf<N extends RouterName>(name: N, traffic: Traffic, namespace: string): readonly DrivenObject[] {
  const config = traffic.trafficRouting?.[name] as Config<N> | undefined;
  return config === undefined ? [] : ROUTERS[name].objects(config, traffic, namespace);
}

/** Its weights are driven; what is no route has selectors. */
export const isRoute = (object: DrivenObject): object is DrivenRoute => object.drives === 'split';
