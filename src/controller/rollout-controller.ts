// The controller of Rollouts: a use of the kernel, woken by everything a Rollout refers to, with verdicts in the urgent lane. What is
// told (Events, log lines, metrics) is told of confirmed statuses alone.
import type { AnalysisRun } from '../api/analysis.ts';
import { objectIdOf, type ObjectKey } from '../api/object-key.ts';
import type { HistoryEntry, Rollout, RolloutStatus } from '../api/rollout.ts';
import type { KubeClient } from '../kube/types.ts';
import type { WorkQueue } from '../kube/work-queue.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { soleOwner, type Ownership } from '../ports/ownership.ts';
import type { Secrecy } from '../ports/secrecy.ts';
import { planOf } from '../rollout/compile.ts';
import type { Intent } from '../rollout/intents.ts';
import type { DrivenField } from '../rollout/observed.ts';
import { hasTag } from '../rollout/place.ts';
import type { Split } from '../rollout/plan.ts';
import { eventsBetween } from '../rollout/status-events.ts';
import { refusalTold } from '../rollout/refused.ts';
import { followAll, rolloutKey, type Caches } from './caches.ts';
import { Kernel } from './kernel.ts';
import { watchForAnother } from './another-controller.ts';
import { Corrections } from './corrections.ts';
import { writerOf, type Managed } from './driven-writer.ts';
import type { RolloutMetrics } from './metrics-port.ts';
import { createRestarter } from './restart.ts';
import {
  rolloutUse,
  type RolloutDecision,
  type RolloutLook,
  type RolloutUse,
  type SeenRollout,
} from './rollout-use.ts';
import type { Runs } from './runs.ts';
import { EventRelay, type EventRecorder } from './event-relay.ts';
import type { KernelMetrics } from './use.ts';

export interface RolloutControllerDeps {
  client: KubeClient;
  caches: Caches;
  runs: Pick<Runs, 'statusOf' | 'end'>;
  clock: Clock;
  random: () => number;
  log: Log;
  events: EventRecorder;
  metrics: RolloutMetrics;
  passes?: KernelMetrics | undefined;
  /** Asked before a status is recorded. Default: nothing is secret. */
  secrecy?: Pick<Secrecy, 'scrub'> | undefined;
  /** Default: this process owns every Rollout. */
  ownership?: Ownership | undefined;
  /** Whether Rollouts of a namespace may drive routes of other namespaces. Default: none. */
  crossNamespaceRoutes?: ((namespace: string) => boolean) | undefined;
  /** Rollouts worked on at once. Default 16. */
  workers?: number;
}

export class RolloutController {
  readonly #deps: RolloutControllerDeps;
  readonly #kernel: Kernel<Rollout, RolloutStatus, SeenRollout, Intent, RolloutDecision>;
  readonly #eventRelay: EventRelay;
  /** When the last bad measurement of a Rollout came in, until the traffic is back. */
  readonly #badAt = new Map<ObjectKey, number>();
  #unfollow: (() => void) | undefined;

  constructor(deps: RolloutControllerDeps) {
    this.#deps = deps;
    this.#eventRelay = new EventRelay(deps.events, deps.clock);
    const { client, clock, random, log, secrecy, passes: metrics, workers = 16 } = deps;
    const ownership = deps.ownership ?? soleOwner;
    this.#kernel = new Kernel(this.#use(), { client, ownership, clock, random, log, secrecy, metrics, workers });
  }

  get queue(): WorkQueue<ObjectKey> {
    return this.#kernel.queue;
  }

  /** Begins to work; the caches are synced. */
  start(): void {
    this.#unfollow = followAll(this.#deps.caches, (key) => this.#kernel.add(key));
    this.#kernel.start();
  }

  async stop(): Promise<void> {
    this.#unfollow?.();
    await this.#kernel.stop();
    this.#eventRelay.flush();
  }

  /** A run of a Rollout came to a verdict; a bad one overtakes everything. */
  verdict(run: AnalysisRun, bad: boolean, at: number): void {
    const owner = run.metadata.ownerReferences?.find((o) => o.controller && o.kind === 'Rollout');
    if (owner === undefined) return;
    const key = rolloutKey(run.metadata.namespace, owner.name);
    if (bad) this.#badAt.set(key, at);
    this.#kernel.add(key, { urgent: bad });
  }

  #use(): RolloutUse {
    const { caches, clock, runs, crossNamespaceRoutes: mayCross = () => false, metrics } = this.#deps;
    const again = (key: ObjectKey, at: number): void => this.queue.addAt(key, at);
    const restarter = createRestarter({ clock, again });
    const corrections = correctionsIn(this.#deps);
    const endRun = (key: ObjectKey): boolean => runs.end(key);
    const use = rolloutUse({
      caches,
      clock,
      again,
      contests: (key, now) => corrections.contests(key, now),
      overlay: (key) => runs.statusOf(key),
      execute: { caches, clock, restarter, endRun, mayCross },
    });
    return {
      ...use,
      observe: (rollout, recorded, now, pass) => {
        metrics.observed(rollout);
        return use.observe(rollout, recorded, now, pass);
      },
      tell: (before, after, rollout) => this.#tell(before, after, rollout),
      another: watchForAnother(this.#deps),
      decided: ({ intents }, given, key) => {
        if ('seen' in given) corrections.looked(key, given.seen, intents);
      },
      done: (intents, look) => {
        if ('seen' in look.seen) corrections.done(look.key, look.seen.seen.now, intents);
        this.#note(intents, look);
      },
      troubled: (rollout, { message }) => {
        const reason = 'ReconciliationError';
        this.#deps.events.emit(rollout, { type: 'Warning', reason, message, key: `error/${message}` });
      },
      gone: (key) => {
        use.gone?.(key);
        corrections.forget(key);
        this.#forget(key);
      },
    };
  }

  #tell(before: RolloutStatus | undefined, after: RolloutStatus, rollout: Rollout): void {
    const { log, metrics } = this.#deps;
    const news = [...eventsBetween(before, after), ...refusalTold(before, after)];
    const { namespace = '', name } = rollout.metadata;
    for (const { reason, message } of news)
      log.info('rollout', { rollout: `${namespace}/${name}`, event: reason, what: message });
    this.#eventRelay.tell(rollout, news);
    for (const { outcome } of newHistory(before, after)) {
      if (outcome === 'Promoted') metrics.promoted();
      if (outcome === 'Aborted') metrics.aborted(after.machine?.cause ?? 'User');
    }
  }

  #note(intents: readonly Intent[], { key, object, decision }: RolloutLook): void {
    const { release } = decision;
    const share = release && shareWritten(intents, planOf(object)?.split, release.memory.candidate);
    if (share === undefined || release === undefined) return;
    const now = this.#deps.clock.now();
    const badAt = this.#badAt.get(key);
    if (share === 0 && badAt !== undefined && hasTag(release.place, 'rejected')) {
      this.#badAt.delete(key);
      this.#deps.metrics.trafficBack(now - badAt);
    }
    const { candidate, attempt } = release.memory;
    if (share > 0) this.#deps.metrics.weightRaised(object, `${candidate}-${attempt}`, now);
  }

  #forget(key: ObjectKey): void {
    this.#badAt.delete(key);
    this.#eventRelay.forget(key);
    const { namespace = '', name } = objectIdOf(key);
    this.#deps.metrics.forgotten({ namespace, name });
  }
}

function correctionsIn({
  caches,
  metrics,
  random,
}: Pick<RolloutControllerDeps, 'caches' | 'metrics' | 'random'>): Corrections {
  const driven = ({ part, kind, namespace, name }: DrivenField): Managed | undefined => {
    if (part === 'pods') return caches.replicaSets.get(namespace, name);
    return caches.driven.byKind(kind)?.get(namespace, name);
  };
  return new Corrections({
    random,
    writerOf: (field) => {
      const object = driven(field);
      return object && writerOf(object);
    },
    corrected: ({ rollout, kind, by }) => {
      const { namespace = '', name } = objectIdOf(rollout);
      metrics.corrected({ namespace, name }, { kind, manager: by });
    },
  });
}

/** Percent of the traffic that was given to the candidate: by weights, or by the selector that is switched; not where pods are the weight. */
function shareWritten(intents: readonly Intent[], split: Split | undefined, candidate: string): number | undefined {
  for (const intent of intents) {
    if (intent.do === 'SetWeights') return intent.canary;
    if (split === 'pods' || intent.do !== 'SwitchSelector' || intent.role !== 'stable') continue;
    return intent.hash === candidate ? 100 : 0;
  }
  return undefined;
}

/** Entries that the history before did not have; it is cut at its old end. */
function newHistory(before: RolloutStatus | undefined, after: RolloutStatus): HistoryEntry[] {
  const known = new Set((before?.history ?? []).map((entry) => JSON.stringify(entry)));
  return (after.history ?? []).filter((entry) => !known.has(JSON.stringify(entry)));
}
