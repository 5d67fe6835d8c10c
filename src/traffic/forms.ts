// The routers that a Rollout may name. A new one is a folder beside this file, a line here, and one in modules.ts.
import type { z } from 'zod';
import type { RouterForm } from '../api/router-form.ts';
import { gatewayApiForm } from './gateway-api/schema.ts';
import { istioForm } from './istio/schema.ts';

export const ROUTER_FORMS = { istio: istioForm, gatewayAPI: gatewayApiForm };

export type RouterName = keyof typeof ROUTER_FORMS;

export const ROUTER_NAMES: readonly RouterName[] = ['istio', 'gatewayAPI'];

/** The form of a router, with what was written for it where it is written. */
export interface NamedForm {
  readonly name: RouterName;
  readonly form: Pick<RouterForm<never>, 'withoutServices'> & { readonly fields: z.ZodType };
  readonly config: object | undefined;
}

/** Each router's form with what is declared for it, in the order of `ROUTER_NAMES`; `config` is undefined where it is not used. */
export const namedForms = (routing: Readonly<Partial<Record<RouterName, object | undefined>>>): NamedForm[] =>
  ROUTER_NAMES.map((name) => ({ name, form: ROUTER_FORMS[name], config: routing[name] }));
