// What the agent needs of the outside: caches it reads, a queue that calls it, and ways to reach Git, Events and metrics. Structural, so
// that the adapters of kube/ and fakes in tests both fit.
import type { AnalysisRun } from '../api/analysis.ts';
import type { Application } from '../api/application.ts';
import type { KubeObject, ObjectMeta, Resource } from '../api/k8s.ts';
import type { Rollout } from '../api/rollout.ts';
import type { GitCredentials, GitMirror } from '../git/types.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

/** Objects of one kind, kept current by a watch. */
export interface ObjectCache<T> {
  get(name: string, namespace?: string): T | undefined;
  list(): readonly T[];
  /** Calls `changed` with the newest object, or the last one known when it is gone. Returns what ends the subscription. */
  subscribe(changed: (object: T) => void): () => void;
}

/** A cache that was opened for the agent alone and is closed by it. */
export interface OpenedCache extends ObjectCache<KubeObject> {
  /** Resolves when the first list is in. */
  ready(): Promise<void>;
  close(): void;
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

/** Keys are handled one at a time each, several keys at once. */
export interface AgentQueue {
  /** Handles `key` after `delayMs` (default: now); several requests become one, at the earliest of their times. */
  add(key: string, delayMs?: number): void;
  /** Calls `handle` per key until `signal` is aborted; a rejection is tried again with backoff. */
  run(handle: (key: string) => Promise<void>, signal: AbortSignal): void;
}

export interface ApplicationControllerDeps {
  client: KubeClient;
  applications: ObjectCache<Application>;
  rollouts: ObjectCache<Rollout>;
  analysisRuns: ObjectCache<AnalysisRun>;
  /** Opens a cache of one kind restricted by a label selector. */
  openCache(resource: Resource, labelSelector: string): OpenedCache;
  mirrorFor(request: MirrorRequest): Promise<GitMirror>;
  queue: AgentQueue;
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
  /** A push was announced: the Applications of that repository look at it now. Returns how many. */
  hint(hint: Hint): number;
  /** What the agent knows, for a status page. */
  snapshot(): { application: string; phase: string; message: string; commit?: string }[];
}
