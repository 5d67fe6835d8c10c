// Labels and annotations that pods carry while their revision is on one side: on the ReplicaSet's template for pods to come, on the pods
// that are there, and then on the ReplicaSet as a note of what was done, so that a crash in between is made good.
import type { KubeObject, ReplicaSet } from '../api/k8s.ts';
import { ANNOTATIONS, CONTROLLER_MANAGER, POD_TEMPLATE_HASH, RESOURCES } from '../api/names.ts';
import type { EphemeralMetadata } from '../api/rollout.ts';
import { isNotFound } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Intent } from '../rollout/intents.ts';
import type { Observed } from '../rollout/observed.ts';
import type { Caches } from './caches.ts';
import { declaredTemplate } from './replica-set.ts';

type Values = Record<string, string | null>;

type Key = 'labels' | 'annotations';

/** A merge patch from the one to the other: what only the first has is as the template declares it, or goes. */
function change(key: Key, before: EphemeralMetadata, after: EphemeralMetadata, declared: EphemeralMetadata): Values {
  const gone = Object.keys(before[key] ?? {}).filter((name) => after[key]?.[name] === undefined);
  return { ...Object.fromEntries(gone.map((name) => [name, declared[key]?.[name] ?? null])), ...after[key] };
}

export async function setPodMetadata(
  { caches }: { caches: Pick<Caches, 'replicaSets'> },
  {
    client,
    seen: { namespace, replicaSets },
  }: { client: KubeClient; seen: Pick<Observed, 'namespace' | 'replicaSets'> },
  { name, hash, metadata }: Extract<Intent, { do: 'SetPodMetadata' }>,
): Promise<void> {
  const before = replicaSets.find((rs) => rs.hash === hash)?.podMetadata ?? {};
  const live = caches.replicaSets.get(namespace, name);
  if (live === undefined) return;
  const declared = declaredTemplate(live).metadata ?? {};
  const patch = {
    labels: change('labels', before, metadata, declared),
    annotations: change('annotations', before, metadata, declared),
  };
  const write = async (body: object): Promise<ReplicaSet> =>
    client.patch<ReplicaSet>(RESOURCES.replicaSets, {
      name,
      namespace,
      type: 'merge',
      body,
      fieldManager: CONTROLLER_MANAGER,
    });
  await write({ spec: { template: { metadata: patch } } });
  const { items } = await client.list<KubeObject>(RESOURCES.pods, {
    namespace,
    labelSelector: `${POD_TEMPLATE_HASH}=${hash}`,
  });
  const marked = items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  await Promise.all(marked.map((pod) => mark(client, pod, patch)));
  const noted = { metadata: { annotations: { [ANNOTATIONS.podMetadata]: JSON.stringify(metadata) } } };
  caches.replicaSets.observe(await write(noted));
}

/** A pod that went away meanwhile needs no mark: its successor is made from the template. */
async function mark(client: KubeClient, { metadata: { name, namespace } }: KubeObject, patch: object): Promise<void> {
  const request = {
    name,
    namespace,
    type: 'merge' as const,
    body: { metadata: patch },
    fieldManager: CONTROLLER_MANAGER,
  };
  try {
    await client.patch<KubeObject>(RESOURCES.pods, request);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
