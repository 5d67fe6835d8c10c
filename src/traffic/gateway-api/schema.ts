// What a Rollout may say of the Gateway API: the fields below `trafficRouting.gatewayAPI`.
import { z } from 'zod';
import { name } from '../../api/fields.ts';
import type { RouterForm } from '../../api/router-form.ts';
import { ruled } from '../../api/rules.ts';

const fields = z.object({
  httpRoute: name.optional().describe('Name of the HTTPRoute whose weights are written.'),
  httpRoutes: z.array(z.object({ name })).min(1).max(16).optional().describe('The same for several, in place of one.'),
});

export const gatewayApiForm = {
  fields,
  schema: ruled(fields, {
    cel: 'has(self.httpRoute) != has(self.httpRoutes)',
    message: 'give httpRoute or httpRoutes, one of them',
    holds: ({ httpRoute, httpRoutes }) => (httpRoute === undefined) !== (httpRoutes === undefined),
  }).describe('Gateway API: weights of the backendRefs of HTTPRoutes.'),
} satisfies RouterForm<z.infer<typeof fields>>;
