// The Gateway API as a router: HTTPRoutes share the requests out between two Services.
import type { z } from 'zod';
import { DRIVEN_VERBS, type RouterModule } from '../driven.ts';
import { HTTP_ROUTES, httpRoute, LIST } from './http-route.ts';
import type { gatewayApiForm } from './schema.ts';

type Config = z.infer<typeof gatewayApiForm.fields>;

export const gatewayAPI: RouterModule<Config> = {
  title: 'Gateway API',
  kinds: [
    {
      resource: HTTP_ROUTES,
      drives: 'split',
      verbs: DRIVEN_VERBS,
      owned: 'weights of the two backendRefs of every rule that names both Services',
      field: LIST,
    },
  ],
  objects({ httpRoute: one, httpRoutes }, { canaryService = '', stableService = '' }, namespace) {
    const names = httpRoutes?.map(({ name }) => name) ?? [one ?? ''];
    return names
      .filter((name) => name !== '')
      .map((name) => httpRoute({ namespace, name, field: 'trafficRouting.gatewayAPI', canaryService, stableService }));
  },
};
