// Table and PartialObjectMetadata: the forms in which kubectl and metadata clients ask for objects.
import type { Dict } from './json.ts';
import { at, dictOr } from './json.ts';
import { StatusError, badRequest } from './errors.ts';
import type { ResourceType } from './resource.ts';

export interface Form {
  as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  includeObject: string;
}

const notAcceptable = (type: ResourceType): StatusError => {
  const kinds = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
  if (!type.builtin)
    return new StatusError({
      code: 406,
      message: `only the following media types are accepted: ${kinds}`,
      reason: 'NotAcceptable',
    });
  const all = `${kinds}, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch`;
  const message = `406: Not Acceptable\n\nAvailable representations: ${all}`;
  return new StatusError({ code: 406, message, reason: 'NotAcceptable', details: {} });
};

/** The form that a media type's parameters ask for; undefined: one that is not served. */
function conversionOf(parameters: string[]): Form['as'] | undefined {
  const as = parameters.find((p) => p.startsWith('as='))?.slice(3);
  if (as === undefined) return 'object';
  if (as !== 'Table' && as !== 'PartialObjectMetadata' && as !== 'PartialObjectMetadataList') return undefined;
  const version = parameters.find((p) => p.startsWith('v='))?.slice(2);
  return version === 'v1' || version === 'v1beta1' ? as : undefined;
}

/** What the Accept header asks for, first fitting part first. Errors: 406. */
export function formOf(type: ResourceType, accept: string, includeObject: string | null): Form {
  const object: Form = { as: 'object', includeObject: includeObject ?? '' };
  if (accept.trim() === '') return object;
  for (const part of accept.split(',')) {
    const [media = '', ...parameters] = part.split(';').map((text) => text.trim());
    const isJson = ['application/json', 'application/yaml', '*/*', 'application/*'].includes(media);
    const as = isJson ? conversionOf(parameters) : undefined;
    if (as !== undefined) return { ...object, as };
  }
  throw notAcceptable(type);
}

export const wantsYaml = (accept: string): boolean =>
  accept.split(',')[0]?.trim().startsWith('application/yaml') === true;

function columnDefinitions(type: ResourceType): Dict[] {
  return type.columns.map((column) => ({
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description ?? '',
    priority: column.priority ?? 0,
  }));
}

const partial = (object: Dict): Dict => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: dictOr(object['metadata']),
});

function rowObject(object: Dict, include: string): unknown {
  if (include === 'None') return null;
  if (include === 'Object') return object;
  if (include === '' || include === 'Metadata') return partial(object);
  const message = `includeObject: Invalid value: "${include}": must be 'Metadata', 'Object', 'None', or empty`;
  throw badRequest(`Unable to convert to Table as requested: ${message}`);
}

export interface TableInput {
  objects: Dict[];
  metadata: Dict;
  now: number;
  include: string;
  /** Columns are sent with the first event of a watch only. */
  withColumns: boolean;
}

export function tableOf(type: ResourceType, input: TableInput): Dict {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: input.metadata,
    columnDefinitions: input.withColumns ? columnDefinitions(type) : null,
    rows: input.objects.map((object) => ({
      cells: type.columns.map((column) => column.cell(type.view?.toStored(object) ?? object, input.now)),
      object: rowObject(object, input.include),
    })),
  };
}

/** A bookmark in the form of a table: one row of empty cells. */
export function tableBookmark(type: ResourceType, metadata: Dict): Dict {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: metadata['resourceVersion'] },
    columnDefinitions: null,
    rows: [{ cells: type.columns.map((_, i) => (i === 0 ? '' : null)), object: partial({ metadata }) }],
  };
}

/** One object in the form asked for. */
export function inForm(type: ResourceType, object: Dict, form: Form, now: number): Dict {
  switch (form.as) {
    case 'Table': {
      const metadata = { resourceVersion: at(object, 'metadata', 'resourceVersion') ?? '' };
      return tableOf(type, { objects: [object], metadata, now, include: form.includeObject, withColumns: true });
    }
    case 'PartialObjectMetadata':
      return partial(object);
    case 'PartialObjectMetadataList':
      throw notAcceptable(type);
    case 'object':
      return object;
  }
}

/** A list in the form asked for. */
export function listInForm(type: ResourceType, list: { items: Dict[]; metadata: Dict }, form: Form, now: number): Dict {
  const { items, metadata } = list;
  switch (form.as) {
    case 'Table':
      return tableOf(type, { objects: items, metadata, now, include: form.includeObject, withColumns: true });
    case 'PartialObjectMetadataList':
      return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: items.map(partial) };
    case 'PartialObjectMetadata':
      throw new StatusError({
        code: 406,
        message:
          'you requested PartialObjectMetadata, but the requested object is a list (*unstructured.UnstructuredList)',
        reason: 'NotAcceptable',
      });
    case 'object':
      return wholeList(type, items, metadata);
  }
}

function wholeList(type: ResourceType, items: Dict[], metadata: Dict): Dict {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  if (!type.builtin) return { apiVersion, items, kind: type.listKind, metadata };
  const bare = items.map(({ kind: _kind, apiVersion: _version, ...rest }) => rest);
  return { kind: type.listKind, apiVersion, metadata, items: bare };
}
