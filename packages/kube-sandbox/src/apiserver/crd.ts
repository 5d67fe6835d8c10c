// From a CustomResourceDefinition to served resources: one for each version, with its schema, scale paths and printer columns.
import { compileSchema } from '../schema/compile.ts';
import { ageText } from './duration.ts';
import { nameColumn } from './columns.ts';
import type { Dict } from './json.ts';
import { at, dictOr, isDict, listOr, numberOr, textOr } from './json.ts';
import { jsonPath } from './json-path.ts';
import type { Column, ResourceType, ScalePaths } from './resource.ts';
import { customType } from './types.ts';

const strings = (value: unknown): string[] => listOr(value).map(String);
const pathOf = (value: unknown): string[] => textOr(value).split('.').filter(Boolean);

export function customResources(crd: Dict): ResourceType[] {
  const versions = listOr(at(crd, 'spec', 'versions')).map(dictOr);
  return versions.filter((v) => v['served'] === true).map((v) => customResource(crd, v));
}

function customResource(crd: Dict, version: Dict): ResourceType {
  const spec = dictOr(crd['spec']);
  const names = dictOr(spec['names']);
  const [group, plural] = [textOr(spec['group']), textOr(names['plural'])];
  const schema = dictOr(at(version, 'schema', 'openAPIV3Schema'));
  const subresources = dictOr(version['subresources']);
  const kind = textOr(names['kind']);
  return {
    group,
    version: textOr(version['name']),
    plural,
    singular: textOr(names['singular'], kind.toLowerCase()),
    kind,
    listKind: textOr(names['listKind'], `${kind}List`),
    shortNames: strings(names['shortNames']),
    categories: strings(names['categories']),
    namespaced: spec['scope'] === 'Namespaced',
    builtin: false,
    bucket: `${group}/${plural}`,
    type: customType(schema),
    subresources: ['status', 'scale'].filter((name) => isDict(subresources[name])),
    ...scalePaths(subresources),
    generation: 'spec',
    needsVersion: true,
    createOnUpdate: false,
    skeleton: {},
    columns: customColumns(version),
    fields: selectable(version),
    schema: compileSchema(schema),
    openapi: schema,
    ...(at(crd, 'metadata', 'deletionTimestamp') === undefined ? {} : { terminating: true }),
  };
}

function scalePaths(subresources: Dict): { scale?: ScalePaths } {
  const scale = subresources['scale'];
  if (!isDict(scale)) return {};
  const selector = pathOf(scale['labelSelectorPath']);
  return {
    scale: {
      spec: pathOf(scale['specReplicasPath']),
      status: pathOf(scale['statusReplicasPath']),
      ...(selector.length === 0 ? {} : { selector }),
    },
  };
}

function selectable(version: Dict): ResourceType['fields'] {
  const labels = listOr(version['selectableFields']).map((f) => textOr(dictOr(f)['jsonPath']).replace(/^\./, ''));
  return { labels, refuse: (label) => `field label not supported: ${label}` };
}

const DEFAULT_AGE = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function customColumns(version: Dict): Column[] {
  const declared = listOr(version['additionalPrinterColumns']).map(dictOr);
  return [nameColumn, ...(declared.length === 0 ? [DEFAULT_AGE] : declared).map(customColumn)];
}

function customColumn(column: Dict): Column {
  const [path, type] = [textOr(column['jsonPath']), textOr(column['type'])];
  const read = jsonPath(path);
  const about = column === DEFAULT_AGE ? '' : `Custom resource definition column (in JSONPath format): ${path}`;
  return {
    name: textOr(column['name']),
    type,
    format: textOr(column['format']),
    description: textOr(column['description'], about),
    priority: numberOr(column['priority']),
    cell: (object, now) => cellOf(type, read(object), now),
  };
}

function cellOf(type: string, found: unknown[], now: number): unknown {
  const value = found[0];
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'date':
      return ageText(value, now);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    default:
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}
