// What the server refuses in a CustomResourceDefinition.
import type { StatusCause } from './errors.ts';
import type { Dict } from './json.ts';
import { at, dictOr, isDict, listOr, textOr } from './json.ts';
import { invalid, required } from 'kube-schema/cause';

export function validateCrd(object: Dict): StatusCause[] {
  const spec = dictOr(object['spec']);
  const names = dictOr(spec['names']);
  const [name, group, plural] = [at(object, 'metadata', 'name'), textOr(spec['group']), textOr(names['plural'])];
  const causes: StatusCause[] = [];
  if (name !== `${plural}.${group}`)
    causes.push(invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  if (group === '') causes.push(required('spec.group'));
  if (plural === '') causes.push(required('spec.names.plural'));
  if (textOr(names['kind']) === '') causes.push(required('spec.names.kind'));
  if (spec['scope'] !== 'Namespaced' && spec['scope'] !== 'Cluster')
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(spec['scope'] ?? '')}: supported values: "Cluster", "Namespaced"`,
      field: 'spec.scope',
    });
  const versions = listOr(spec['versions']).map(dictOr);
  if (versions.filter((version) => version['storage'] === true).length !== 1)
    causes.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
  versions.forEach((version, i) => causes.push(...validateVersion(version, `spec.versions[${i}]`)));
  return causes;
}

function validateVersion(version: Dict, field: string): StatusCause[] {
  const schema = at(version, 'schema', 'openAPIV3Schema');
  const here = `${field}.schema.openAPIV3Schema`;
  if (!isDict(schema)) return [required(here)];
  return structural(schema, here);
}

/** Every value needs a type: without it nothing could be pruned or defaulted. */
function structural(schema: Dict, field: string): StatusCause[] {
  const loose =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (textOr(schema['type']) === '' && !loose)
    return [required(`${field}.type`, 'must not be empty for specified object fields')];
  const inner = Object.entries(dictOr(schema['properties'])).flatMap(([name, member]) =>
    structural(dictOr(member), `${field}.properties[${name}]`),
  );
  if (isDict(schema['items'])) inner.push(...structural(schema['items'], `${field}.items`));
  else if (schema['type'] === 'array') inner.push(required(`${field}.items`, 'must be specified'));
  if (isDict(schema['additionalProperties']))
    inner.push(...structural(schema['additionalProperties'], `${field}.additionalProperties`));
  return inner;
}
