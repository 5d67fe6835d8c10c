// metadata.managedFields, as the API server keeps it: who wrote which field (fieldsV1: `f:name`, `k:{"key":…}`, `v:…`, `.`).
import { isRecord } from './json.ts';
import type { ObjectMeta } from './k8s.ts';

export interface FieldEntry {
  manager: string;
  operation: string;
  subresource: string | undefined;
  apiVersion: string | undefined;
  /** RFC 3339; empty where it is not known. */
  time: string;
  fields: Record<string, unknown>;
}

/** What each manager owns, as the API server tracks it; entries without a manager are left out. */
export function entriesOf({ metadata }: { metadata: ObjectMeta }): FieldEntry[] {
  return (metadata.managedFields ?? []).flatMap((entry) => {
    if (!isRecord(entry) || typeof entry['manager'] !== 'string') return [];
    const { manager, operation, subresource, apiVersion, fieldsV1, time } = entry;
    return [
      {
        manager,
        operation: typeof operation === 'string' ? operation : '',
        subresource: typeof subresource === 'string' && subresource !== '' ? subresource : undefined,
        apiVersion: typeof apiVersion === 'string' ? apiVersion : undefined,
        time: typeof time === 'string' ? time : '',
        fields: isRecord(fieldsV1) ? fieldsV1 : {},
      },
    ];
  });
}

/** Whether an entry holds a field of mappings, such as `['spec', 'replicas']`, itself or the whole that it is a part of. */
export function holds({ fields }: FieldEntry, path: readonly string[]): boolean {
  let at: unknown = fields;
  for (const [depth, name] of path.entries()) {
    if (!isRecord(at)) return false;
    if (depth > 0 && Object.keys(at).length === 0) return true;
    at = at[`f:${name}`];
  }
  return at !== undefined;
}

/**
 * Who wrote a field last, as far as the API server knows: the name that a client gave itself, `kubectl-annotate` say. It tells one tool from
 * another, and proves nobody's identity.
 */
export function lastManagerOf(object: { metadata: ObjectMeta }, path: readonly string[]): string | undefined {
  const holders = entriesOf(object).filter((entry) => entry.subresource === undefined && holds(entry, path));
  return holders.sort((a, b) => a.time.localeCompare(b.time)).at(-1)?.manager;
}
