// The built-in kinds that the sandbox serves, as one table.
import { defaultAutoscaler, validateAutoscaler } from './autoscaler.ts';
import {
  defaultBudget,
  defaultConfigMap,
  defaultCrd,
  defaultDeployment,
  defaultEndpointSlice,
  defaultEndpoints,
  defaultEvent,
  defaultJob,
  defaultNamespace,
  defaultReplicaSet,
  defaultSecret,
  defaultService,
} from './builtin-defaults.ts';
import { validateJob, validateLease, validatePod, validateService, validateWorkload } from './builtin-validation.ts';
import { BUILTIN_COLUMNS, ageColumn, nameColumn } from './columns.ts';
import { validateCrd } from './crd-validation.ts';
import { validateConfigMap, validateSecret } from './data-validation.ts';
import { validateEvent, validateNewEvent } from './event-validation.ts';
import { eventView } from './event-view.ts';
import type { Dict } from './json.ts';
import { defaultPod } from './pod-defaults.ts';
import { defaultNetworkPolicy, validateNetworkPolicy } from './network-policy.ts';
import { defaultBinding, validateBinding, validateBudget } from './policy-kinds.ts';
import type { ResourceType } from './resource.ts';
import { builtinType } from './types.ts';

interface Row {
  gv: string;
  kind: string;
  plural: string;
  short?: string[];
  all?: boolean;
  cluster?: boolean;
  subresources?: string[];
  generation?: ResourceType['generation'];
  type?: string;
  bucket?: string;
  skeleton?: Dict;
  fields?: string[];
  /** Unknown field labels are answered in the short form. */
  brief?: boolean;
  more?: Partial<ResourceType>;
}

const template = { metadata: {}, spec: { containers: null } };
const EVENT_FIELDS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']
  .map((field) => `involvedObject.${field}`)
  .concat(['reason', 'reportingComponent', 'source', 'type']);
const EVENT_SKELETON: Dict = {
  involvedObject: {},
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: null,
  reportingComponent: '',
  reportingInstance: '',
};
const POD_FIELDS = ['spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName'].concat([
  'spec.hostNetwork',
  'status.phase',
  'status.podIP',
  'status.nominatedNodeName',
]);
const RBAC = 'rbac.authorization.k8s.io/v1';
const BINDING: Row['more'] = { defaults: defaultBinding, validate: validateBinding };
const binding: Dict = { roleRef: { apiGroup: '', kind: '', name: '' } };

const ROWS: Row[] = [
  {
    gv: 'v1',
    kind: 'Namespace',
    plural: 'namespaces',
    short: ['ns'],
    cluster: true,
    subresources: ['status'],
    skeleton: { spec: {}, status: {} },
    fields: ['status.phase'],
    brief: true,
    more: { defaults: defaultNamespace },
  },
  {
    gv: 'v1',
    kind: 'Pod',
    plural: 'pods',
    short: ['po'],
    all: true,
    subresources: ['status', 'eviction'],
    generation: 'spec',
    skeleton: { spec: { containers: null }, status: {} },
    fields: POD_FIELDS,
    brief: true,
    more: {
      defaults: defaultPod,
      validate: validatePod,
      assigned: ['tolerations', 'priority', 'preemptionPolicy'],
    },
  },
  {
    gv: 'v1',
    kind: 'Service',
    plural: 'services',
    short: ['svc'],
    all: true,
    subresources: ['status'],
    skeleton: { spec: {}, status: { loadBalancer: {} } },
    fields: ['spec.clusterIP', 'spec.type'],
    brief: true,
    more: {
      defaults: defaultService,
      validate: validateService,
      assigned: ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'],
    },
  },
  { gv: 'v1', kind: 'Endpoints', plural: 'endpoints', short: ['ep'], more: { defaults: defaultEndpoints } },
  {
    gv: 'v1',
    kind: 'ConfigMap',
    plural: 'configmaps',
    short: ['cm'],
    more: { defaults: defaultConfigMap, validate: validateConfigMap },
  },
  {
    gv: 'v1',
    kind: 'Secret',
    plural: 'secrets',
    fields: ['type'],
    brief: true,
    more: { defaults: defaultSecret, validate: validateSecret },
  },
  { gv: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', short: ['sa'], subresources: ['token'] },
  {
    gv: 'v1',
    kind: 'Node',
    plural: 'nodes',
    short: ['no'],
    cluster: true,
    subresources: ['status'],
    skeleton: { spec: {}, status: { daemonEndpoints: { kubeletEndpoint: { Port: 0 } } } },
    fields: ['spec.unschedulable'],
    brief: true,
  },
  {
    gv: 'v1',
    kind: 'Event',
    plural: 'events',
    short: ['ev'],
    skeleton: EVENT_SKELETON,
    fields: EVENT_FIELDS,
    brief: true,
    more: { defaults: defaultEvent, validate: validateEvent },
  },
  {
    gv: 'events.k8s.io/v1',
    kind: 'Event',
    plural: 'events',
    short: ['ev'],
    type: 'eventsEvent',
    bucket: '/events',
    fields: ['reason', 'type', 'regarding.kind', 'regarding.name', 'regarding.namespace', 'regarding.uid'],
    brief: true,
    skeleton: EVENT_SKELETON,
    more: { view: eventView, defaults: defaultEvent, validate: validateNewEvent },
  },
  {
    gv: 'apps/v1',
    kind: 'ReplicaSet',
    plural: 'replicasets',
    short: ['rs'],
    all: true,
    subresources: ['status', 'scale'],
    generation: 'spec',
    skeleton: { spec: { selector: null, template }, status: { replicas: 0 } },
    more: { defaults: defaultReplicaSet, validate: validateWorkload },
  },
  {
    gv: 'apps/v1',
    kind: 'Deployment',
    plural: 'deployments',
    short: ['deploy'],
    all: true,
    subresources: ['status', 'scale'],
    generation: 'annotations',
    skeleton: { spec: { selector: null, template, strategy: {} }, status: {} },
    more: { defaults: defaultDeployment, validate: validateWorkload },
  },
  {
    gv: 'batch/v1',
    kind: 'Job',
    plural: 'jobs',
    all: true,
    subresources: ['status'],
    generation: 'spec',
    skeleton: { spec: { template }, status: {} },
    fields: ['status.successful'],
    brief: true,
    more: { defaults: defaultJob, validate: validateJob },
  },
  {
    gv: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    generation: 'spec',
    skeleton: { addressType: '', endpoints: null, ports: null },
    more: { defaults: defaultEndpointSlice },
  },
  {
    gv: 'coordination.k8s.io/v1',
    kind: 'Lease',
    plural: 'leases',
    skeleton: { spec: {} },
    more: { createOnUpdate: true, validate: validateLease },
  },
  {
    gv: 'policy/v1',
    kind: 'PodDisruptionBudget',
    plural: 'poddisruptionbudgets',
    short: ['pdb'],
    subresources: ['status'],
    generation: 'spec',
    skeleton: { spec: {}, status: {} },
    more: { defaults: defaultBudget, validate: validateBudget },
  },
  {
    gv: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    short: ['hpa'],
    all: true,
    subresources: ['status'],
    skeleton: {
      spec: { scaleTargetRef: { kind: '', name: '' }, maxReplicas: 0 },
      status: { desiredReplicas: 0, currentMetrics: null },
    },
    more: { defaults: defaultAutoscaler, validate: validateAutoscaler },
  },
  {
    gv: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    short: ['netpol'],
    generation: 'spec',
    skeleton: { spec: { podSelector: {} } },
    more: { defaults: defaultNetworkPolicy, validate: validateNetworkPolicy },
  },
  { gv: RBAC, kind: 'Role', plural: 'roles', skeleton: { rules: null } },
  { gv: RBAC, kind: 'RoleBinding', plural: 'rolebindings', skeleton: binding, more: BINDING },
  { gv: RBAC, kind: 'ClusterRole', plural: 'clusterroles', cluster: true, skeleton: { rules: null } },
  {
    gv: RBAC,
    kind: 'ClusterRoleBinding',
    plural: 'clusterrolebindings',
    cluster: true,
    skeleton: binding,
    more: BINDING,
  },
  {
    gv: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    short: ['crd', 'crds'],
    cluster: true,
    subresources: ['status'],
    generation: 'spec',
    skeleton: {
      spec: { group: '', names: { plural: '', kind: '' }, scope: '', versions: null },
      status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null },
    },
    more: { defaults: defaultCrd, validate: validateCrd },
  },
];

function reviewRow(gv: string, kind: string, isLocal = false): Row {
  return { gv, kind, plural: `${kind.toLowerCase()}s`, cluster: !isLocal, more: { isReview: true } };
}

const AUTHORIZATION = 'authorization.k8s.io/v1';
const AUTHENTICATION = 'authentication.k8s.io/v1';
const REVIEWS: Row[] = [
  reviewRow(AUTHORIZATION, 'SelfSubjectAccessReview'),
  reviewRow(AUTHORIZATION, 'SelfSubjectRulesReview'),
  reviewRow(AUTHORIZATION, 'SubjectAccessReview'),
  reviewRow(AUTHORIZATION, 'LocalSubjectAccessReview', true),
  reviewRow(AUTHENTICATION, 'SelfSubjectReview'),
  reviewRow(AUTHENTICATION, 'TokenReview'),
];

const SCALE = { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: ['spec', 'selector'] };

function refusal(row: Row): (label: string) => string {
  if (row.brief === true) return (label) => `field label not supported: ${label}`;
  return (label) => `"${label}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

function categoriesOf(row: Row): string[] {
  if (row.all === true) return ['all'];
  return row.plural.startsWith('customres') ? ['api-extensions'] : [];
}

/** What a row says that says nothing of it. */
const PLAIN = { short: [], subresources: [], generation: 'none', skeleton: {}, fields: [] } satisfies Partial<Row>;

function fromRow(row: Row): ResourceType {
  const { short, subresources, generation, skeleton, fields } = { ...PLAIN, ...row };
  const [group, version] = row.gv.includes('/') ? (row.gv.split('/') as [string, string]) : ['', row.gv];
  return {
    group,
    version,
    plural: row.plural,
    singular: row.kind.toLowerCase(),
    kind: row.kind,
    listKind: `${row.kind}List`,
    shortNames: short,
    categories: categoriesOf(row),
    namespaced: row.cluster !== true,
    builtin: true,
    bucket: row.bucket ?? `${group}/${row.plural}`,
    type: builtinType(row.type ?? row.kind),
    subresources,
    ...(subresources.includes('scale') ? { scale: SCALE } : {}),
    generation,
    needsVersion: row.kind === 'CustomResourceDefinition',
    createOnUpdate: false,
    skeleton,
    columns: BUILTIN_COLUMNS[row.kind] ?? [nameColumn, ageColumn],
    fields: { labels: fields, refuse: refusal(row) },
    ...row.more,
  };
}

export const builtinKinds = (): ResourceType[] => [...ROWS, ...REVIEWS].map(fromRow);
