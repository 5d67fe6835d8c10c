// Which object is meant, whatever the version it is written in: identity as a value. Every map, queue and claim that is about objects of
// a cluster is keyed by it, so that `shop/web` of two kinds, or of two groups, is never one.
import type { ObjectRef } from './application.ts';
import type { KubeObject } from './k8s.ts';

declare const brand: unique symbol;

/** `group/kind/namespace/name`; the namespace is empty for what belongs to none. Made by `objectKey` alone. */
export type ObjectKey = string & { readonly [brand]: 'ObjectKey' };

/** What names an object apart from its API version. */
export type ObjectId = Omit<ObjectRef, 'version'>;

/** The key of an object, without its version: one object, whichever version it is read in. */
export const objectKey = (id: ObjectId): ObjectKey =>
  `${id.group}/${id.kind}/${id.namespace ?? ''}/${id.name}` as ObjectKey;

/** The parts of a key. */
export function objectIdOf(key: ObjectKey): ObjectId {
  const [group = '', kind = '', namespace = '', name = ''] = key.split('/');
  return { group, kind, ...(namespace === '' ? {} : { namespace }), name };
}

type Named = Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>;

/** What an object is called, in the version that it was read in. */
export function refOf(object: Named): ObjectRef {
  const [group, version] = splitApiVersion(object.apiVersion);
  const { namespace, name } = object.metadata;
  return { group, version, kind: object.kind, ...(namespace === undefined ? {} : { namespace }), name };
}

/** The key of an object that is at hand. */
export const objectKeyOf = (object: Named): ObjectKey => objectKey(refOf(object));

/** Group and version of an apiVersion; the core group is an empty text. */
export function splitApiVersion(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

/** The apiVersion that a manifest of the object has. */
export const apiVersionOfRef = (ref: ObjectRef): string =>
  ref.group === '' ? ref.version : `${ref.group}/${ref.version}`;

/** `namespace/name` of an object whose kind is understood. */
export const qualifiedName = ({ namespace, name }: { namespace?: string | undefined; name: string }): string =>
  `${namespace ?? ''}/${name}`;

/** As people write it: `Rollout shop/web`. */
export const nameOf = (ref: ObjectId): string =>
  `${ref.kind} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`;
