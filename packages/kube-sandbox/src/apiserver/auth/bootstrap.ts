// The roles that every cluster is born with, as far as the kinds served here go.
import type { KubeObject } from '../../objects.ts';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const PATHS = ['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz'].concat([
  '/version',
  '/version/',
]);

type Rule = Record<string, string[]>;

const on = (apiGroup: string, resources: string[], verbs: string[]): Rule => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
});

const CORE = ['configmaps', 'endpoints', 'pods', 'serviceaccounts', 'services'];
const APPS = ['deployments', 'deployments/scale', 'replicasets', 'replicasets/scale'];
const OTHERS: [string, string[]][] = [
  ['apps', APPS],
  ['autoscaling', ['horizontalpodautoscalers']],
  ['batch', ['jobs']],
  ['policy', ['poddisruptionbudgets']],
  ['networking.k8s.io', ['networkpolicies']],
];

const VIEW = [on('', CORE, READ), on('', ['events', 'namespaces'], READ), ...OTHERS.map(([g, r]) => on(g, r, READ))];
const EDIT = [
  ...VIEW,
  on('', ['secrets'], READ),
  on('', ['serviceaccounts'], ['impersonate']),
  on('', ['pods/eviction'], ['create']),
  on('', [...CORE.filter((name) => name !== 'endpoints'), 'secrets'], WRITE),
  ...OTHERS.map(([group, resources]) => on(group, resources, WRITE)),
];
const ROLES = on('rbac.authorization.k8s.io', ['roles', 'rolebindings'], [...READ, ...WRITE]);

const RBAC = 'rbac.authorization.k8s.io/v1';
const role = (name: string, rules: Rule[]): KubeObject => ({
  apiVersion: RBAC,
  kind: 'ClusterRole',
  metadata: { name },
  rules,
});
const bound = (name: string, group: string): KubeObject => ({
  apiVersion: RBAC,
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
});

const asks = (group: string, resources: string[]): Rule => on(group, resources, ['create']);

export const bootstrapRoles = (): KubeObject[] => [
  role('cluster-admin', [on('*', ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }]),
  role('admin', [...EDIT, ROLES]),
  role('edit', EDIT),
  role('view', VIEW),
  role('system:discovery', [{ nonResourceURLs: PATHS, verbs: ['get'] }]),
  role('system:basic-user', [
    asks('authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews']),
    asks('authentication.k8s.io', ['selfsubjectreviews']),
  ]),
  bound('cluster-admin', 'system:masters'),
  bound('system:discovery', 'system:authenticated'),
  bound('system:basic-user', 'system:authenticated'),
];
