// The routers that a Rollout may name. A new one is a folder beside this file, a line here, and one in modules.ts, which does not compile
// without it.
import { namesIn } from '../api/form-table.ts';
import type { RouterForms } from '../api/router-form.ts';
import { gatewayApiForm } from './gateway-api/schema.ts';
import { istioForm } from './istio/schema.ts';

export const ROUTER_FORMS = { istio: istioForm, gatewayAPI: gatewayApiForm } satisfies RouterForms;

export const ROUTER_NAMES = namesIn(ROUTER_FORMS);
