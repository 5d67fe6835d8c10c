// Built-in objects as Go writes them back: what is empty and may be left out is left out, quantities have one form.
import type { Dict } from './json.ts';
import { isDict } from './json.ts';
import { canonicalQuantity } from './quantity.ts';
import type { TypeNode } from './types.ts';
import { ANY, memberType } from './types.ts';

/** Maps and lists that are written also when they are empty. */
const KEPT = new Set([
  'PodSpec.containers',
  // Written as absent, too, but there it tells one that was released from one that was never held.
  'NamespaceSpec.finalizers',
  'Role.rules',
  'ClusterRole.rules',
  'PolicyRule.verbs',
  'Endpoint.addresses',
  'EndpointSlice.endpoints',
  'EndpointSlice.ports',
  'NodeSelector.nodeSelectorTerms',
  'ProjectedVolumeSource.sources',
  'CustomResourceDefinitionSpec.versions',
  'CustomResourceDefinitionStatus.conditions',
  'CustomResourceDefinitionStatus.storedVersions',
  'HorizontalPodAutoscalerStatus.currentMetrics',
]);
const EMPTY_TEXTS = new Set(['EnvVar.value']);

function isOmitted(value: unknown, type: TypeNode, name: string): boolean {
  if (type.shape === 'map') return isDict(value) && Object.keys(value).length === 0 && !KEPT.has(name);
  if (type.shape === 'list') return Array.isArray(value) && value.length === 0 && !KEPT.has(name);
  return value === '' && EMPTY_TEXTS.has(name);
}

const QUANTITY = /^[+-]?(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d+)$/;
const NO_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** What Go says of the first quantity that is none; undefined where all are. */
export function quantityProblem(value: unknown, type: TypeNode): string | undefined {
  if (type.scalar === 'q') {
    if (typeof value === 'number' || value === null || value === undefined) return undefined;
    return typeof value === 'string' && QUANTITY.test(value.trim()) ? undefined : NO_QUANTITY;
  }
  for (const [member, inner] of partsOf(value, type)) {
    const problem = inner.shape === 'any' ? undefined : quantityProblem(member, inner);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The elements of a list or the members of an object, each with its type. */
function partsOf(value: unknown, type: TypeNode): [unknown, TypeNode][] {
  if (Array.isArray(value)) return value.map((item) => [item, type.element ?? ANY]);
  if (!isDict(value)) return [];
  return Object.keys(value).map((key) => [value[key], memberType(type, key) ?? ANY]);
}

/** Changes the object in place. */
export function toGoForm(object: Dict, type: TypeNode): void {
  for (const key of Object.keys(object)) {
    const member = memberType(type, key) ?? ANY;
    if (type.shape === 'struct' && isOmitted(object[key], member, `${type.name ?? ''}.${key}`)) delete object[key];
    else object[key] = settled(object[key], member);
  }
}

function settled(value: unknown, type: TypeNode): unknown {
  if (type.shape === 'any') return value;
  if (type.scalar === 'q')
    return typeof value === 'string' || typeof value === 'number' ? canonicalQuantity(value) : value;
  if (Array.isArray(value)) {
    const element = type.element ?? ANY;
    if (element.scalar === 's') return value;
    return value.map((item) => settled(item, element));
  }
  if (isDict(value)) toGoForm(value, type);
  return value;
}
