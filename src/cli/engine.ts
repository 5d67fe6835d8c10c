// Puts the controllers together over one client: caches, runs, rollouts and the agent. What starts it gives it a cluster and a clock.
import type { Application } from '../api/application.ts';
import type { KubeObject, Resource } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Providers, ReadSecret } from '../analysis/provider.ts';
import { createApplicationController } from '../application/application-controller.ts';
import type { ApplicationController } from '../application/ports.ts';
import { mayCross, type TenancySettings } from '../application/source/tenancy.ts';
import { snapshotKeysIn } from '../application/revert/snapshot-keys.ts';
import { createCaches, standing, type Caches } from '../controller/caches.ts';
import { createHandBack } from '../controller/hand-back-controller.ts';
import { RolloutController } from '../controller/rollout-controller.ts';
import type { EventRecorder } from '../controller/event-relay.ts';
import { createRuns, type Runs } from '../controller/runs.ts';
import { actingAs } from '../kube/acting-as.ts';
import { createForge } from '../forge/forge.ts';
import type { KernelMetrics } from '../controller/use.ts';
import type { KubeClient } from '../kube/types.ts';
import { keepManagedFields, WatchCache } from '../kube/watch-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Egress } from '../ports/egress.ts';
import type { Http } from '../ports/http.ts';
import type { Log } from '../ports/log.ts';
import { soleOwner, type Ownership } from '../ports/ownership.ts';
import type { Secrecy } from '../ports/secrecy.ts';
import type { SourceReader } from '../ports/source-reader.ts';
import type { AgentProgress } from '../server/agent-meter.ts';
import type { Metrics } from '../server/metrics.ts';
import type { Hint } from '../server/webhook.ts';
import { rolloutMetrics } from './rollout-metrics.ts';
import { discreet } from './secrecy.ts';

export interface EngineDeps {
  client: KubeClient;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  log: Log;
  namespace?: string | undefined;
  events: EventRecorder;
  /** Asked before anything is told: in Events, statuses and Git. */
  secrecy: Pick<Secrecy, 'scrub'>;
  metrics: Metrics;
  providers: Providers;
  readSecret: ReadSecret;
  reader: SourceReader;
  /** What forges are asked by. */
  http: Http;
  egress: Egress;
  tenancy: TenancySettings;
  /** What this process acts on. Default: everything. */
  ownership?: Ownership | undefined;
  /** Namespace of the controller itself, where the key of the snapshots is kept. */
  ownNamespace: string;
}

export interface Engine {
  readonly caches: Caches;
  readonly applications: WatchCache<Application>;
  /** Begins to follow the cluster; acts on nothing. Resolves when everything is known. */
  follow(signal: AbortSignal): Promise<void>;
  /** Begins to act. */
  act(): void;
  hint(hint: Hint): void;
  /** Whether the cluster can be followed. */
  healthy(): boolean;
  /** How the agent's queue gets on. */
  agentProgress(): AgentProgress;
  stop(): Promise<void>;
}

export function createEngine(given: EngineDeps): Engine {
  const deps = { ...given, events: discreet(given.events, given.secrecy) };
  const { client, clock, random, log, namespace, metrics } = deps;
  const onRestart = (resource: string): void => metrics.watchRestart(resource);
  const onOpen = ({ plural }: Resource, cache: WatchCache<KubeObject>): void => metrics.cache(plural, () => cache.size);
  const caches = createCaches({ client, clock, random, log, namespace, onRestart, onOpen });
  const applications = new WatchCache<Application>({
    client,
    clock,
    random,
    log,
    resource: RESOURCES.applications,
    transform: keepManagedFields,
    ...(namespace === undefined ? {} : { namespace }),
  });
  const all: Pick<WatchCache<Rollout>, 'start' | 'synced' | 'stop'>[] = [
    ...Object.values(standing(caches)),
    applications,
  ];
  const { runs, rollouts } = createRollouts(deps, caches);
  const handBack = createHandBack({
    client,
    caches,
    clock,
    random,
    log,
    events: deps.events,
    ownership: deps.ownership,
    namespace,
  });
  const agent = createAgent(deps, caches, applications);
  const acting = new AbortController();
  return {
    caches,
    applications,
    async follow(signal) {
      for (const cache of all) cache.start();
      await Promise.all(all.map((cache) => cache.synced(signal)));
    },
    act() {
      runs.start();
      rollouts.start();
      handBack.start();
      agent.start(acting.signal);
    },
    hint({ repoURLs, ref, deliveredAt, application }) {
      for (const repoURL of repoURLs) agent.hint({ repoURL, ref, application, receivedAt: deliveredAt });
    },
    healthy: () => caches.rollouts.healthy(),
    agentProgress: () => agent.progress(),
    async stop() {
      acting.abort();
      await Promise.all([runs.stop(), rollouts.stop(), handBack.stop(), agent.stop()]);
      await Promise.all([...all, caches.driven].map((cache) => cache.stop()));
    },
  };
}

function createRollouts(deps: EngineDeps, caches: Caches): { runs: Runs; rollouts: RolloutController } {
  const { client, clock, random, log, metrics, providers, readSecret, events, secrecy, ownership } = deps;
  const crossNamespaceRoutes = (namespace: string): boolean => mayCross(deps.tenancy.crossNamespaceRoutes, namespace);
  const passes: KernelMetrics = { passed: (controller, ms, failed) => metrics.reconcile(controller, ms, failed) };
  const runs: Runs = createRuns({
    client,
    runs: caches.analysisRuns,
    providers,
    readSecret,
    clock,
    random,
    log,
    ownership,
    events,
    secrecy,
    metrics: passes,
    onPhase: (run, bad, at) => rollouts.verdict(run, bad, at),
  });
  const told = { events, metrics: rolloutMetrics(metrics), passes };
  const rights = { ownership, crossNamespaceRoutes };
  const rollouts = new RolloutController({ client, caches, runs, clock, random, log, secrecy, ...told, ...rights });
  metrics.queue('rollout', () => rollouts.queue.depth());
  metrics.queue('analysisrun', () => runs.queue.depth());
  for (const [resource, cache] of Object.entries(standing(caches))) metrics.cache(resource, () => cache.size);
  return { runs, rollouts };
}

function createAgent(deps: EngineDeps, caches: Caches, applications: WatchCache<Application>): ApplicationController {
  const { client, clock, random, log, namespace, metrics } = deps;
  const agent = createApplicationController({
    client,
    applications,
    rollouts: caches.rollouts,
    analysisRuns: caches.analysisRuns,
    policies: [caches.releasePolicies, caches.clusterReleasePolicies],
    openCache: (resource, { namespace: only, labelSelector, as }) => {
      const where = only ?? (resource.namespaced ? namespace : undefined);
      return new WatchCache({
        client: as === undefined ? client : actingAs(client, as),
        clock,
        random,
        log,
        resource,
        transform: keepManagedFields,
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(where === undefined ? {} : { namespace: where }),
      });
    },
    reader: deps.reader,
    forge: createForge({ http: deps.http, clock }),
    egress: deps.egress,
    tenancy: deps.tenancy,
    ownership: deps.ownership ?? soleOwner,
    snapshotKeys: snapshotKeysIn(client, deps.ownNamespace),
    clock,
    log,
    events: deps.events,
    secrecy: deps.secrecy,
    metrics: metrics.agent,
    random,
  });
  metrics.queue('application', () => agent.depth());
  metrics.cache('applications', () => applications.size);
  metrics.agentProgress(() => agent.progress());
  return agent;
}
