// What routes come down to, whichever object declares them: rules in order, each with weighted destinations. And hosts, as a mesh reads them.
import type { Random } from '../random.ts';

export interface MeshRequest {
  /** With or without a port, in any case. */
  host: string;
  /** Begins with `/`; a query does not count. */
  path: string;
  /** Default GET. */
  method?: string;
  /** Names in lower case. */
  headers?: Record<string, string>;
}

export interface Destination {
  namespace: string;
  service: string;
  subset?: string;
  weight: number;
}

export interface Rule {
  /** The object that declares it, as `VirtualService shop/web`. */
  from: string;
  matches(request: MeshRequest): boolean;
  destinations: readonly Destination[];
  /** Status where the rule has no destination that could be drawn, or the drawn Service is not there. */
  brokenStatus: 500 | 503;
  /** Why this rule cannot be carried: requests that reach it are refused with this text. */
  refusal?: string;
}

/** A field of a route that the data plane does not know: the message names the field and what to write instead. */
export class Uncarried extends Error {
  override readonly name = 'Uncarried';
}

/** Draws a destination by weight; undefined when no weight is above zero. One lot, and none when there is nothing to choose. */
export function pick(rule: Rule, random: Random): Destination | undefined {
  const open = rule.destinations.filter(({ weight }) => weight > 0);
  if (open.length < 2) return open[0];
  const total = open.reduce((sum, { weight }) => sum + weight, 0);
  let lot = random() * total;
  for (const destination of open) {
    lot -= destination.weight;
    if (lot < 0) return destination;
  }
  return open.at(-1);
}

export interface ServiceName {
  namespace: string;
  service: string;
}

const SUFFIX = /\.svc(\.cluster\.local)?$/;

/** The Service a host names: `name` (in the given namespace), `name.namespace`, with `.svc` or `.svc.cluster.local`. */
export function serviceOf(host: string, namespace: string): ServiceName | undefined {
  const [service = '', itsNamespace = namespace, ...more] = host.replace(SUFFIX, '').split('.');
  return service === '' || more.length > 0 ? undefined : { service, namespace: itsNamespace };
}

export const fullName = ({ service, namespace }: ServiceName): string => `${service}.${namespace}.svc.cluster.local`;

/** A host header without its port, in lower case. */
export const bareHost = (host: string): string => host.toLowerCase().replace(/:\d+$/, '');

export const pathOf = ({ path }: MeshRequest): string => path.split('?', 1)[0] ?? '/';

/** Whole path segments, as a Gateway API PathPrefix. */
export function hasPathPrefix(path: string, prefix: string): boolean {
  const whole = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return path === whole || path.startsWith(`${whole}/`);
}
