// Which object is meant: references, their keys, and the hash of declared content.
import type { ObjectRef } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import { shortHash } from '../rollout/hash.ts';

/** Names an object apart from its API version: `group/kind/namespace/name`. */
export const keyOf = (ref: Omit<ObjectRef, 'version'>): string =>
  `${ref.group}/${ref.kind}/${ref.namespace ?? ''}/${ref.name}`;

export function refOf(object: KubeObject): ObjectRef {
  const [group, version] = splitApiVersion(object.apiVersion);
  const { namespace, name } = object.metadata;
  return { group, version, kind: object.kind, ...(namespace === undefined ? {} : { namespace }), name };
}

export const keyOfObject = (object: KubeObject): string => keyOf(refOf(object));

export function splitApiVersion(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

export const apiVersionOfRef = (ref: ObjectRef): string =>
  ref.group === '' ? ref.version : `${ref.group}/${ref.version}`;

/** As people write it: `Rollout shop/web`. */
export const nameOf = (ref: Omit<ObjectRef, 'version'>): string =>
  `${ref.kind} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`;

/** Hash of what was declared; stamps are added later and do not count. */
export const contentHash = (object: KubeObject): string => shortHash(object);

/** Hash of a set of objects, whatever their order. */
export function setHash(objects: readonly { key: string; hash: string }[]): string {
  const pairs: [string, string][] = objects.map(({ key, hash }) => [key, hash]);
  return shortHash(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A plain JSON object. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const recordsIn = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((item) => isRecord(item)) : [];

export const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
