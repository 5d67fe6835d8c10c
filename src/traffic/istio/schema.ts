// What a Rollout may say of Istio: the fields below `trafficRouting.istio`.
import { z } from 'zod';
import { name } from '../../api/fields.ts';
import type { RouterForm } from '../../api/router-form.ts';
import { ruled } from '../../api/rules.ts';

const virtualService = z.object({
  name: z.string().min(1).max(507).describe('Name, or name.namespace.'),
  routes: z
    .array(z.string().max(253))
    .max(64)
    .optional()
    .describe('Names of http routes; may be left out where there is one.'),
});

const fields = z.object({
  virtualService: virtualService.optional().describe('The VirtualService whose weights are written.'),
  virtualServices: z.array(virtualService).min(1).max(16).optional().describe('The same for several, in place of one.'),
  destinationRule: z
    .object({
      name: name.describe('Name of the DestinationRule.'),
      canarySubsetName: z.string().min(1).max(253).describe('Subset of the new revision.'),
      stableSubsetName: z.string().min(1).max(253).describe('Subset of the stable revision.'),
    })
    .optional()
    .describe('Split by subsets of one host instead of by two Services.'),
});

export const istioForm = {
  fields,
  schema: ruled(fields, {
    cel: 'has(self.virtualService) != has(self.virtualServices)',
    message: 'give virtualService or virtualServices, one of them',
    holds: (mesh) => (mesh.virtualService === undefined) !== (mesh.virtualServices === undefined),
  }).describe('Istio: weights of the http routes of VirtualServices.'),
  withoutServices: {
    text: 'an istio.destinationRule',
    cel: (self) => `has(${self}.destinationRule)`,
    holds: ({ destinationRule }) => destinationRule !== undefined,
  },
} satisfies RouterForm<z.infer<typeof fields>>;
