// A served resource: all that the handlers need to know of a kind, be it built in or from a CRD.
import type { StatusCause } from './errors.ts';
import type { Dict } from './json.ts';
import type { FieldLabels } from './selectors.ts';
import type { TypeNode } from './types.ts';

export interface Column {
  name: string;
  type: string;
  format?: string;
  description?: string;
  priority?: number;
  /** The cell; `now` in milliseconds since the epoch. */
  cell: (object: Dict, now: number) => unknown;
}

export interface ScalePaths {
  spec: string[];
  status: string[];
  selector?: string[];
}

/** The part of the schema engine that custom resources need (src/schema). */
export interface SchemaEngine {
  /** Drops fields that the schema does not know; returns their paths. */
  prune(object: Dict): string[];
  applyDefaults(object: Dict): void;
  validate(object: Dict, old?: Dict): StatusCause[];
}

/** What validation and defaulting may need from around the object. */
export interface Around {
  /** RFC 3339, whole seconds. */
  now: string;
  /** In [0, 1). */
  random: () => number;
}

export interface ResourceType {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  listKind: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  builtin: boolean;
  /** Where the store keeps it; two views of the same objects share it. */
  bucket: string;
  type: TypeNode;
  /** Names of subresources: status, scale, eviction. */
  subresources: readonly string[];
  scale?: ScalePaths;
  /** `spec`: counts changes outside metadata and status; `annotations` too; `none`: has no generation. */
  generation: 'spec' | 'annotations' | 'none';
  /** An update must name a resourceVersion. */
  needsVersion: boolean;
  /** PUT of a missing object creates it. */
  createOnUpdate: boolean;
  /** What an empty object of the kind holds before the first write, for the ownership of containers. */
  skeleton: Dict;
  /** Fields of the spec that the server fills in after ownership was recorded: a create does not own them. */
  assigned?: readonly string[];
  columns: readonly Column[];
  fields: FieldLabels;
  schema?: SchemaEngine;
  defaults?: (object: Dict, around: Around) => void;
  validate?: (object: Dict, old: Dict | undefined) => StatusCause[];
  /** The raw OpenAPI schema of a CRD's version. */
  openapi?: Dict;
  /** Between the stored form and this view of it (events.k8s.io). */
  view?: { fromStored: (object: Dict) => Dict; toStored: (object: Dict) => Dict };
  /** The CRD is being deleted: nothing new may be created. */
  terminating?: boolean;
  /** Nothing is stored: a POST is answered with a status (auth/reviews.ts). */
  isReview?: boolean;
}

export const apiVersionOf = (type: { group: string; version: string }): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`;

export const keyOf = (type: ResourceType, name: string, namespace: string | undefined): string =>
  type.namespaced ? `${namespace ?? ''}/${name}` : name;

/** Looks at an object before it is written, and throws what refuses it. */
export type Guard = (object: Dict, old: Dict | undefined) => void;

/** What a request is about. */
export interface Target {
  type: ResourceType;
  place: { name: string; namespace: string | undefined };
  /** Empty for the main resource. */
  subresource: string;
}
