// URLs of the API server: where a resource lives, and query strings.
import type { Resource } from '../api/k8s.ts';
import type { Selection } from './types.ts';

export interface Address {
  namespace?: string | undefined;
  name?: string | undefined;
  subresource?: string | undefined;
}

/** `/apis/apps/v1/namespaces/shop/replicasets/web/status` and the like. A namespace is ignored for cluster-scoped kinds. */
export function resourcePath(resource: Resource, address: Address): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && address.namespace ? `/namespaces/${encodeURIComponent(address.namespace)}` : '';
  const name = address.name === undefined ? '' : `/${encodeURIComponent(address.name)}`;
  const subresource = address.subresource === undefined ? '' : `/${address.subresource}`;
  return `${root}${scope}/${resource.plural}${name}${subresource}`;
}

/** `?a=1&b=2` of what is set, or nothing. */
export function queryOf(values: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') query.set(name, value);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

export function selectionQuery(selection: Selection): Record<string, string | undefined> {
  return { labelSelector: selection.labelSelector, fieldSelector: selection.fieldSelector };
}
