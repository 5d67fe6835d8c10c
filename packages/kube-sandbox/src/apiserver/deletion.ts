// What a DELETE makes of an object: gone at once, or marked and kept by finalizers, pods' grace periods and namespaces' contents.
import { preconditionFailed } from './errors.ts';
import type { Dict } from './json.ts';
import { at, clone, dictOr, ensure, listOr, numberOr, textOr } from './json.ts';
import type { Around, ResourceType } from './resource.ts';

export interface DeleteRequest {
  uid?: string | undefined;
  resourceVersion?: string | undefined;
  gracePeriodSeconds?: number | undefined;
  propagationPolicy?: string | undefined;
}

/** Errors: 409 when the object is not the one that is meant. */
export function checkPreconditions(type: ResourceType, object: Dict, request: DeleteRequest): void {
  const name = textOr(at(object, 'metadata', 'name'));
  const [uid, version] = [at(object, 'metadata', 'uid'), at(object, 'metadata', 'resourceVersion')];
  if (request.uid !== undefined && request.uid !== uid)
    throw preconditionFailed(
      type,
      name,
      `the UID in the precondition (${request.uid}) does not match the UID in record (${textOr(uid)}). The object might have been deleted and then recreated`,
    );
  if (request.resourceVersion !== undefined && request.resourceVersion !== version)
    throw preconditionFailed(
      type,
      name,
      `the ResourceVersion in the precondition (${request.resourceVersion}) does not match the ResourceVersion in record (${textOr(version)}). The object might have been modified`,
    );
}

/** Seconds until a pod may go; 0 for all else. */
function graceOf(type: ResourceType, object: Dict, request: DeleteRequest): number {
  if (type.kind !== 'Pod' || !type.builtin) return 0;
  const phase = at(object, 'status', 'phase');
  if (textOr(at(object, 'spec', 'nodeName')) === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  return request.gracePeriodSeconds ?? numberOr(at(object, 'spec', 'terminationGracePeriodSeconds'), 30);
}

export interface Deletion {
  /** The object as it is to be stored before it goes; undefined: nothing to store. */
  marked?: Dict;
  /** Gone after that. */
  gone: boolean;
}

const later = (now: string, seconds: number): string =>
  `${new Date(Date.parse(now) + seconds * 1000).toISOString().slice(0, 19)}Z`;

export function planDeletion(type: ResourceType, object: Dict, request: DeleteRequest, around: Around): Deletion {
  const finalizers = withPolicy(listOr(at(object, 'metadata', 'finalizers')), request.propagationPolicy);
  const grace = graceOf(type, object, request);
  const held = finalizers.length > 0 || type.plural === 'customresourcedefinitions' || isKept(type, object);
  const present = dictOr(object['metadata']);
  const isNew = present['deletionTimestamp'] === undefined;
  const isShorter = type.kind === 'Pod' && grace < numberOr(present['deletionGracePeriodSeconds']);
  const gone = !held && grace === 0;
  if (!isNew && !isShorter) return { gone };
  if (isNew && gone && type.kind !== 'Pod') return { gone };
  const marked = mark(type, object, { grace, finalizers, isNew }, around);
  return { marked, gone };
}

interface Marking {
  grace: number;
  finalizers: unknown[];
  isNew: boolean;
}

function mark(type: ResourceType, object: Dict, { grace, finalizers, isNew }: Marking, around: Around): Dict {
  const marked = clone(object);
  const metadata = ensure(marked, 'metadata');
  metadata['deletionTimestamp'] = later(around.now, grace);
  if (type.kind !== 'Namespace') metadata['deletionGracePeriodSeconds'] = grace;
  if (finalizers.length > 0) metadata['finalizers'] = finalizers;
  if (isNew && typeof metadata['generation'] === 'number') metadata['generation'] += 1;
  if (type.kind === 'Namespace') ensure(marked, 'status')['phase'] = 'Terminating';
  if (type.plural === 'customresourcedefinitions') markCrd(marked, around);
  return marked;
}

/** A namespace stays until its own finalizers are gone. */
const isKept = (type: ResourceType, object: Dict): boolean =>
  type.builtin && type.kind === 'Namespace' && listOr(at(object, 'spec', 'finalizers')).length > 0;

function withPolicy(finalizers: unknown[], policy: string | undefined): unknown[] {
  const kept = finalizers.filter((f) => policy === undefined || (f !== 'orphan' && f !== 'foregroundDeletion'));
  if (policy === 'Foreground') return [...kept, 'foregroundDeletion'];
  return policy === 'Orphan' ? [...kept, 'orphan'] : kept;
}

const CRD_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

function markCrd(crd: Dict, around: Around): void {
  const metadata = ensure(crd, 'metadata');
  metadata['finalizers'] = [CRD_FINALIZER];
  const status = ensure(crd, 'status');
  const kept = listOr(status['conditions']).filter((c) => dictOr(c)['type'] !== 'Terminating');
  status['conditions'] = [
    ...kept,
    {
      type: 'Terminating',
      status: 'True',
      lastTransitionTime: around.now,
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    },
  ];
}
