// metadata.managedFields, as the API server keeps it: who wrote which field (fieldsV1: `f:name`, `k:{"key":…}`, `v:…`, `.`).
import { isRecord } from './json.ts';
import type { ObjectMeta } from './k8s.ts';

export interface FieldEntry {
  manager: string;
  operation: string;
  subresource: string | undefined;
  apiVersion: string | undefined;
  fields: Record<string, unknown>;
}

export function entriesOf({ metadata }: { metadata: ObjectMeta }): FieldEntry[] {
  return (metadata.managedFields ?? []).flatMap((entry) => {
    if (!isRecord(entry) || typeof entry['manager'] !== 'string') return [];
    const { manager, operation, subresource, apiVersion, fieldsV1 } = entry;
    return [
      {
        manager,
        operation: typeof operation === 'string' ? operation : '',
        subresource: typeof subresource === 'string' && subresource !== '' ? subresource : undefined,
        apiVersion: typeof apiVersion === 'string' ? apiVersion : undefined,
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
