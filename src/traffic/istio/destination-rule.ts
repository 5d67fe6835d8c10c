// Istio DestinationRules: two subsets of one host that follow the revisions. Owns the pod hash label of these two, nothing else.
import { isRecord } from '../../api/json.ts';
import type { KubeObject, Resource } from '../../api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../api/names.ts';
import { fail, ok, type Issue, type Result } from '../../api/result.ts';
import { ROLES, type Role } from '../../api/traffic.ts';
import type { DrivenSelector, Hashes, Unbound } from '../driven.ts';
import { entriesIn, textOf, type Entry } from '../route-form.ts';
import { jsonWrite, pointer, type JsonPatchOp } from '../write.ts';

export const DESTINATION_RULES: Resource = {
  group: 'networking.istio.io',
  version: 'v1',
  plural: 'destinationrules',
  kind: 'DestinationRule',
  namespaced: true,
};

export interface SubsetTarget extends Pick<DrivenSelector, 'namespace' | 'name' | 'field'> {
  /** Name of the subset of each side. */
  subsets: Readonly<Record<Role, string>>;
}

export function destinationRule({ namespace, name, field, subsets }: SubsetTarget): DrivenSelector {
  const find = (object: KubeObject): Result<Readonly<Record<Role, Subset>>, Issue[]> => bothSubsets(object, subsets);
  return {
    drives: 'selectors',
    resource: DESTINATION_RULES,
    namespace,
    name,
    field,
    what: 'the subsets',
    roles: ROLES,
    parts: ROLES.map((role) => subsets[role]),
    plan(object, { hashes }) {
      const found = find(object);
      if (!found.ok) return found;
      return ok(jsonWrite(ROLES.flatMap((role) => labelOps(found.value[role], hashes[role]))));
    },
    read(object) {
      const found = find(object);
      return found.ok ? ok(hashesOf(found.value)) : found;
    },
    keep(applied, live) {
      const [found, now] = [find(applied), find(live)];
      return found.ok && now.ok ? withHashes(applied, found.value, hashesOf(now.value)) : applied;
    },
  };
}

/** What the label of a subset says that ties it to a revision; undefined where there is none. */
const boundTo = ({ labels }: Entry): unknown => (isRecord(labels) ? labels[POD_TEMPLATE_HASH] : undefined);

/** A subset of it says which revision it is. */
export const isBoundToRevision = (object: KubeObject): boolean =>
  subsetsOf(object).some((subset) => boundTo(subset) !== undefined);

/** No subset but those that are kept is bound to a revision any more; undefined where none is. */
export function unbindSubsets(object: KubeObject, kept?: ReadonlySet<string>): Unbound | undefined {
  const ops = subsetsOf(object).flatMap((subset, at) => {
    const hash = boundTo(subset);
    if (hash === undefined || kept?.has(textOf(subset['name']))) return [];
    const path = pointer(['spec', 'subsets', at, 'labels', POD_TEMPLATE_HASH]);
    return [{ op: 'test', path, value: hash } as const, { op: 'remove', path } as const];
  });
  const write = jsonWrite(ops);
  const which = (kept?.size ?? 0) === 0 ? 'its subsets' : 'subsets that no Rollout names';
  return write && { write, what: `${which} are no longer bound to a revision` };
}

const subsetsOf = ({ spec }: KubeObject): Entry[] => entriesIn(isRecord(spec) ? spec['subsets'] : undefined);

function hashesOf(subsets: Readonly<Record<Role, Subset>>): Hashes {
  return Object.fromEntries(
    ROLES.flatMap((role) => {
      const hash = textOf(subsets[role].labels?.[POD_TEMPLATE_HASH]);
      return hash === '' ? [] : [[role, hash]];
    }),
  );
}

/** A copy whose two subsets have these hashes. */
function withHashes(object: KubeObject, subsets: Readonly<Record<Role, Subset>>, hashes: Hashes): KubeObject {
  const copy = structuredClone(object);
  for (const role of ROLES) {
    const subset = subsetsOf(copy)[subsets[role].place];
    const hash = hashes[role];
    if (subset !== undefined && hash !== undefined)
      subset['labels'] = { ...subsets[role].labels, [POD_TEMPLATE_HASH]: hash };
  }
  return copy;
}

interface Subset {
  place: number;
  name: string;
  labels: Record<string, unknown> | undefined;
}

function bothSubsets(
  object: KubeObject,
  names: Readonly<Record<Role, string>>,
): Result<Readonly<Record<Role, Subset>>, Issue[]> {
  const [canary, stable] = [findSubset(object, names.canary), findSubset(object, names.stable)];
  if (canary.ok && stable.ok) return ok({ canary: canary.value, stable: stable.value });
  return fail([canary, stable].flatMap((found) => (found.ok ? [] : [found.error])));
}

function findSubset(object: KubeObject, name: string): Result<Subset, Issue> {
  const list = subsetsOf(object);
  const place = list.findIndex((subset) => subset['name'] === name);
  if (place < 0) {
    const names = list.map((subset) => textOf(subset['name'])).join(', ');
    const message = `has no subset named ${name}: add it (it has ${names === '' ? 'none' : names})`;
    return fail({ field: `DestinationRule ${object.metadata.name}: spec.subsets`, message });
  }
  const labels = list[place]?.['labels'];
  return ok({ place, name, labels: isRecord(labels) ? labels : undefined });
}

function labelOps(subset: Subset, hash: string | undefined): JsonPatchOp[] {
  if (hash === undefined || subset.labels?.[POD_TEMPLATE_HASH] === hash) return [];
  const at = ['spec', 'subsets', subset.place];
  const test: JsonPatchOp = { op: 'test', path: pointer([...at, 'name']), value: subset.name };
  if (subset.labels === undefined) {
    return [test, { op: 'add', path: pointer([...at, 'labels']), value: { [POD_TEMPLATE_HASH]: hash } }];
  }
  const op = subset.labels[POD_TEMPLATE_HASH] === undefined ? 'add' : 'replace';
  return [test, { op, path: pointer([...at, 'labels', POD_TEMPLATE_HASH]), value: hash }];
}
