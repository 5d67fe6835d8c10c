// Every name that the outside world sees: groups, labels, annotations, field managers.
import { dialect, type Group, type Verb } from './dialect.ts';
import type { Resource } from './k8s.ts';

/** Sluice's own group. */
export const GROUP: Group = 'sluice.dev';
export const VERSION = 'v1alpha1';

/** Label on ReplicaSets, pods and Service selectors that tells revisions apart; the field's standard name, shared with Argo Rollouts. */
export const POD_TEMPLATE_HASH = 'rollouts-pod-template-hash';

/** Field manager of what the rollout controller decides. */
export const CONTROLLER_MANAGER = 'sluice-controller';
/** Field manager of what the agent applies from Git. */
export const AGENT_MANAGER = 'sluice-agent';

const own = dialect(GROUP);
const prefix = (name: string): string => own.named(name);

export const ANNOTATIONS = {
  /** JSON of `RevisionRef`: the commit that declared the content of this object. Written by the agent. */
  revision: prefix('revision'),
  /** JSON of `Hold`: Git's head is not what is applied here, and why. Written by the agent. */
  held: prefix('held'),
  /** Hash of the rendered content that the agent applied, stamps excluded. */
  contentHash: prefix('content-hash'),
  /** On a Rollout: `true` where its Application puts back what others change. Written by the agent. */
  selfHeal: prefix('self-heal'),
  /** `Disabled` keeps an object that has left Git. */
  prune: prefix('prune'),
  /**
   * On a route: JSON by `namespace/name` of each Rollout of the release (`<pod hash>-<attempt>`) that a verdict went against, written with the
   * weight that sent it away. On a Service, which one Rollout drives: that release alone.
   */
  rejected: prefix('rejected'),
  /** On a route: JSON by `namespace/name` of each Rollout that writes weights of it (`Driver`), so that they can be handed back without it. */
  drivenBy: prefix('driven-by'),
  /** On a route: JSON by destination of the headers for which it shows the candidate, with a hash of the routes that were copied for it. */
  preview: prefix('preview'),
  /** On a Rollout: JSON of the `TakenCommand` that an annotation asked for, so that it is acted on exactly once. */
  command: prefix('command'),
  /** On a Rollout: JSON of the `TakenCommand` with which somebody had a held revision tried again. Written by the agent. */
  retried: prefix('retried'),
  /** On a ReplicaSet: JSON of the pod template as it was declared, before the server filled in defaults, to go back to it. */
  template: prefix('template'),
  /** On a ReplicaSet: JSON of the labels and annotations that its pods carry for the side that they are on. */
  podMetadata: prefix('pod-metadata'),
  /** On a Rollout: when the push that declared its content reached Sluice, RFC 3339 with milliseconds. */
  receivedAt: prefix('received-at'),
  /** `namespace/name/uid` of the Application that applied an object. */
  owner: prefix('owner'),
  /** On a Secret: hosts it may be sent to, `host[:port]` with commas between. Declared by whoever may write the Secret. */
  hosts: prefix('hosts'),
  /** On a Rollout that is about to be deleted: its controller hands back what it drives and stops driving. Written by the agent. */
  retire: prefix('retire'),
  /** On the object of a hook: which run of it this is. Written by the agent. */
  hookRun: prefix('hook-run'),
} as const;

/** On a declared object: the number of the wave that it is applied in. Ours counts where both are there. */
export const SYNC_WAVES = { own: prefix('sync-wave'), argo: 'argocd.argoproj.io/sync-wave' } as const;

/** On a declared object: that it is a hook of the sync, and when. Ours counts where there are several, then Argo CD's. */
export const HOOKS = { own: prefix('hook'), argo: 'argocd.argoproj.io/hook', helm: 'helm.sh/hook' } as const;
/** On a hook: when its object is deleted. */
export const HOOK_POLICIES = {
  own: prefix('hook-delete-policy'),
  argo: 'argocd.argoproj.io/hook-delete-policy',
  helm: 'helm.sh/hook-delete-policy',
} as const;
/** On a hook of a chart: its place in the order. */
export const HOOK_WEIGHT = 'helm.sh/hook-weight';

/** On an Application: hooks that have failed are run again. */
export const RETRY_HOOKS = prefix('retry');

/** On an Application: the short commit whose deletions are allowed although they are more than `sync.pruneLimit`. */
export const CONFIRM_PRUNE = prefix('confirm-prune');

/** Label on everything an Application applied: the Application's name. */
export const APPLICATION_LABEL = prefix('application');

/** Label on the Lease that a controller acts by, whatever that is called. */
export const LEASE_LABEL = prefix('lease');

/** Labels of an AnalysisRun. */
export const RUN_LABELS = { type: prefix('run-type'), step: prefix('step-index'), attempt: prefix('attempt') } as const;

/** Annotation of a verb of Sluice's own group. */
export const verbAnnotation = (verb: Verb): string => own.verb(verb);

/** On an Application: a short commit, and the reason why it is applied though a window is closed. */
export const OVERRIDE_WINDOW = verbAnnotation('override');

export const RESOURCES = {
  ...own.resources,
  applications: { group: GROUP, version: VERSION, plural: 'applications', kind: 'Application', namespaced: true },
  releasePolicies: {
    group: GROUP,
    version: VERSION,
    plural: 'releasepolicies',
    kind: 'ReleasePolicy',
    namespaced: true,
  },
  clusterReleasePolicies: {
    group: GROUP,
    version: VERSION,
    plural: 'clusterreleasepolicies',
    kind: 'ClusterReleasePolicy',
    namespaced: false,
  },
  replicaSets: { group: 'apps', version: 'v1', plural: 'replicasets', kind: 'ReplicaSet', namespaced: true },
  pods: { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
  services: { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true },
  secrets: { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true },
  configMaps: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
  events: { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true },
  leases: { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true },
} as const satisfies Record<string, Resource>;
