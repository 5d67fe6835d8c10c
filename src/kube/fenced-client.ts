// A client that writes only while this process leads.
import type { KubeObject, Resource } from '../api/k8s.ts';
import type { ObjectKey } from '../api/object-key.ts';
import type { Ownership } from '../ports/ownership.ts';
import type { LeaseElection } from './lease.ts';
import type {
  CallOptions,
  DeleteOptions,
  Identified,
  KubeClient,
  PatchRequest,
  RawRequest,
  RawResponse,
  UpdateOptions,
  WriteOptions,
} from './types.ts';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Reads pass through. Every write first asks `lease.fence()`, so it rejects with LostLeadership when this process does not lead, and
 * is given no longer than the time after which another process may take over.
 */
export function fenced(client: KubeClient, lease: Pick<LeaseElection, 'fence' | 'marginMs'>): KubeClient {
  const guard = <O extends CallOptions>(options: O | undefined): O & CallOptions => {
    lease.fence();
    const timeoutMs = Math.max(1, Math.min(options?.timeoutMs ?? DEFAULT_TIMEOUT_MS, lease.marginMs()));
    return { ...(options as O), timeoutMs };
  };
  return {
    get: client.get.bind(client),
    list: client.list.bind(client),
    watch: client.watch.bind(client),
    discover: client.discover.bind(client),
    resourceFor: client.resourceFor.bind(client),
    async create<T extends Identified>(resource: Resource, object: T, options?: WriteOptions): Promise<T> {
      return client.create(resource, object, guard(options));
    },
    async update<T extends Identified>(resource: Resource, object: T, options?: UpdateOptions): Promise<T> {
      return client.update(resource, object, guard(options));
    },
    async patch<T extends Identified = KubeObject>(
      resource: Resource,
      request: PatchRequest,
      options?: CallOptions,
    ): Promise<T> {
      return client.patch<T>(resource, request, guard(options));
    },
    async delete(resource: Resource, name: string, namespace?: string, options?: DeleteOptions): Promise<boolean> {
      return client.delete(resource, name, namespace, guard(options));
    },
    async raw(request: RawRequest): Promise<RawResponse> {
      return client.raw(READS.has(request.method.toUpperCase()) ? request : guard(request));
    },
  };
}

/** A client whose writes are made on behalf of one object: each asks whether that is still this process's to write for. */
export function fencedFor(client: KubeClient, ownership: Ownership, key: ObjectKey): KubeClient {
  let marginMs = 0;
  const fence = (): void => void ({ marginMs } = ownership.fence(key));
  return fenced(client, { fence, marginMs: () => marginMs });
}
