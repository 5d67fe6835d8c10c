// Counts writes to the API server from its own counters, and says who made them. Pods, Leases and endpoints are left out: they are the
// same whoever rolls out.
export interface WriteKind {
  readonly resource: string;
  readonly subresource: string;
  readonly verb: string;
}

/** Writes by kind, as `verb resource` or `verb resource/subresource`. */
export type WriteCounts = ReadonlyMap<string, number>;

const VERBS = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE']);
const LEFT_OUT = new Set(['leases', 'pods', 'endpoints', 'endpointslices']);

const nameOf = ({ verb, resource, subresource }: WriteKind): string =>
  `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;

function label(line: string, name: string): string {
  return new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? '';
}

/** Reads `apiserver_request_total` out of the server's metrics. */
export function countWrites(metrics: string): WriteCounts {
  const counts = new Map<string, number>();
  for (const line of metrics.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const kind = {
      verb: label(line, 'verb'),
      resource: label(line, 'resource'),
      subresource: label(line, 'subresource'),
    };
    if (!VERBS.has(kind.verb) || LEFT_OUT.has(kind.resource)) continue;
    counts.set(nameOf(kind), (counts.get(nameOf(kind)) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  return counts;
}

export function writesBetween(before: WriteCounts, after: WriteCounts): WriteCounts {
  const counts = new Map<string, number>();
  for (const [kind, count] of after) {
    const more = count - (before.get(kind) ?? 0);
    if (more > 0) counts.set(kind, more);
  }
  return counts;
}

export const totalOf = (counts: WriteCounts): number => [...counts.values()].reduce((sum, count) => sum + count, 0);

export interface Writes {
  readonly writer: string;
  readonly kind: string;
  readonly count: number;
}

export interface Known {
  /** The one that is measured. */
  readonly controller: string;
  /** Rollouts that the bench itself changed. */
  readonly changed: number;
  /** Events by the component that wrote them. */
  readonly events: ReadonlyMap<string, number>;
}

const MANAGER = 'kube-controller-manager';

/** The server does not count by client; who writes what is known, but for Events, which name their writer. */
export function byWriter(counts: WriteCounts, known: Known): Writes[] {
  const list: Writes[] = [];
  for (const [kind, count] of counts) {
    if (kind.endsWith(' events')) list.push(...eventWriters(kind, count, known));
    else if (kind === 'PATCH rollouts') list.push(...patchWriters(kind, count, known));
    else list.push({ writer: kind.endsWith(' replicasets/status') ? MANAGER : known.controller, kind, count });
  }
  return list.toSorted((a, b) => a.writer.localeCompare(b.writer) || b.count - a.count || a.kind.localeCompare(b.kind));
}

function patchWriters(kind: string, count: number, { controller, changed }: Known): Writes[] {
  const own = Math.min(count, changed);
  const rest = count - own;
  return [{ writer: 'bench', kind, count: own }, ...(rest > 0 ? [{ writer: controller, kind, count: rest }] : [])];
}

/** Creations are told apart by the Events that are there; what raised the count of one is told of as a whole. */
function eventWriters(kind: string, count: number, { events }: Known): Writes[] {
  if (!kind.startsWith('POST')) return [{ writer: 'all components', kind, count }];
  const known = [...events].filter(([, made]) => made > 0).map(([writer, made]) => ({ writer, kind, count: made }));
  const rest = count - known.reduce((sum, w) => sum + w.count, 0);
  return rest > 0 ? [...known, { writer: 'unknown', kind, count: rest }] : known;
}
