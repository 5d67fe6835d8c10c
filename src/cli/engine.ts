// Puts the controllers together over one client: caches, runs, rollouts and the agent. What starts it gives it a cluster and a clock.
import type { Application } from '../api/application.ts';
import { RESOURCES } from '../api/names.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Providers, ReadSecret } from '../analysis/provider.ts';
import { createApplicationController } from '../application/application-controller.ts';
import type { ApplicationController, MirrorRequest } from '../application/ports.ts';
import { snapshotKeysIn } from '../application/revert/snapshot-keys.ts';
import { createCaches, type Caches } from '../controller/caches.ts';
import { RolloutController } from '../controller/rollout-controller.ts';
import type { EventRecorder } from '../controller/teller.ts';
import { createRuns, type Runs } from '../controller/runs.ts';
import type { GitMirror } from '../git/types.ts';
import type { KubeClient } from '../kube/types.ts';
import { WatchCache } from '../kube/watch-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../server/metrics.ts';
import type { Hint } from '../server/webhook.ts';
import { rolloutMetrics } from './rollout-metrics.ts';

export interface EngineDeps {
  client: KubeClient;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  log: Log;
  namespace?: string | undefined;
  events: EventRecorder;
  metrics: Metrics;
  providers: Providers;
  readSecret: ReadSecret;
  mirrorFor: (request: MirrorRequest) => Promise<GitMirror>;
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
  stop(): Promise<void>;
}

export function createEngine(deps: EngineDeps): Engine {
  const { client, clock, random, log, namespace, metrics } = deps;
  const onRestart = (resource: string): void => metrics.watchRestart(resource);
  const caches = createCaches({ client, clock, random, log, namespace, onRestart });
  const applications = new WatchCache<Application>({
    client,
    clock,
    random,
    log,
    resource: RESOURCES.applications,
    ...(namespace === undefined ? {} : { namespace }),
  });
  const all = [...(Object.values(caches) as WatchCache<Rollout>[]), applications as unknown as WatchCache<Rollout>];
  const { runs, rollouts } = createRollouts(deps, caches);
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
      agent.start(acting.signal);
    },
    hint({ repoURLs, ref, deliveredAt }) {
      const branch = ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : undefined;
      for (const repoURL of repoURLs)
        agent.hint({ repoURL, ...(branch === undefined ? {} : { branch }), receivedAt: deliveredAt });
    },
    healthy: () => caches.rollouts.healthy(),
    async stop() {
      acting.abort();
      runs.stop();
      await Promise.all([rollouts.stop(), agent.stop()]);
      await Promise.all(all.map((cache) => cache.stop()));
    },
  };
}

function createRollouts(deps: EngineDeps, caches: Caches): { runs: Runs; rollouts: RolloutController } {
  const { client, clock, random, log, metrics, providers, readSecret, events } = deps;
  const runs: Runs = createRuns({
    client,
    runs: caches.analysisRuns,
    providers,
    readSecret,
    clock,
    log,
    onPhase: (run, bad, at) => rollouts.verdict(run, bad, at),
  });
  const told = { events, metrics: rolloutMetrics(metrics) };
  const rollouts = new RolloutController({ client, caches, runs, clock, random, log, ...told });
  metrics.queue('rollout', () => rollouts.queue.depth());
  for (const [resource, cache] of Object.entries(caches))
    metrics.cache(resource, () => (cache as WatchCache<Rollout>).size);
  return { runs, rollouts };
}

function createAgent(deps: EngineDeps, caches: Caches, applications: WatchCache<Application>): ApplicationController {
  const { client, clock, random, log, namespace, metrics } = deps;
  return createApplicationController({
    client,
    applications,
    rollouts: caches.rollouts,
    analysisRuns: caches.analysisRuns,
    openCache: (resource, labelSelector) =>
      new WatchCache({
        client,
        clock,
        random,
        log,
        resource,
        labelSelector,
        ...(namespace !== undefined && resource.namespaced ? { namespace } : {}),
      }),
    snapshotKeys: snapshotKeysIn(client, deps.ownNamespace),
    mirrorFor: deps.mirrorFor,
    clock,
    log,
    events: deps.events,
    metrics: { fetched: (_app, seconds, ok) => metrics.gitFetch(seconds * 1000, !ok) },
    random,
  });
}
