// Whose an object is: the Application that applied it, by namespace, name and UID. A label lets people and watches select; the
// annotation decides, since a label has no room for a namespace.
import type { Application } from '../../api/application.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS, APPLICATION_LABEL } from '../../api/names.ts';
import { shortHash } from '../../rollout/hash.ts';

export interface Owner {
  namespace: string;
  name: string;
  uid: string;
}

export const ownerOf = ({ metadata }: Application): Owner => ({
  namespace: metadata.namespace ?? 'default',
  name: metadata.name,
  uid: metadata.uid ?? '',
});

const MAX_LABEL = 63;

/** Value of the label: the Application's name; a long one is cut and told apart by a hash. */
export function ownerLabel({ name }: Pick<Owner, 'name'>): string {
  if (name.length <= MAX_LABEL) return name;
  return `${name.slice(0, MAX_LABEL - 11)}-${shortHash(name)}`;
}

/** Value of the annotation: `namespace/name/uid`. */
export const ownerText = ({ namespace, name, uid }: Owner): string => `${namespace}/${name}/${uid}`;

/** Who applied a live object; undefined where no Application did. The UID is empty for objects of earlier versions. */
export function liveOwner({ metadata }: Pick<KubeObject, 'metadata'>): Owner | undefined {
  const text = metadata.annotations?.[ANNOTATIONS.owner];
  if (text !== undefined) {
    const [namespace = '', name = '', uid = ''] = text.split('/');
    return name === '' ? undefined : { namespace, name, uid };
  }
  const name = metadata.labels?.[APPLICATION_LABEL];
  return name === undefined ? undefined : { namespace: metadata.namespace ?? '', name, uid: '' };
}

/** Whether an object is an Application's, also where that was deleted and made anew under its name. */
export function isOwnedBy(live: KubeObject, owner: Owner): boolean {
  const found = liveOwner(live);
  return found !== undefined && found.name === owner.name && found.namespace === owner.namespace;
}

/** Metadata that takes an object out of an Application's hands, as a merge patch. */
export const DISOWN = {
  labels: { [APPLICATION_LABEL]: null },
  annotations: { [ANNOTATIONS.owner]: null, [ANNOTATIONS.contentHash]: null },
} as const;
