// A cluster as commands ask it: by a kubeconfig, for as long as the command takes.
import type { KubeObject, Resource } from '../api/k8s.ts';
import { kubeClient } from '../kube/client.ts';
import { isNotFound } from '../kube/errors.ts';
import { loadAccess } from '../kube/kubeconfig.ts';
import { undiciTransport } from '../kube/transport-undici.ts';
import type { KubeClient } from '../kube/types.ts';
import { systemClock } from '../ports/clock.ts';
import { VERSION } from './version.ts';

/** Asks the cluster that the flags name; `namespace` is that of the context. The connections end with it. */
export async function connected<T>(
  flags: { kubeconfig?: string | undefined; context?: string | undefined },
  use: (cluster: { client: KubeClient; namespace: string }) => Promise<T>,
): Promise<T> {
  const access = await loadAccess({ kubeconfig: flags.kubeconfig, context: flags.context });
  const transport = undiciTransport({ access, clock: systemClock });
  const client = kubeClient({ transport, version: VERSION, clock: systemClock });
  try {
    return await use({ client, namespace: access.namespace });
  } finally {
    await transport.close();
  }
}

/** All of a kind; none where the cluster does not serve it. */
export async function listedIfServed(
  client: Pick<KubeClient, 'list'>,
  resource: Resource,
  selection: { namespace?: string },
): Promise<KubeObject[]> {
  try {
    return (await client.list<KubeObject>(resource, selection)).items;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
