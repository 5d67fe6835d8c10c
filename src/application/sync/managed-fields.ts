// Who wrote which field of an object that the agent applies, and what it takes over from kubectl.
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { entriesOf, type FieldEntry } from '../../api/managed-fields.ts';
import { AGENT_MANAGER, CONTROLLER_MANAGER } from '../../api/names.ts';
import { ROUTERS_OWN } from '../../traffic/modules.ts';
import type { JsonPatchOp } from '../../traffic/write.ts';

const isAgents = ({ manager, operation, subresource }: FieldEntry): boolean =>
  manager === AGENT_MANAGER && operation === 'Apply' && subresource === undefined;

/** What the agent itself applied; undefined before it did. */
export const agentEntry = (live: KubeObject): FieldEntry | undefined => entriesOf(live).find(isAgents);

/** Entries of others about anything but the status. */
export const foreignEntries = (live: KubeObject): FieldEntry[] =>
  entriesOf(live).filter((entry) => !isAgents(entry) && entry.subresource !== 'status');

/** The manager through whom a field came to be as it is: the newest of others' entries that holds it. Empty where none does. */
export function managerOf(live: KubeObject, path: string): string {
  const names = path.split(/[.[\]]/).filter((part) => part !== '');
  const found = foreignEntries(live).filter((entry) => reaches(entry.fields, names));
  return found.at(-1)?.manager ?? '';
}

/** Whether the fields go as far along the names as they tell: atomic values end early. */
function reaches(fields: unknown, names: readonly string[]): boolean {
  const [name, ...rest] = names;
  if (name === undefined || !isRecord(fields)) return true;
  const keys = Object.keys(fields).filter((key) => key !== '.');
  if (keys.length === 0) return true;
  const next =
    keys.find((key) => key === `f:${name}`) ?? keys.find((key) => key.startsWith('k:') && namesItem(key, name));
  return next !== undefined && reaches(fields[next], rest);
}

function namesItem(key: string, name: string): boolean {
  return key.includes(`:${JSON.stringify(name)}`) || key.includes(`:${name}}`);
}

const MAX_FOREIGN = 5;
/** Writers whose fields beside ours are their business and no news. */
const SYSTEM = new Set([CONTROLLER_MANAGER, 'kube-controller-manager', 'sluice-replicas', ...ROUTERS_OWN.managers]);

/** What others have put beside the declared fields, as `kubectl-edit: metadata.labels.team`; shown, never removed. */
export function foreignFields(live: KubeObject): string[] {
  return foreignEntries(live)
    .filter(({ manager, subresource }) => !SYSTEM.has(manager) && subresource === undefined)
    .flatMap(({ manager, fields }) => leaves(fields, '').map((path) => `${manager}: ${path}`))
    .slice(0, MAX_FOREIGN);
}

function leaves(fields: Record<string, unknown>, path: string): string[] {
  const names = Object.keys(fields).filter((key) => key !== '.');
  if (names.length === 0) return path === '' ? [] : [path];
  return names.flatMap((key) => {
    const inside = fields[key];
    const at = key.startsWith('f:') ? `${path}${path === '' ? '' : '.'}${key.slice(2)}` : `${path}[${key.slice(2)}]`;
    return isRecord(inside) ? leaves(inside, at) : [at];
  });
}

/** Managers of people who applied an object before it came to Git. */
const isKubectl = ({ manager, subresource }: FieldEntry): boolean =>
  subresource === undefined && (/^kubectl(-|$)/.test(manager) || manager === 'before-first-apply');

/**
 * The patch that makes what kubectl's managers own the agent's, so that what leaves Git leaves the cluster; undefined where there is
 * nothing to take, or the agent has applied the object before: it is done once. The same as Flux does when it adopts an object.
 */
export function takeOver(live: KubeObject): JsonPatchOp[] | undefined {
  const entries = entriesOf(live);
  if (entries.some(isAgents)) return undefined;
  const taken = entries.filter(isKubectl);
  if (taken.length === 0) return undefined;
  const raw = (live.metadata.managedFields ?? []).filter(isRecord);
  const rest = raw.filter((entry) => !taken.some((one) => isSame(one, entry)));
  const ours = {
    manager: AGENT_MANAGER,
    operation: 'Apply',
    apiVersion: taken[0]?.apiVersion ?? live.apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1: taken.reduce<Record<string, unknown>>((all, { fields }) => union(all, fields), {}),
  };
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
    { op: 'replace', path: '/metadata/managedFields', value: [ours, ...rest] },
  ];
}

function isSame(entry: FieldEntry, raw: Record<string, unknown>): boolean {
  return raw['manager'] === entry.manager && raw['operation'] === entry.operation && (raw['subresource'] ?? '') === '';
}

function union(a: Record<string, unknown>, b: Record<string, unknown>): Record<string, unknown> {
  const all: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const known = all[key];
    all[key] = isRecord(known) && isRecord(value) ? union(known, value) : value;
  }
  return all;
}
