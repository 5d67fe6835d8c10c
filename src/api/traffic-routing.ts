// Who splits the traffic of a canary: a mesh or a gateway, and the objects of theirs that are driven.
import { z } from 'zod';
import { name } from './fields.ts';
import { ruled } from './rules.ts';

const virtualService = z.object({
  name: z.string().min(1).max(507).describe('Name, or name.namespace.'),
  routes: z
    .array(z.string().max(253))
    .max(64)
    .optional()
    .describe('Names of http routes; may be left out where there is one.'),
});

const istio = z.object({
  virtualService: virtualService.optional(),
  virtualServices: z.array(virtualService).min(1).max(16).optional(),
  destinationRule: z
    .object({ name, canarySubsetName: z.string().min(1).max(253), stableSubsetName: z.string().min(1).max(253) })
    .optional()
    .describe('Split by subsets of one host instead of by two Services.'),
});

const gatewayAPI = z.object({
  httpRoute: name.optional().describe('Name of one HTTPRoute.'),
  httpRoutes: z.array(z.object({ name })).min(1).max(16).optional(),
});

/** Without its rules: what is driven already is still to be known where a rule came later. */
export const drivenRoutingSchema = z.object({ istio: istio.optional(), gatewayAPI: gatewayAPI.optional() });

export const trafficRoutingSchema = ruled(
  z.object({
    istio: ruled(istio, {
      cel: 'has(self.virtualService) != has(self.virtualServices)',
      message: 'give virtualService or virtualServices, one of them',
      holds: (mesh) => (mesh.virtualService === undefined) !== (mesh.virtualServices === undefined),
    }).optional(),
    gatewayAPI: ruled(gatewayAPI, {
      cel: 'has(self.httpRoute) != has(self.httpRoutes)',
      message: 'give httpRoute or httpRoutes, one of them',
      holds: ({ httpRoute, httpRoutes }) => (httpRoute === undefined) !== (httpRoutes === undefined),
    }).optional(),
  }),
  {
    cel: 'has(self.istio) || has(self.gatewayAPI)',
    message: 'name a router: istio or gatewayAPI',
    holds: (routing) => routing.istio !== undefined || routing.gatewayAPI !== undefined,
  },
);
