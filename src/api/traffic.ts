// Between which sides the requests are shared out, and by what.
import { z } from 'zod';
import { ruled } from './rules.ts';
import type { trafficRoutingSchema } from './traffic-routing.ts';

/** The side that serves (stableService, activeService) and the one that is tried (canaryService, previewService). */
export type Role = 'canary' | 'stable';
export const ROLES: readonly Role[] = ['canary', 'stable'];

const KINDS = ['exact', 'prefix', 'regex'] as const;
const text = z.string().min(1).max(1024);

export const headerMatchSchema = z.object({
  headerName: z
    .string()
    .max(256)
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be the name of a header, such as X-Preview'),
  headerValue: ruled(z.object({ exact: text.optional(), prefix: text.optional(), regex: text.optional() }), {
    cel: `[${KINDS.map((kind) => `has(self.${kind})`).join(', ')}].filter(given, given).size() == 1`,
    message: `give ${KINDS.join(', ')}: one of them`,
    holds: (value) => KINDS.filter((kind) => value[kind] !== undefined).length === 1,
  }),
});

export const headerMatchesSchema = ruled(z.array(headerMatchSchema).min(1).max(8), {
  cel: 'self.all(one, self.exists_one(other, other.headerName.lowerAscii() == one.headerName.lowerAscii()))',
  message: 'names a header twice: one value of a header can be asked for, so leave one of them',
  holds: (matches) => new Set(matches.map(({ headerName }) => headerName.toLowerCase())).size === matches.length,
});

/** A header that a request must have. */
export type HeaderMatch = z.infer<typeof headerMatchSchema>;
export type TrafficRouting = z.infer<typeof trafficRoutingSchema>;

/** Whose traffic a router shares out, between which Services. */
export interface Traffic {
  readonly canaryService?: string | undefined;
  readonly stableService?: string | undefined;
  readonly trafficRouting?: TrafficRouting | undefined;
  /** Requests with these headers go to the canary side whatever the weights are. */
  readonly preview?: readonly HeaderMatch[] | undefined;
}
