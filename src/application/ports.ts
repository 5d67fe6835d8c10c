// What the agent needs of the outside: caches it reads, ways to reach Git, Events and metrics. Structural, so
// that the adapters of kube/ and fakes in tests both fit.
import type { AnalysisRun } from '../api/analysis.ts';
import type { Application } from '../api/application.ts';
import type { KubeObject, ObjectMeta, Resource } from '../api/k8s.ts';
import type { Rollout } from '../api/rollout.ts';
import type { GitCredentials, GitMirror } from '../git/types.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

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

export interface MirrorRequest {
  repoURL: string;
  timeoutMs: number;
  credentials?: GitCredentials;
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

/** Hooks for metrics; each is called once per occurrence. Seconds where a duration is meant. */
export interface AgentMetrics {
  synced?(app: string, result: 'Synced' | 'Held' | 'Failed'): void;
  fetched?(app: string, seconds: number, ok: boolean): void;
  drifted?(app: string, kind: string): void;
  writeBack?(app: string, result: 'Pushed' | 'Failed'): void;
}

/** The key that snapshots of stable revisions are sealed with; the same for every process of a controller. */
export interface SnapshotKeys {
  /** 32 bytes. Rejects where they cannot be read or made. */
  key(): Promise<Uint8Array>;
}

export interface ApplicationControllerDeps {
  client: KubeClient;
  applications: ObjectCache<Application>;
  rollouts: ObjectCache<Rollout>;
  analysisRuns: ObjectCache<AnalysisRun>;
  /** Opens a cache of one kind restricted by a label selector; not started. */
  openCache(resource: Resource, labelSelector: string): OpenedCache;
  snapshotKeys: SnapshotKeys;
  /** Whether Rollouts may drive routes of other namespaces, which then go back with them. Default false. */
  routesAcross?: boolean;
  mirrorFor(request: MirrorRequest): Promise<GitMirror>;
  clock: Clock;
  log: Log;
  events: EventSink;
  metrics?: AgentMetrics;
  /** Between 0 and 1, for jitter. Default Math.random. */
  random?: () => number;
}

export interface Hint {
  /** URL of the repository that was pushed to; any spelling that differs only in `.git`, case of the host or a trailing slash matches. */
  repoURL: string;
  /** Branch, when the sender names one. */
  branch?: string;
  /** Milliseconds since the epoch when the hint arrived. */
  receivedAt: number;
}

export interface ApplicationController {
  start(signal: AbortSignal): void;
  /** Takes nothing more; resolves when what was under way has ended. */
  stop(): Promise<void>;
  /** A push was announced: the Applications of that repository look at it now. Returns how many; none before `start`. */
  hint(hint: Hint): number;
  /** What the agent knows, for a status page. */
  snapshot(): { application: string; phase: string; message: string; commit?: string }[];
}
