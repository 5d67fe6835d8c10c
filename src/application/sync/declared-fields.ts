// Which declared fields others have changed, for where the server cannot be asked what an apply would do (an admission webhook refuses dry
// runs). Values alone do not tell: the server normalises them (`0.5` is stored as `500m`, an empty list not at all). But whoever changes
// a field takes it out of the agent's entry in managedFields, so what is still there has the value that was applied.
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { isLiveAsDeclared } from './difference.ts';
import { agentEntry } from './managed-fields.ts';

/** At most this many fields are named. */
const MAX_FIELDS = 20;

/** Paths of declared fields that are live with another value and are not the agent's any more. */
export function declaredFields(declared: KubeObject, live: KubeObject): string[] {
  const fields: string[] = [];
  walk({ wanted: declared, found: live, ours: agentEntry(live)?.fields }, '', fields);
  return fields.slice(0, MAX_FIELDS);
}

interface At {
  wanted: unknown;
  found: unknown;
  /** What of it is the agent's. */
  ours: unknown;
}

function walk(at: At, path: string, fields: string[]): void {
  if (isInPlace(at)) return;
  const { wanted, found, ours } = at;
  if (isRecord(wanted) && isRecord(found)) {
    for (const [key, value] of Object.entries(wanted))
      walk(
        { wanted: value, found: found[key], ours: isRecord(ours) ? ours[`f:${key}`] : undefined },
        path === '' ? key : `${path}.${key}`,
        fields,
      );
  } else if (Array.isArray(wanted) && Array.isArray(found) && isRecord(ours)) {
    walkItems({ wanted, found, ours }, path, fields);
  } else fields.push(path);
}

const isInPlace = ({ wanted, found, ours }: At): boolean =>
  isLiveAsDeclared(wanted, found) || isWhole(ours) || (found === undefined && isNothing(wanted));

/** A scalar, or an atomic map or list, that is the agent's. */
const isWhole = (ours: unknown): boolean => isRecord(ours) && Object.keys(ours).length === 0;

const isNothing = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);

/** Items of a list that is merged by keys (`k:{"name":"web"}`) or of a set (`v:"web"`). */
function walkItems(
  { wanted, found, ours }: { wanted: unknown[]; found: unknown[]; ours: Record<string, unknown> },
  path: string,
  fields: string[],
): void {
  const order: number[] = [];
  for (const item of wanted) {
    const key = Object.keys(ours).find((each) => isKeyOf(each, item));
    const at = key === undefined ? -1 : found.findIndex((each) => isKeyOf(key, each));
    const label = labelOf(item, wanted.indexOf(item));
    if (key === undefined || at === -1) fields.push(`${path}[${label}]`);
    else {
      order.push(at);
      walk({ wanted: item, found: found[at], ours: ours[key] }, `${path}[${label}]`, fields);
    }
  }
  if (order.some((at, index) => index > 0 && at < (order[index - 1] ?? 0))) fields.push(path);
}

function labelOf(item: unknown, index: number): string {
  const name = isRecord(item) ? item['name'] : item;
  return typeof name === 'string' || typeof name === 'number' ? String(name) : String(index);
}

function isKeyOf(key: string, item: unknown): boolean {
  if (key.startsWith('v:')) return key.slice(2) === JSON.stringify(item);
  if (!key.startsWith('k:') || !isRecord(item)) return false;
  const names: unknown = JSON.parse(key.slice(2));
  // A part of a key that is not declared has its default, such as a port's protocol.
  return isRecord(names) && Object.entries(names).every(([name, value]) => (item[name] ?? value) === value);
}
