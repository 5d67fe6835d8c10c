// A client whose every call counts as another user's.
import type { KubeObject, Resource } from '../api/k8s.ts';
import type { CallOptions, Identified, KubeClient, List, PatchRequest, Selection } from './types.ts';

/**
 * Every call is made as `user` (`system:serviceaccount:NAMESPACE:NAME`), whatever `as` the caller gives: who holds this client cannot act as
 * anybody else. Discovery is the client's own, and shared.
 */
export function actingAs(client: KubeClient, user: string): KubeClient {
  const as = <O extends CallOptions>(options: O | undefined): O & { as: string } => ({ ...(options as O), as: user });
  return {
    get<T extends Identified = KubeObject>(
      resource: Resource,
      name: string,
      namespace?: string,
      options?: CallOptions,
    ) {
      return client.get<T>(resource, name, namespace, as(options));
    },
    list<T extends Identified = KubeObject>(
      resource: Resource,
      selection?: Selection,
      options?: CallOptions,
    ): Promise<List<T>> {
      return client.list<T>(resource, selection, as(options));
    },
    create: (resource, object, options) => client.create(resource, object, as(options)),
    update: (resource, object, options) => client.update(resource, object, as(options)),
    patch<T extends Identified = KubeObject>(resource: Resource, request: PatchRequest, options?: CallOptions) {
      return client.patch<T>(resource, request, as(options));
    },
    delete: (resource, name, namespace, options) => client.delete(resource, name, namespace, as(options)),
    watch: (resource, options, signal) => client.watch(resource, { ...options, as: user }, signal),
    raw: (request) => client.raw(as(request)),
    discover: client.discover.bind(client),
    resourceFor: client.resourceFor.bind(client),
  };
}

/** The name under which the API server knows a ServiceAccount. */
export const serviceAccountUser = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;
