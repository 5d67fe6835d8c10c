// The scale subresource: a Scale object as a window on an object's replica fields.
import type { Dict } from './json.ts';
import { invalid } from './errors.ts';
import { at, dictOr, ensure, numberOr, put, textOr } from './json.ts';
import type { ResourceType } from './resource.ts';
import { selectorText } from './selector-text.ts';

export function scaleOf(type: ResourceType, object: Dict): Dict {
  const paths = type.scale;
  const metadata = dictOr(object['metadata']);
  const replicas = numberOr(at(object, ...(paths?.spec ?? [])));
  const selector = paths?.selector === undefined ? '' : selectorText(at(object, ...paths.selector));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name: metadata['name'],
      namespace: metadata['namespace'],
      uid: metadata['uid'],
      resourceVersion: metadata['resourceVersion'],
      creationTimestamp: metadata['creationTimestamp'],
    },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: numberOr(at(object, ...(paths?.status ?? []))), ...(selector === '' ? {} : { selector }) },
  };
}

/** Writes what a Scale says into a copy of its object. */
export function rescaled(type: ResourceType, object: Dict, scale: Dict): Dict {
  const path = type.scale?.spec ?? [];
  const replicas = numberOr(at(scale, 'spec', 'replicas'));
  if (type.builtin && replicas < 0) {
    const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
    const causes = [{ reason: 'FieldValueInvalid', message, field: 'spec.replicas' }];
    throw invalid(
      { group: 'autoscaling', kind: 'Scale', plural: 'scales' },
      textOr(at(object, 'metadata', 'name')),
      causes,
    );
  }
  let here = object;
  for (const key of path.slice(0, -1)) here = ensure(here, key);
  put(here, path.at(-1) ?? 'replicas', replicas);
  const version = textOr(at(scale, 'metadata', 'resourceVersion'));
  if (version !== '') ensure(object, 'metadata')['resourceVersion'] = version;
  return object;
}
