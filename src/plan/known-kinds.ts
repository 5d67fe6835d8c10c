// The kinds that Kubernetes itself has, and some that most know, and whether they live in namespaces: where no cluster can be asked.
import { nearest } from '../api/nearest.ts';
import { splitApiVersion } from '../api/object-key.ts';

interface Group {
  /** Kinds that live in namespaces. */
  namespaced: string;
  /** Kinds that belong to none. */
  cluster: string;
}

const GROUPS: Readonly<Record<string, Group>> = {
  '': {
    namespaced:
      'Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount',
    cluster: 'ComponentStatus Namespace Node PersistentVolume',
  },
  apps: { namespaced: 'ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet', cluster: '' },
  batch: { namespaced: 'CronJob Job', cluster: '' },
  autoscaling: { namespaced: 'HorizontalPodAutoscaler', cluster: '' },
  policy: { namespaced: 'PodDisruptionBudget', cluster: '' },
  'networking.k8s.io': {
    namespaced: 'Ingress NetworkPolicy',
    cluster: 'IPAddress IngressClass ServiceCIDR',
  },
  'rbac.authorization.k8s.io': { namespaced: 'Role RoleBinding', cluster: 'ClusterRole ClusterRoleBinding' },
  'storage.k8s.io': {
    namespaced: 'CSIStorageCapacity',
    cluster: 'CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass',
  },
  'apiextensions.k8s.io': { namespaced: '', cluster: 'CustomResourceDefinition' },
  'apiregistration.k8s.io': { namespaced: '', cluster: 'APIService' },
  'admissionregistration.k8s.io': {
    namespaced: '',
    cluster:
      'MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration',
  },
  'certificates.k8s.io': {
    namespaced: 'PodCertificateRequest',
    cluster: 'CertificateSigningRequest ClusterTrustBundle',
  },
  'coordination.k8s.io': { namespaced: 'Lease LeaseCandidate', cluster: '' },
  'discovery.k8s.io': { namespaced: 'EndpointSlice', cluster: '' },
  'events.k8s.io': { namespaced: 'Event', cluster: '' },
  'flowcontrol.apiserver.k8s.io': { namespaced: '', cluster: 'FlowSchema PriorityLevelConfiguration' },
  'node.k8s.io': { namespaced: '', cluster: 'RuntimeClass' },
  'resource.k8s.io': {
    namespaced: 'ResourceClaim ResourceClaimTemplate',
    cluster: 'DeviceClass DeviceTaintRule ResourceSlice',
  },
  'scheduling.k8s.io': { namespaced: 'Workload', cluster: 'PriorityClass' },
  'storagemigration.k8s.io': { namespaced: '', cluster: 'StorageVersionMigration' },
};

/** Kinds of projects that many clusters have, which belong to no namespace, by `group/Kind`. All others that are not known are taken to live in one. */
const OTHERS: ReadonlySet<string> = new Set([
  'cert-manager.io/ClusterIssuer',
  'gateway.networking.k8s.io/GatewayClass',
  'external-secrets.io/ClusterExternalSecret',
  'external-secrets.io/ClusterPushSecret',
  'external-secrets.io/ClusterSecretStore',
  'kyverno.io/ClusterCleanupPolicy',
  'kyverno.io/ClusterPolicy',
  'cilium.io/CiliumClusterwideNetworkPolicy',
  'cilium.io/CiliumExternalWorkload',
  'cilium.io/CiliumLoadBalancerIPPool',
  'cilium.io/CiliumNode',
  'projectcalico.org/BGPConfiguration',
  'projectcalico.org/BGPPeer',
  'projectcalico.org/FelixConfiguration',
  'projectcalico.org/GlobalNetworkPolicy',
  'projectcalico.org/GlobalNetworkSet',
  'projectcalico.org/IPPool',
  'crd.projectcalico.org/BGPConfiguration',
  'crd.projectcalico.org/BGPPeer',
  'crd.projectcalico.org/FelixConfiguration',
  'crd.projectcalico.org/GlobalNetworkPolicy',
  'crd.projectcalico.org/GlobalNetworkSet',
  'crd.projectcalico.org/IPPool',
  'karpenter.sh/NodeClaim',
  'karpenter.sh/NodePool',
  'karpenter.k8s.aws/EC2NodeClass',
  'keda.sh/ClusterTriggerAuthentication',
  'snapshot.storage.k8s.io/VolumeSnapshotClass',
  'snapshot.storage.k8s.io/VolumeSnapshotContent',
  'apiextensions.crossplane.io/CompositeResourceDefinition',
  'apiextensions.crossplane.io/Composition',
  'apiextensions.crossplane.io/EnvironmentConfig',
  'pkg.crossplane.io/Configuration',
  'pkg.crossplane.io/Function',
  'pkg.crossplane.io/Provider',
  'argoproj.io/ClusterWorkflowTemplate',
  'trust.cert-manager.io/Bundle',
  'policies.kyverno.io/GeneratingPolicy',
  'policies.kyverno.io/ImageValidatingPolicy',
  'policies.kyverno.io/MutatingPolicy',
  'policies.kyverno.io/ValidatingPolicy',
]);

const kindsOf = (kinds: string): string[] => kinds.split(' ').filter((kind) => kind !== '');

/** By `group/Kind`. */
const SCOPES: ReadonlyMap<string, boolean> = new Map(
  Object.entries(GROUPS).flatMap(([group, { namespaced, cluster }]) => [
    ...kindsOf(namespaced).map((kind): [string, boolean] => [`${group}/${kind}`, true]),
    ...kindsOf(cluster).map((kind): [string, boolean] => [`${group}/${kind}`, false]),
  ]),
);
/** Whether a kind lives in namespaces, where it is built in or of a well-known project; undefined for all others. */
export function knownScope(apiVersion: string, kind: string): boolean | undefined {
  const [group] = splitApiVersion(apiVersion);
  return SCOPES.get(`${group}/${kind}`) ?? (OTHERS.has(`${group}/${kind}`) ? false : undefined);
}

/** The built-in kind that was probably meant by one that its group does not have; undefined for kinds of other groups. */
export function kindMeant(apiVersion: string, kind: string): string | undefined {
  const [group] = splitApiVersion(apiVersion);
  const known = Object.hasOwn(GROUPS, group) ? GROUPS[group] : undefined;
  if (known === undefined || SCOPES.has(`${group}/${kind}`)) return undefined;
  return nearest(kind, kindsOf(`${known.namespaced} ${known.cluster}`));
}
