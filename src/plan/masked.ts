// Secrets as they may be shown: which keys they have and which of these change, and no value.
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';

const SAME = '(hidden)';
const OTHER = '(hidden, another value)';
const FIELDS = ['data', 'stringData'] as const;
/** What clients leave in annotations holds the whole object. */
const LEFT_BY_CLIENTS = 'kubectl.kubernetes.io/last-applied-configuration';

export const isSecret = ({ apiVersion, kind }: KubeObject): boolean =>
  apiVersion === 'v1' && kind === RESOURCES.secrets.kind;

/** Its texts as pods see them, by key. */
export function secretValues(secret: KubeObject): Map<string, string> {
  const encoded = entriesOf(secret, 'data').map(([key, value]): [string, string] => [
    key,
    Buffer.from(value, 'base64').toString('utf8'),
  ]);
  return new Map([...encoded, ...entriesOf(secret, 'stringData')]);
}

const entriesOf = (secret: KubeObject, field: (typeof FIELDS)[number]): [string, string][] =>
  Object.entries(isRecord(secret[field]) ? secret[field] : {}).map(([key, value]) => [key, String(value)]);

/** The object without what is secret in it; next to the same object `before`, values that differ are told apart. */
export function masked(object: KubeObject, before?: KubeObject): KubeObject {
  if (!isSecret(object)) return object;
  const [now, was] = [secretValues(object), before === undefined ? new Map<string, string>() : secretValues(before)];
  const shown = (key: string): string => (was.has(key) && was.get(key) !== now.get(key) ? OTHER : SAME);
  const hidden = FIELDS.flatMap((field): [string, unknown][] => {
    const value = object[field];
    if (value === undefined) return [];
    return [[field, isRecord(value) ? Object.fromEntries(Object.keys(value).map((key) => [key, shown(key)])) : SAME]];
  });
  return { ...object, metadata: withoutLeft(object.metadata), ...Object.fromEntries(hidden) };
}

function withoutLeft(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  if (metadata.annotations?.[LEFT_BY_CLIENTS] === undefined) return metadata;
  return { ...metadata, annotations: { ...metadata.annotations, [LEFT_BY_CLIENTS]: SAME } };
}
