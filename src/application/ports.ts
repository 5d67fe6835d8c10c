// What the agent needs of the outside: caches it reads, ways to reach Git, Events and metrics. Structural, so
// that the adapters of kube/ and fakes in tests both fit.
import type { AnalysisRun } from '../api/analysis.ts';
import type { Application } from '../api/application.ts';
import type { KubeObject, ObjectMeta, Resource } from '../api/k8s.ts';
import type { ReleasePolicy } from '../api/release-policy.ts';
import type { Rollout } from '../api/rollout.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Depth, Progress } from '../kube/work-queue.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Egress } from '../ports/egress.ts';
import type { Forge } from '../ports/forge.ts';
import type { Ownership } from '../ports/ownership.ts';
import type { Secrecy } from '../ports/secrecy.ts';
import type { SourceReader } from '../ports/source-reader.ts';
import type { SubjectCache } from '../controller/use.ts';
import type { TenancySettings } from './source/tenancy.ts';

/** Objects of one kind, kept current by a watch; kube/watch-cache.ts is one. Objects are shared: not to be changed. */
export interface ObjectCache<T> {
  get(namespace: string | undefined, name: string): T | undefined;
  list(namespace?: string): T[];
  onChange(handler: (change: { object: T; old?: T }) => void): () => void;
  /** Puts in what a write answered. */
  observe(object: T): void;
}

/** A cache that was opened for the agent alone and is closed by it. */
export interface OpenedCache extends ObjectCache<KubeObject> {
  start(): void;
  synced(signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** What a cache of the agent's follows. */
export interface CacheOptions {
  namespace: string | undefined;
  labelSelector: string | undefined;
  /** User to act as. */
  as: string | undefined;
}

export interface AgentEvent {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** Marks what happens once: the same key on the same object again does nothing. */
  key?: string;
}

export interface EventSink {
  emit(object: { apiVersion: string; kind: string; metadata: ObjectMeta }, event: AgentEvent): void;
}

/**
 * What the agent tells of its doings; server/agent-meter.ts turns it into metrics. Each is called once per occurrence. `app` is
 * namespace/name; a `reason` or `kind` is one of a few words, never free text. Seconds where a duration is meant.
 */
export interface AgentMetrics {
  /** A pass over an Application came to its end; `ok` false: it failed and is tried again. */
  passed?(seconds: number, ok: boolean): void;
  /** Git answered what a branch is at; milliseconds since the epoch. */
  looked?(app: string, at: number): void;
  /** A fetch or a look at a branch came to its end. */
  fetched?(app: string, seconds: number, ok: boolean): void;
  /** A sync was told: once for each change of the result. */
  synced?(app: string, result: 'Synced' | 'Held' | 'Failed'): void;
  /** A commit, an Application or an object was refused, for example `InvalidManifest`, `AuthFailed`, `ApplyFailed`. */
  refused?(app: string, reason: string): void;
  /** The cluster differs from what Git declares; `corrected` false: it is only reported. */
  drifted?(app: string, kind: string, corrected: boolean): void;
  /** An object has left Git: deleted, or kept and why. */
  pruned?(app: string, result: 'Pruned' | 'Skipped'): void;
  /** A revert was pushed or merged, proposed by a pull request, that closed without merge, or it failed. */
  writeBack?(app: string, result: 'Pushed' | 'Proposed' | 'Closed' | 'Failed'): void;
  /** Notes were pushed, or could not be. */
  noted?(app: string, result: 'Pushed' | 'Failed'): void;
  /** The Application is gone: its series go with it. */
  forgotten?(app: string): void;
}

/** The key that snapshots of stable revisions are sealed with; the same for every process of a controller. */
export interface SnapshotKeys {
  /** 32 bytes. Rejects where they cannot be read or made. */
  key(): Promise<Uint8Array>;
}

export interface ApplicationControllerDeps {
  client: KubeClient;
  applications: SubjectCache<Application>;
  rollouts: ObjectCache<Rollout>;
  analysisRuns: ObjectCache<AnalysisRun>;
  /** ReleasePolicies of both kinds. Default: there are none. */
  policies?: readonly ObjectCache<ReleasePolicy>[];
  /** Opens a cache of one kind; not started. */
  openCache(resource: Resource, options: CacheOptions): OpenedCache;
  reader: SourceReader;
  forge: Forge;
  tenancy: TenancySettings;
  egress: Pick<Egress, 'check' | 'checkSecret'>;
  ownership: Ownership;
  snapshotKeys: SnapshotKeys;
  /** Asked before anything is recorded in a status, a commit or a note. Default: nothing is secret. */
  secrecy?: Pick<Secrecy, 'scrub'> | undefined;
  clock: Clock;
  log: Log;
  events: EventSink;
  metrics?: AgentMetrics;
  /** Between 0 and 1, for jitter. Default Math.random. */
  random?: () => number;
}

export interface Hint {
  /** URL of the repository that was pushed to; any spelling of it matches, over SSH as over HTTP. */
  repoURL: string;
  /** The only Application that is meant, where the sender says. */
  application?: { namespace: string; name: string } | undefined;
  /** What was pushed, when the sender names it: `refs/heads/main`. */
  ref?: string | undefined;
  /** Milliseconds since the epoch when the hint arrived. */
  receivedAt: number;
}

export interface ApplicationController {
  start(signal: AbortSignal): void;
  /** Takes nothing more; resolves when what was under way has ended. */
  stop(): Promise<void>;
  /** A push was announced: the Applications of that repository look at it now. Returns how many; none before `start`. */
  hint(hint: Hint): number;
  /** Applications in the queue, by lane. */
  depth(): Depth;
  /** Tells an agent that stands still from one that has much to do. */
  progress(): Progress;
  /** What the agent knows, for a status page. */
  snapshot(): { application: string; phase: string; message: string; commit?: string }[];
}
