// Brings an object into the form that is stored: system fields, resets, defaults, and the checks on the result.
import { toTime } from '../clock.ts';
import type { StatusCause } from './errors.ts';
import { conflict, invalid, invalidResource } from './errors.ts';
import { toGoForm } from './go-form.ts';
import type { Dict } from './json.ts';
import { at, clone, dictOr, ensure, equal, isDict, put, textOr } from './json.ts';
import { contentChanged, generatedName, metadataCauses, newUid } from './metadata.ts';
import type { Around, ResourceType } from './resource.ts';
import { apiVersionOf } from './resource.ts';

export interface Place {
  name: string;
  namespace: string | undefined;
}

/** System fields of a new object. What a client must not set is overwritten. */
export function prepareCreate(type: ResourceType, object: Dict, namespace: string | undefined, around: Around): void {
  const metadata = ensure(object, 'metadata');
  const base = textOr(metadata['generateName']);
  if (textOr(metadata['name']) === '' && base !== '') metadata['name'] = generatedName(base, around.random);
  if (type.namespaced) metadata['namespace'] = namespace ?? '';
  else delete metadata['namespace'];
  for (const key of ['resourceVersion', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'])
    delete metadata[key];
  metadata['uid'] = newUid(around.random);
  metadata['creationTimestamp'] = around.now;
  if (type.generation === 'none') delete metadata['generation'];
  else metadata['generation'] = 1;
  if (type.subresources.includes('status')) delete object['status'];
  settle(type, object, around);
}

/** Defaults. Fields that were dropped by a merge get theirs again. */
function settle(type: ResourceType, object: Dict, around: Around): void {
  object['apiVersion'] = apiVersionOf(type);
  object['kind'] = type.kind;
  // An apply is merged by the types, which may know more fields than are kept.
  type.schema?.prune(object);
  type.schema?.applyDefaults(object);
  if (type.builtin) toGoForm(object, type.type);
  type.defaults?.(object, around);
  tidyMetadata(ensure(object, 'metadata'));
}

/** Empty maps and lists of metadata are not kept. */
function tidyMetadata(metadata: Dict): void {
  for (const key of ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
    const value = metadata[key];
    const isBare =
      value === null || (Array.isArray(value) ? value.length === 0 : isDict(value) && Object.keys(value).length === 0);
    if (isBare) delete metadata[key];
  }
}

const KEPT = ['uid', 'creationTimestamp', 'generation', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'];

/** Checks the resourceVersion that a write names against the stored one. Errors: 409, 422. */
export function checkVersion(type: ResourceType, object: Dict, old: Dict, mustName: boolean): void {
  const name = textOr(at(old, 'metadata', 'name'));
  const given = textOr(at(object, 'metadata', 'resourceVersion'));
  const uid = textOr(at(object, 'metadata', 'uid'));
  const stored = textOr(at(old, 'metadata', 'uid'));
  if (given === '' || given === '0') {
    if (!mustName) return;
    const message = 'Invalid value: 0: must be specified for an update';
    throw invalidResource(type, name, [{ reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' }]);
  }
  if (uid !== '' && uid !== stored) {
    const key = `/registry/${type.group === '' ? '' : `${type.group}/`}${type.plural}/${textOr(at(old, 'metadata', 'namespace'))}/${name}`;
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stored}`;
    throw conflict(
      type,
      name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
    );
  }
  if (given !== textOr(at(old, 'metadata', 'resourceVersion'))) throw conflict(type, name);
}

/** Puts back what this part of the object may not change, and fills in defaults. */
export function prepareUpdate(
  type: ResourceType,
  object: Dict,
  old: Dict,
  context: { subresource: string; around: Around },
): Dict {
  const result = context.subresource === 'status' ? statusOf(type, object, old) : mainOf(type, object, old);
  const metadata = ensure(result, 'metadata');
  const before = dictOr(old['metadata']);
  for (const key of [...KEPT, 'name', 'namespace', 'generateName', 'resourceVersion', 'managedFields']) {
    if (before[key] === undefined) delete metadata[key];
    else if (key !== 'managedFields') put(metadata, key, before[key]);
  }
  settle(type, result, context.around);
  return result;
}

function mainOf(type: ResourceType, object: Dict, old: Dict): Dict {
  if (!type.subresources.includes('status')) return object;
  const { status: _ignored, ...rest } = object;
  return old['status'] === undefined ? rest : { ...rest, status: clone(old['status']) };
}

function statusOf(type: ResourceType, object: Dict, old: Dict): Dict {
  const result = clone(old);
  if (object['status'] === undefined || object['status'] === null) delete result['status'];
  else result['status'] = object['status'];
  const annotations = at(object, 'metadata', 'annotations');
  if (type.builtin && isDict(annotations)) ensure(result, 'metadata')['annotations'] = annotations;
  return result;
}

/** Counts the change, unless it came through the status. Call after all else is settled. */
export function countGeneration(type: ResourceType, object: Dict, old: Dict, subresource: string): void {
  if (type.generation === 'none' || subresource === 'status') return;
  const annotated =
    type.generation === 'annotations' &&
    !equal(at(old, 'metadata', 'annotations'), at(object, 'metadata', 'annotations'));
  if (!contentChanged(old, object) && !annotated) return;
  const before = at(old, 'metadata', 'generation');
  ensure(object, 'metadata')['generation'] = (typeof before === 'number' ? before : 0) + 1;
}

function scaleCauses(type: ResourceType, object: Dict): StatusCause[] {
  if (type.builtin || type.scale === undefined) return [];
  const replicas = at(object, ...type.scale.spec);
  if (typeof replicas !== 'number' || replicas >= 0) return [];
  const message = `Invalid value: ${replicas}: should be a non-negative integer`;
  return [{ reason: 'FieldValueInvalid', message, field: `.${type.scale.spec.join('.')}` }];
}

/** Errors: 422 with all that is wrong. */
export function check(type: ResourceType, object: Dict, old: Dict | undefined): void {
  const custom = [...(type.schema?.validate(object, old) ?? []), ...scaleCauses(type, object)];
  const causes = [...metadataCauses(type, object, old), ...custom, ...(type.validate?.(object, old) ?? [])];
  if (causes.length > 0) throw invalid(type, textOr(at(object, 'metadata', 'name')), causes);
}

/** Renewed at each write: the time and the dice. */
export const around = (now: number, random: () => number): Around => ({ now: toTime(now), random });
