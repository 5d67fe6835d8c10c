// The ReplicaSet of a revision, as it is created: named and labelled by the pod hash, owned by the Rollout.
import type { PodTemplate, ReplicaSet } from '../api/k8s.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH } from '../api/names.ts';
import type { Rollout } from '../api/rollout.ts';
import { shortHash } from '../rollout/hash.ts';

export function replicaSetFor(rollout: Rollout, hash: string, replicas: number): ReplicaSet {
  const { template, selector, minReadySeconds } = rollout.spec;
  const labels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH]: hash };
  const { namespace } = rollout.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${rollout.metadata.name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: { [ANNOTATIONS.template]: JSON.stringify(template) },
      ownerReferences: [
        {
          apiVersion: rollout.apiVersion,
          kind: rollout.kind,
          name: rollout.metadata.name,
          uid: rollout.metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: {
        ...selector,
        matchLabels: { ...selector.matchLabels, [POD_TEMPLATE_HASH]: hash },
      } as ReplicaSet['spec']['selector'],
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** The template that a ReplicaSet was made for, as it was declared: with it the revision has its own hash again. */
export function declaredTemplate(rs: ReplicaSet): PodTemplate {
  const { [POD_TEMPLATE_HASH]: hash, ...labels } = rs.spec.template.metadata?.labels ?? {};
  const declared = parsed(rs.metadata.annotations?.[ANNOTATIONS.template]);
  if (declared !== undefined && shortHash(declared) === hash) return declared;
  return { ...rs.spec.template, metadata: { ...rs.spec.template.metadata, labels } };
}

function parsed(text: string | undefined): PodTemplate | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as PodTemplate);
  } catch {
    return undefined;
  }
}
