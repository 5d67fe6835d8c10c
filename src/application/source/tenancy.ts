// What a repository may declare: by default objects of its Application's own namespace, with the rights of a ServiceAccount there; wider
// only by an operator's word, which no file and no object of a tenant can give. Pure; the API server's RBAC decides what is left.
import type { Application } from '../../api/application.ts';
import { textIn, isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { ANNOTATIONS, GROUP, HOOK_POLICIES, HOOKS, POD_TEMPLATE_HASH, SYNC_WAVES } from '../../api/names.ts';
import { nameOf, refOf } from '../../api/object-key.ts';
import { drivenOf, idOf } from '../../traffic/driven-objects.ts';
import { DRIVEN_KINDS, drivenKind } from '../../traffic/modules.ts';
import { isRollout } from '../revert/dependents.ts';
import { readHook } from '../sync/hooks/terms.ts';
import type { DesiredObject } from './desired.ts';
import type { Problem } from './manifests.ts';

/** What the operator of this Sluice has said; the same for all Applications. */
export interface TenancySettings {
  /** ServiceAccount of an Application that names none, in its own namespace. */
  defaultServiceAccount?: string | undefined;
  /** `namespace/name` or `namespace/*` of Applications that may reach beyond their namespace. */
  clusterApplications: readonly string[];
  /** Namespaces whose Rollouts may name routes of other namespaces; `*` for all. */
  crossNamespaceRoutes: readonly string[];
}

export interface Tenancy {
  namespace: string;
  /** ServiceAccount in that namespace whose rights are used; undefined: Sluice's own, for the fixed list alone. */
  account: string | undefined;
  /** May reach other namespaces and what belongs to none. */
  wide: boolean;
  /** Namespaces whose Rollouts may drive routes of other namespaces; `*` for all. */
  crossNamespaceRoutes: readonly string[];
}

/** What an Application may declare, by what the operator says. */
export function tenancyOf(app: Application, settings: TenancySettings): Tenancy {
  const namespace = app.metadata.namespace ?? 'default';
  const wide = settings.clusterApplications.some(
    (entry) => entry === `${namespace}/*` || entry === `${namespace}/${app.metadata.name}`,
  );
  return {
    namespace,
    account: app.spec.serviceAccountName ?? settings.defaultServiceAccount,
    wide,
    crossNamespaceRoutes: settings.crossNamespaceRoutes,
  };
}

/** Whether a Rollout of a namespace may drive routes of another; whoever applied it. */
export const mayCross = (allowed: readonly string[], namespace: string): boolean =>
  allowed.includes('*') || allowed.includes(namespace);

/** As the API server knows the account: `system:serviceaccount:shop:deployer`; undefined for Sluice's own identity. */
export const userOf = ({ namespace, account }: Tenancy): string | undefined =>
  account === undefined ? undefined : `system:serviceaccount:${namespace}:${account}`;

/** Where an Application's objects are followed, and as whom. */
export const reachOf = (tenancy: Tenancy): { namespace: string | undefined; as: string | undefined } => ({
  namespace: tenancy.wide ? undefined : tenancy.namespace,
  as: userOf(tenancy),
});

/** `group/Kind` that Sluice's own identity applies where no account is named. */
const FIXED_LIST: ReadonlySet<string> = new Set([
  ...['Rollout', 'AnalysisTemplate', 'AnalysisRun', 'Experiment'].flatMap((kind) => [
    `${GROUP}/${kind}`,
    `argoproj.io/${kind}`,
  ]),
  '/ConfigMap',
  ...DRIVEN_KINDS.map(({ resource: { group, kind } }) => `${group}/${kind}`),
  'autoscaling/HorizontalPodAutoscaler',
  'policy/PodDisruptionBudget',
]);

/** What hooks may be besides. */
const FIXED_HOOK = 'batch/Job';

/** Annotations of Sluice that are a declaration; all others are a person's act on the cluster, or Sluice's own book-keeping. */
const DECLARABLE: ReadonlySet<string> = new Set([
  ANNOTATIONS.prune,
  ANNOTATIONS.hosts,
  SYNC_WAVES.own,
  HOOKS.own,
  HOOK_POLICIES.own,
]);

/** Fields of metadata that only the server writes; exported manifests bring them along. */
const SERVER_FIELDS = ['uid', 'resourceVersion', 'generation', 'managedFields', 'deletionTimestamp'] as const;

/** What may not be declared, by file and line; empty where all may. */
export function tenancyProblems(objects: readonly DesiredObject[], tenancy: Tenancy): Problem[] {
  return objects.flatMap((desired) =>
    objections(desired, tenancy).map((message) => ({
      path: desired.source.path,
      line: desired.source.line,
      message: `${nameOf(desired.ref)}: ${message}`,
    })),
  );
}

function objections({ object, ref, namespaced }: DesiredObject, tenancy: Tenancy): string[] {
  return [
    ...scopeObjections(namespaced, object.metadata.namespace, tenancy),
    ...kindObjections(`${ref.group}/${ref.kind}`, object, tenancy),
    ...reservedObjections(object),
    ...(isRollout(object) ? routeObjections(object, tenancy) : []),
  ];
}

const OPERATOR = 'only an operator can allow that (--cluster-applications)';

function scopeObjections(namespaced: boolean, namespace: string | undefined, tenancy: Tenancy): string[] {
  if (tenancy.wide) return [];
  if (!namespaced)
    return [`belongs to no namespace, and this Application may only touch ${tenancy.namespace}; ${OPERATOR}`];
  if (namespace === tenancy.namespace) return [];
  return [`is in namespace ${namespace ?? ''}, and this Application may only touch ${tenancy.namespace}; ${OPERATOR}`];
}

function kindObjections(kind: string, object: KubeObject, { account }: Tenancy): string[] {
  if (kind === '/Secret' && object.metadata.name.startsWith('sluice-'))
    return ['Secrets called sluice-… are what Sluice itself relies on; give it another name'];
  if (account !== undefined) return [];
  if (!FIXED_LIST.has(kind) && !(kind === FIXED_HOOK && isHook(object))) {
    return [
      "is of a kind that needs an account: name a ServiceAccount of this namespace in the Application's spec.serviceAccountName",
    ];
  }
  const named = podAccount(object);
  if (named === undefined || named === 'default') return [];
  return [
    `its pods name the ServiceAccount ${named}, which needs an account to apply it: set the Application's spec.serviceAccountName`,
  ];
}

const isHook = (object: KubeObject): boolean => {
  const reading = readHook(object);
  return reading !== undefined && 'hook' in reading;
};

function podAccount(object: KubeObject): string | undefined {
  const template = isRecord(object.spec) && isRecord(object.spec['template']) ? object.spec['template'] : {};
  const pod = isRecord(template['spec']) ? template['spec'] : {};
  return textIn(pod['serviceAccountName']) ?? textIn(pod['serviceAccount']);
}

function reservedObjections(object: KubeObject): string[] {
  const { metadata } = object;
  const annotations = Object.keys(metadata.annotations ?? {}).filter((name) => isReserved(name));
  const labels = Object.keys(metadata.labels ?? {}).filter((name) => isReserved(name) || name === POD_TEMPLATE_HASH);
  return [
    ...annotations.map(
      (name) =>
        `the annotation ${name} cannot be declared: it is an act on the cluster (kubectl annotate), or Sluice's own`,
    ),
    ...labels.map((name) => `the label ${name} cannot be declared: it is Sluice's own`),
    ...SERVER_FIELDS.filter((field) => metadata[field] !== undefined).map(
      (field) => `metadata.${field} cannot be declared: the API server writes it; take it out`,
    ),
    ...(hashIn(object)
      ? [`${POD_TEMPLATE_HASH} cannot be declared: Sluice writes it while a Rollout drives the object; take it out`]
      : []),
  ];
}

const isReserved = (name: string): boolean => name.startsWith(`${GROUP}/`) && !DECLARABLE.has(name);

/** Whether what selects pods, such as a Service, declares the hash that tells revisions apart. */
function hashIn(object: KubeObject): boolean {
  const kind = drivenKind(refOf(object));
  return kind?.drives === 'selectors' && kind.isBound(object);
}

function routeObjections(rollout: KubeObject, tenancy: Tenancy): string[] {
  const home = rollout.metadata.namespace ?? '';
  if (mayCross(tenancy.crossNamespaceRoutes, home)) return [];
  return drivenElsewhere(rollout, home).map(
    (route) => `drives ${route}, of another namespace; only an operator can allow that (--cross-namespace-routes)`,
  );
}

const drivenElsewhere = (rollout: KubeObject, home: string): string[] =>
  (drivenOf(rollout) ?? []).filter(({ namespace }) => namespace !== home).map((object) => nameOf(idOf(object)));
