// Everything that one decision about an Application may look at. Readonly: what is seen of the world, and what is remembered of earlier
// looks. Both can be lost with the process; the record and Git bring them back.
import type { AnalysisRun } from '../api/analysis.ts';
import type { Application, ApplicationStatus, Hold, Withdrawal } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import type { ObjectKey } from '../api/object-key.ts';
import type { Closure } from '../api/release-policy.ts';
import type { RevisionRef } from '../api/revision.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Commit } from '../git/types.ts';
import type { Rendering } from '../ports/rendering.ts';
import type { Signature } from '../ports/source-reader.ts';
import type { ServedResource } from '../kube/types.ts';
import type { RolloutSet } from './revert/rollout-set.ts';
import type { StableSnapshot } from './revert/snapshot.ts';
import type { Definitions } from './source/definitions.ts';
import type { DeclaredHook, DesiredObject } from './source/desired.ts';
import type { Problem } from './source/manifests.ts';
import type { Tenancy } from './source/tenancy.ts';
import type { CheckOutcome } from './sync/outcome.ts';
import type { Doubt, Neighbour } from './sync/claims.ts';
import type { HookEnd } from './sync/hooks/end.ts';
import type { Owner } from './sync/owner.ts';

/** What a commit declares, read with one spec of the source. */
export interface Declared {
  commit: Commit;
  /** That it is the head of; undefined where it was read at a tag or by its id: nothing can be pushed there. */
  branch: string | undefined;
  /** Commit and source: another text is another declaration. */
  id: string;
  /** What rendered it; undefined: the files declare it as they are. */
  rendered: Rendering | undefined;
  /** What came of the check of its signature, where one was asked for. */
  signature?: Signature | undefined;
  /** Text of the files that declare something, or that went into the rendering, by path. */
  files: ReadonlyMap<string, string>;
  desired: readonly DesiredObject[];
  /** What is run at moments of a sync, and is no part of `desired`. */
  hooks: readonly DeclaredHook[];
  /** Of all that is declared; empty where there are no hooks, which alone ask for it. */
  content: string;
  /** Objects that are not applied because of their hook annotations, and why. */
  leftOut: readonly string[];
  sets: ReadonlyMap<ObjectKey, RolloutSet>;
  /** Why it cannot be applied at all. */
  problems: readonly Problem[];
  /** Keys of what is declared. */
  keys: ReadonlySet<ObjectKey>;
  /** Files below the path that declare nothing, by name. */
  skipped: readonly string[];
  /** The kinds that it brings itself. */
  defines: Definitions;
  /** Namespaces that it brings. */
  namespaces: ReadonlySet<string>;
  /** When its push reached us; milliseconds since the epoch. */
  receivedAt: number | undefined;
}

export interface SourceFailure {
  reason: string;
  message: string;
}

/** What is known of the repository. */
export interface SourceView {
  newest: Declared | undefined;
  failure: SourceFailure | undefined;
  /** The newest commit seen, also when it cannot be used. */
  attempted: RevisionRef | undefined;
  /** When to look again; milliseconds since the epoch, 0: now. */
  nextPollAt: number;
  /** When the look began by which the newest content was read; milliseconds since the epoch, 0: there is none. */
  readAt: number;
  /** A look is under way; its end is an event. */
  busy: boolean;
  /** An earlier commit that was asked for: undefined while it is not here, null where it cannot be had. */
  earlier(commit: string): Declared | null | undefined;
}

/** A live object, or why it is not known. */
export type Live =
  { state: 'known'; object: KubeObject | undefined } | { state: 'pending' } | { state: 'failed'; message: string };

/** What one object met with, at what it was then. */
export interface Setback {
  fingerprint: string;
  message: string;
  /** Milliseconds since the epoch. */
  retryAt: number;
  times: number;
}

/** What is known of exchanges with the forge. */
export interface ForgeMemory {
  /** One is under way; its end is an event. */
  readonly busy: boolean;
  /** Why no pull request could be opened, and when to try again; milliseconds since the epoch. */
  readonly problem: string | undefined;
  readonly retryAt: number;
  /** Of pull requests that are open, by number: when to look again, and what the last look found. */
  readonly looks: ReadonlyMap<string, { at: number; conflicts: boolean; problem: string | undefined }>;
  /** By URL: those that this process opened, which may not be on record yet. */
  readonly opened: ReadonlyMap<string, Withdrawal>;
  /** By URL, of those that are to be closed: when to try again, and why that failed; `done`: they are at their end. */
  readonly withdrawn: ReadonlyMap<string, { at: number; problem: string | undefined; done: boolean }>;
}

export interface AgentMemory {
  /** The newest declaration that was accepted as a whole. */
  readonly accepted: Declared | undefined;
  /** The one before, to go back to where the newest cannot be carried out. */
  readonly previous: Declared | undefined;
  /** By id of a declaration: why it was given up after it had been accepted, and until when. */
  readonly givenUp: ReadonlyMap<string, { message: string; retryAt: number }>;
  /** What the server said to an object at a fingerprint, when it was asked. */
  answered(key: ObjectKey, fingerprint: string, now: number): CheckOutcome | undefined;
  /** Fingerprints at which an object is as it shall be. */
  readonly clean: ReadonlyMap<ObjectKey, string>;
  readonly setbacks: ReadonlyMap<ObjectKey, Setback>;
  readonly corrected: ReadonlyMap<ObjectKey, { at: number; times: number }>;
  /** Corrections that may not be on record yet. */
  readonly drift: NonNullable<ApplicationStatus['drift']>;
  /** What became of write-backs, by hold. */
  readonly writeBacks: ReadonlyMap<string, NonNullable<Hold['writeBack']>>;
  /** Notes that were written and may not be on record yet. */
  readonly noted: ReadonlyMap<string, NonNullable<ApplicationStatus['notes']>[number]>;
  /** Why Git could not be told, and when to try again; milliseconds since the epoch. */
  readonly reportProblem: string | undefined;
  readonly reportRetryAt: number;
  readonly forge: ForgeMemory;
  /** By Rollout: why the snapshot on record is not believed. */
  readonly refused: ReadonlyMap<ObjectKey, string>;
  /** By UID, ends of hooks that a watch has shown: their objects may be gone by now. */
  readonly hookEnds: ReadonlyMap<string, HookEnd>;
  /** UIDs of objects of hooks whose deletion was accepted. */
  readonly hooksDeleted: ReadonlySet<string>;
  /** What a Namespace or a definition still holds; empty: nothing. */
  readonly inspected: ReadonlyMap<ObjectKey, { at: number; uid: string; holds: string }>;
}

export interface Seen {
  now: number;
  app: Application;
  owner: Owner;
  tenancy: Tenancy;
  /** What counts as recorded. */
  status: ApplicationStatus;
  source: SourceView;
  /**
   * Another process has applied what this one has not read: nothing is done before the repository was looked at again. `failing`: it was
   * tried since.
   */
  outdated?: 'unread' | 'failing' | undefined;
  memory: AgentMemory;
  served(apiVersion: string, kind: string): ServedResource | undefined;
  live(key: ObjectKey): Live;
  /** An autoscaler sets the replicas of the object. */
  autoscaled(key: ObjectKey): boolean;
  rollout(namespace: string | undefined, name: string): Rollout | undefined;
  runs(namespace: string | undefined): readonly AnalysisRun[];
  snapshots: ReadonlyMap<ObjectKey, StableSnapshot>;
  /** That by a policy about Applications nothing may be changed now. */
  closed?: Closure | undefined;
  /** Takes out of a text what is known to be secret. */
  clean(text: string): string;
  /** The other Application, as `namespace/name`, that has applied a live object. */
  claimedBy(key: ObjectKey, live: KubeObject): string | undefined;
  /** Another Application, as `namespace/name`, that declares the object. */
  declaredElsewhere(key: ObjectKey): string | undefined;
  /** Applications that may declare the object by now. */
  doubt(key: ObjectKey): Doubt;
  /** Any Application that there is. */
  neighbour(namespace: string, name: string): Neighbour | undefined;
}
