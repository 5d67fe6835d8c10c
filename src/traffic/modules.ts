// The routers that there are, and from a declaration to the objects that it drives. A new router is a folder beside this file, a line here,
// and one in forms.ts: its kinds are watched, allowed, handed back and documented from what its module says.
import type { z } from 'zod';
import type { Resource } from '../api/k8s.ts';
import type { RouterForms } from '../api/router-form.ts';
import type { Traffic } from '../api/traffic.ts';
import type { DrivenKind, DrivenObject, DrivenRoute, RouterModule, RouterOwn, Sides } from './driven.ts';
import type { ROUTER_FORMS } from './forms.ts';
import { gatewayAPI } from './gateway-api/module.ts';
import { istio } from './istio/module.ts';
import { SERVICE_KIND } from './service.ts';

/** A module for each form of a table. */
export type RouterModules<F extends RouterForms> = { readonly [N in keyof F]: RouterModule<z.infer<F[N]['fields']>> };

export const ROUTERS: RouterModules<typeof ROUTER_FORMS> = { istio, gatewayAPI };

/** Modules, whatever their forms are. */
type AnyModules = Readonly<Record<string, RouterModule<object>>>;

/** The kinds of the routers of a table: routes first. */
export const kindsBy = (routers: AnyModules): DrivenKind[] =>
  Object.values(routers)
    .flatMap(({ kinds }) => kinds)
    .toSorted((a, b) => orderOf(a) - orderOf(b));

const orderOf = ({ drives }: DrivenKind): number => (drives === 'split' ? 0 : 1);

/** What is driven, in the order in which it is handed back: no weight is on a canary when the selectors let go of it. */
export const DRIVEN_KINDS: readonly DrivenKind[] = [...kindsBy(ROUTERS), SERVICE_KIND];

const own = Object.values<RouterModule<object>>(ROUTERS).flatMap((router) => router.own ?? []);

/** What the controllers of all routers do by themselves. */
export const ROUTERS_OWN: RouterOwn = {
  managers: own.flatMap(({ managers }) => managers),
  configMaps: own.flatMap(({ configMaps }) => configMaps),
};

/** Undefined for what no Rollout drives. */
export const drivenKind = ({ group, kind }: Pick<Resource, 'group' | 'kind'>): DrivenKind | undefined =>
  DRIVEN_KINDS.find(({ resource }) => resource.kind === kind && resource.group === group);

interface Routed extends Sides {
  /** What is declared for each router, by its name. */
  readonly trafficRouting?: Readonly<Partial<Record<string, object>>> | undefined;
}

/** The objects that the routers of a table drive for a Rollout in `namespace`; empty without trafficRouting. Throws where its form cannot be read. */
export const objectsBy = (routers: AnyModules, traffic: Routed, namespace: string): readonly DrivenObject[] =>
  Object.entries(routers).flatMap(([name, router]) => {
    const config = traffic.trafficRouting?.[name];
    return config === undefined ? [] : router.objects(config, traffic, namespace);
  });

/** As `objectsBy`, of the routers that there are. */
export const routedObjects = (traffic: Traffic, namespace: string): readonly DrivenObject[] =>
  objectsBy(ROUTERS, traffic, namespace);

/** Its weights are driven; what is no route has selectors. */
export const isRoute = (object: DrivenObject): object is DrivenRoute => object.drives === 'split';
