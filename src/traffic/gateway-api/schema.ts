// What a Rollout may say of the Gateway API: the fields below `trafficRouting.gatewayAPI`.
import { z } from 'zod';
import { name } from '../../api/fields.ts';
import type { RouterForm } from '../../api/router-form.ts';
import { ruled } from '../../api/rules.ts';

const fields = z.object({
  httpRoute: name.optional().describe('Name of one HTTPRoute.'),
  httpRoutes: z.array(z.object({ name })).min(1).max(16).optional(),
});

export const gatewayApiForm = {
  fields,
  schema: ruled(fields, {
    cel: 'has(self.httpRoute) != has(self.httpRoutes)',
    message: 'give httpRoute or httpRoutes, one of them',
    holds: ({ httpRoute, httpRoutes }) => (httpRoute === undefined) !== (httpRoutes === undefined),
  }),
} satisfies RouterForm<z.infer<typeof fields>>;
