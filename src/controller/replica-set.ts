// The ReplicaSet of a revision, as it is created: named and labelled by the pod hash, owned by the Rollout.
import { isRecord, recordsIn } from '../api/json.ts';
import type { OwnerReference, PodTemplate, ReplicaSet } from '../api/k8s.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH } from '../api/names.ts';
import type { EphemeralMetadata, Rollout } from '../api/rollout.ts';
import { shortHash } from '../rollout/hash.ts';
import type { AwayFrom } from '../rollout/intents.ts';

/** What is added to the declared template for the pods of one ReplicaSet. */
export interface PodExtras {
  /** Labels and annotations for the side that they are on. */
  readonly metadata?: EphemeralMetadata;
  /** The revision whose nodes they keep off. */
  readonly awayFrom?: AwayFrom;
}

export function replicaSetFor(rollout: Rollout, hash: string, replicas: number, extras: PodExtras = {}): ReplicaSet {
  const { template, selector, minReadySeconds } = rollout.spec;
  const { namespace } = rollout.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${rollout.metadata.name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...template.metadata?.labels, [POD_TEMPLATE_HASH]: hash },
      annotations: {
        [ANNOTATIONS.template]: JSON.stringify(template),
        ...(extras.metadata && { [ANNOTATIONS.podMetadata]: JSON.stringify(extras.metadata) }),
      },
      ownerReferences: [ownerReference(rollout)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: {
        ...selector,
        matchLabels: { ...selector.matchLabels, [POD_TEMPLATE_HASH]: hash },
      } as ReplicaSet['spec']['selector'],
      template: podTemplateOf(rollout, hash, extras),
    },
  };
}

/** The declared template, with the pod hash and what is added for the pods of this revision. */
function podTemplateOf(rollout: Rollout, hash: string, { metadata: extra, awayFrom }: PodExtras): PodTemplate {
  const { template } = rollout.spec;
  const labels = { ...template.metadata?.labels, ...extra?.labels, [POD_TEMPLATE_HASH]: hash };
  const annotations = { ...template.metadata?.annotations, ...extra?.annotations };
  const pods = awayFrom === undefined ? template : keptOff(template, awayFrom);
  return {
    ...pods,
    metadata: { ...pods.metadata, labels, ...(Object.keys(annotations).length > 0 && { annotations }) },
  };
}

/** Of an object that a Rollout controls. */
export const ownerReference = ({ apiVersion, kind, metadata }: Rollout): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
});

/** The template with an anti-affinity against the pods of another revision, on the same node. */
function keptOff(template: PodTemplate, { hash, rule }: AwayFrom): PodTemplate {
  const term = {
    labelSelector: { matchExpressions: [{ key: POD_TEMPLATE_HASH, operator: 'In', values: [hash] }] },
    topologyKey: 'kubernetes.io/hostname',
  };
  const preferred = rule.preferredDuringSchedulingIgnoredDuringExecution;
  const [field, added] =
    preferred === undefined
      ? ['requiredDuringSchedulingIgnoredDuringExecution', term]
      : ['preferredDuringSchedulingIgnoredDuringExecution', { weight: preferred.weight, podAffinityTerm: term }];
  const affinity = isRecord(template.spec?.affinity) ? template.spec.affinity : {};
  const anti = isRecord(affinity['podAntiAffinity']) ? affinity['podAntiAffinity'] : {};
  const podAntiAffinity = { ...anti, [field]: [...recordsIn(anti[field]), added] };
  const spec = { containers: [], ...template.spec, affinity: { ...affinity, podAntiAffinity } };
  return { ...template, spec };
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
