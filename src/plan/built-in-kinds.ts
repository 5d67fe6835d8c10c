// The kinds that Kubernetes itself has, and whether they live in namespaces: where no cluster can be asked.
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

const kindsOf = (kinds: string): string[] => kinds.split(' ').filter((kind) => kind !== '');

/** By `group/Kind`. */
const SCOPES: ReadonlyMap<string, boolean> = new Map(
  Object.entries(GROUPS).flatMap(([group, { namespaced, cluster }]) => [
    ...kindsOf(namespaced).map((kind): [string, boolean] => [`${group}/${kind}`, true]),
    ...kindsOf(cluster).map((kind): [string, boolean] => [`${group}/${kind}`, false]),
  ]),
);

/** Whether a built-in kind lives in namespaces; undefined for what is none. */
export function builtInScope(apiVersion: string, kind: string): boolean | undefined {
  const [group] = splitApiVersion(apiVersion);
  return SCOPES.get(`${group}/${kind}`);
}

/** The built-in kind that was probably meant by one that its group does not have; undefined for kinds of other groups. */
export function kindMeant(apiVersion: string, kind: string): string | undefined {
  const [group] = splitApiVersion(apiVersion);
  const known = Object.hasOwn(GROUPS, group) ? GROUPS[group] : undefined;
  if (known === undefined || SCOPES.has(`${group}/${kind}`)) return undefined;
  return nearest(kind, kindsOf(`${known.namespaced} ${known.cluster}`));
}
