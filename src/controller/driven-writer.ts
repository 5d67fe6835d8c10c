// Who wrote the driven fields of an object last, other than this controller's field manager. Caches keep that one name of all that
// `metadata.managedFields` says, shared between objects.
import type { Resource } from '../api/k8s.ts';
import { entriesOf, holds, type FieldEntry } from '../api/managed-fields.ts';
import { CONTROLLER_MANAGER, RESOURCES } from '../api/names.ts';
import { splitApiVersion } from '../api/object-key.ts';
import type { Identified } from '../kube/types.ts';
import { DRIVEN_KINDS } from '../traffic/modules.ts';

type GroupKind = Pick<Resource, 'group' | 'kind'>;

const keyOf = ({ group, kind }: GroupKind): string => `${group}/${kind}`;

/** What is driven, by group and kind. */
const DRIVEN: ReadonlyMap<string, readonly string[]> = new Map([
  ...DRIVEN_KINDS.map(({ resource, field }) => [keyOf(resource), field] as const),
  [keyOf(RESOURCES.replicaSets), ['spec', 'replicas']],
]);

/** Marks the entry that is kept. */
const KEPT = 'Driven';

export type Managed = Identified & { apiVersion?: string; kind?: string };

/** `owned`: what else is kept of the managers. Undefined where nothing is. */
export function withWriter(object: Managed, owned?: unknown[]): unknown[] | undefined {
  const manager = writerOf(object);
  if (manager === undefined) return owned;
  const known = shared.get(owned)?.get(manager);
  if (known !== undefined) return known;
  const kept = [...(owned ?? []), { manager, operation: KEPT, fieldsV1: {} }];
  const lists = shared.get(owned) ?? new Map<string, unknown[]>();
  // Names are anybody's to choose: only so many are shared.
  if (lists.size < MOST_SHARED) shared.set(owned, lists.set(manager, kept));
  return kept;
}

const MOST_SHARED = 1_000;
const shared = new Map<unknown[] | undefined, Map<string, unknown[]>>();

/** For a cache that keeps nothing else of the managers. */
export function keepWriter<T extends Identified>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  const managedFields = withWriter(object);
  return { ...object, metadata: managedFields === undefined ? metadata : { ...metadata, managedFields } };
}

/** Field manager of the last other writer; undefined where this controller's own holds the fields alone. Of a whole object or a kept one. */
export function writerOf({ apiVersion = '', kind = '', metadata }: Managed): string | undefined {
  const [group] = splitApiVersion(apiVersion);
  const path = DRIVEN.get(keyOf({ group, kind })) ?? ['spec'];
  const isIts = (entry: FieldEntry): boolean =>
    entry.operation === KEPT ||
    (entry.manager !== CONTROLLER_MANAGER && entry.subresource !== 'status' && holds(entry, path));
  const others = entriesOf({ metadata }).filter((entry) => isIts(entry));
  return others.toSorted((a, b) => a.time.localeCompare(b.time)).at(-1)?.manager;
}
