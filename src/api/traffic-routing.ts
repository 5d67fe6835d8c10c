// Who splits the traffic between two revisions: the routers that there are, each with its own form.
import { z } from 'zod';
import { ROUTER_FORMS, ROUTER_NAMES, namedForms } from '../traffic/forms.ts';
import { ruled } from './rules.ts';

const { istio, gatewayAPI } = ROUTER_FORMS;

/** Without rules: what is driven already is still to be known where a rule came later. */
export const drivenRoutingSchema = z.object({
  istio: istio.fields.optional(),
  gatewayAPI: gatewayAPI.fields.optional(),
});

export const trafficRoutingSchema = ruled(
  z.object({
    istio: ruled(istio.fields, ...istio.rules).optional(),
    gatewayAPI: ruled(gatewayAPI.fields, ...gatewayAPI.rules).optional(),
  }),
  {
    cel: ROUTER_NAMES.map((name) => `has(self.${name})`).join(' || '),
    message: `name a router: ${ROUTER_NAMES.join(' or ')}`,
    holds: (routing) => ROUTER_NAMES.some((name) => routing[name] !== undefined),
  },
);

type Routing = z.infer<typeof trafficRoutingSchema>;

const alone = namedForms({}).flatMap(({ name, form: { withoutServices: by } }) => (by ? [{ name, by }] : []));

/** Where a router tells the revisions apart without two Services, as CEL on the path of the routing. */
export const withoutServicesCel = (path: string): string =>
  alone.map(({ name, by }) => `(has(${path}.${name}) && ${by.cel(`${path}.${name}`)})`).join(' || ');

export const withoutServicesText = alone.map(({ by }) => by.text).join(' or ');

/** Whether a router tells the revisions apart without two Services. */
export const isWithoutServices = (routing: Routing): boolean =>
  namedForms(routing).some(({ form, config }) => config !== undefined && form.withoutServices?.holds(config as never));
