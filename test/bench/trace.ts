// One release as a list of API calls: who, what, on which object, and what it changed. Pure.
import type { Call } from '../support/recording-proxy.ts';
import { table } from './table.ts';

export interface Step {
  readonly at: number;
  readonly who: string;
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  readonly what: string;
  /** Undefined for what was only seen from outside. */
  readonly tookMs: number | undefined;
}

const LONGEST = 110;
/** Of no interest to a reader: bookkeeping, and what repeats the rest. */
const DULL = new Set([
  'resourceVersion',
  'uid',
  'managedFields',
  'ownerReferences',
  'conditions',
  'machine',
  'lastTimestamp',
]);

/** A path of the API: with or without a group, a namespace, a name, a subresource. */
export function parsePath(path: string): { resource: string; name: string } {
  const [route = ''] = path.split('?');
  const parts = route.split('/').filter(Boolean);
  const rest = parts[0] === 'api' ? parts.slice(2) : parts.slice(3);
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  const [plural = route, name = '', subresource] = inNamespace;
  return { resource: subresource === undefined ? plural : `${plural}/${subresource}`, name };
}

const short = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`);

/** `status.weight=10 status.step=1/3`: leaves with their paths, lists by their length. */
export function leaves(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return [`${path}[${value.length}]`];
  if (typeof value !== 'object' || value === null) return [`${path}=${String(value)}`];
  return Object.entries(value).flatMap(([key, child]) =>
    DULL.has(key) ? [] : leaves(child, path === '' ? key : `${path}.${key}`),
  );
}

interface EventBody {
  reason?: string;
  message?: string;
  note?: string;
}

/** What a body changes, in few words. */
export function gist(call: Pick<Call, 'method' | 'path' | 'body'>): string {
  let body: unknown;
  try {
    body = JSON.parse(call.body);
  } catch {
    return call.body === '' ? '' : `${call.body.length} characters`;
  }
  if (Array.isArray(body)) {
    const changes = (body as { op: string; path: string; value?: unknown }[]).filter((op) => op.op !== 'test');
    return short(changes.map((op) => `${op.path}=${JSON.stringify(op.value)}`).join(' '));
  }
  const { resource } = parsePath(call.path);
  if (resource === 'events') {
    const { reason = '', message, note = '' } = body as EventBody;
    return short(`${reason}: ${message ?? note}`);
  }
  if (call.method === 'POST') return short(made(body as { spec?: { replicas?: number }; status?: object }));
  return short(leaves(body).join(' '));
}

const made = ({ spec, status }: { spec?: { replicas?: number }; status?: object }): string =>
  [...(spec?.replicas === undefined ? [] : [`spec.replicas=${spec.replicas}`]), ...(status ? leaves(status) : [])].join(
    ' ',
  );

export function stepOf(call: Call): Step {
  const { resource, name } = parsePath(call.path);
  return {
    at: call.at,
    who: call.agent.split(/[/ ]/)[0] ?? '',
    verb: call.contentType.includes('apply-patch') ? 'APPLY' : call.method,
    resource,
    name,
    what: `${(call.status ?? 0) >= 400 ? `(${call.status}) ` : ''}${gist(call)}`,
    tookMs: call.tookMs,
  };
}

/** Leases are the same whatever is released. */
const isPart = (step: Step): boolean => step.resource !== 'leases';

const NOTE =
  'Calls of kube-controller-manager do not pass the proxy; what they changed of ReplicaSets and the Events they wrote were seen by ' +
  'watch (no duration, and possibly several calls in one line). Pods, endpoints and Leases are left out.';

export function traceText(steps: readonly Step[], began: number): string {
  const parts = steps.filter(isPart).toSorted((a, b) => a.at - b.at);
  const rows = parts.map((s) => [
    `+${(s.at - began).toFixed(1)}`,
    s.who,
    s.verb,
    s.resource,
    s.name,
    s.tookMs === undefined ? '' : s.tookMs.toFixed(1),
    s.what,
  ]);
  const columns = [
    { title: 'ms', align: 'right' },
    { title: 'who' },
    { title: 'verb' },
    { title: 'resource' },
    { title: 'name' },
    { title: 'took', align: 'right' },
    { title: 'what' },
  ] as const;
  const writes = parts.filter((s) => s.verb !== 'GET').length;
  return `${table(columns, rows)}\n\n${writes} writes. ${NOTE}`;
}
