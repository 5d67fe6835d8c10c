// Who splits the traffic between two revisions: the routers that there are, each with its own form.
import { ROUTER_FORMS } from '../traffic/forms.ts';
import { namesIn, optionalFields } from './form-table.ts';
import { isRecord } from './json.ts';
import type { RouterForms } from './router-form.ts';
import { ruled, type Rule } from './rules.ts';

/** What was written, by the name of the router. */
type Routing = Readonly<Record<string, unknown>>;

interface Routed {
  readonly trafficRouting?: Routing | undefined;
  readonly previewRoute?: unknown;
}

/** What a strategy may say of the routers of a table. */
export function routingBy<F extends RouterForms>(forms: F) {
  const names = namesIn(forms);
  return {
    /** Without rules: what is driven already is still to be known where a rule came later. */
    driven: optionalFields(forms, 'fields'),
    declared: ruled(optionalFields(forms, 'schema'), {
      cel: names.map((name) => `has(self.${name})`).join(' || '),
      message: `name a router: ${names.join(' or ')}`,
      holds: (routing: Routing) => names.some((name) => routing[name] !== undefined),
    }),
    withoutServices: withoutServicesBy(forms),
    /** On a strategy, for each router that cannot show the candidate to some requests alone. */
    previewRules: names.filter((name) => forms[name]?.sharesAllAlike).map(previewRule),
  };
}

/** Where a router tells the revisions apart without two Services. */
function withoutServicesBy(forms: RouterForms) {
  const alone = Object.entries(forms).flatMap(([name, { withoutServices: by }]) => (by ? [{ name, by }] : []));
  return {
    /** Given the path of the routing. */
    cel: (path: string): string =>
      alone.map(({ name, by }) => `(has(${path}.${name}) && ${by.cel(`${path}.${name}`)})`).join(' || '),
    text: alone.map(({ by }) => by.text).join(' or '),
    holds: (routing: Routing): boolean =>
      alone.some(({ name, by }) => {
        const config = routing[name];
        return isRecord(config) && by.holds(config);
      }),
  };
}

const previewRule = (name: string): Rule<Routed> => ({
  cel: `!has(self.previewRoute) || !has(self.trafficRouting) || !has(self.trafficRouting.${name})`,
  at: ['previewRoute'],
  message: `cannot be had with ${name}, which shares all requests out alike: leave it out, or name another router`,
  holds: ({ previewRoute, trafficRouting }) => previewRoute === undefined || trafficRouting?.[name] === undefined,
});

const { driven, declared, withoutServices, previewRules } = routingBy(ROUTER_FORMS);

export const drivenRoutingSchema = driven;
export const trafficRoutingSchema = declared;

/** Rules on a strategy that may have a previewRoute: the routers that cannot show any. */
export const PREVIEW_RULES = previewRules;

/** Where a router tells the revisions apart without two Services, as CEL on the path of the routing. */
export const withoutServicesCel = withoutServices.cel;

export const withoutServicesText = withoutServices.text;

/** Whether a router tells the revisions apart without two Services. */
export const isWithoutServices = withoutServices.holds;
