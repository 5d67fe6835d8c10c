// What one decision may look at: plain data, gathered from caches by controller/gather.ts. Nothing else is known to this folder.
import type { AnalysisPhase } from '../api/analysis.ts';
import type { HeldNote, TakenCommand } from '../api/annotations.ts';
import type { Verb } from '../api/dialect.ts';
import type { Closure } from '../api/release-policy.ts';
import type { Issue } from '../api/result.ts';
import type { RevisionRef } from '../api/revision.ts';
import type { EphemeralMetadata, RecentEvent, RolloutSpec, RolloutStatus } from '../api/rollout.ts';
import type { Plan, Role, RunKind } from './plan.ts';

export interface SeenReplicaSet {
  readonly name: string;
  /** Value of the pod template hash label. */
  readonly hash: string;
  /** spec.replicas */
  readonly desired: number;
  /** status.replicas */
  readonly current: number;
  readonly ready: number;
  readonly available: number;
  readonly createdAt: string;
  /** Labels and annotations that its pods carry for the side that they are on. */
  readonly podMetadata?: EphemeralMetadata | undefined;
  /** Why pods cannot be made (ReplicaFailure), where they cannot. */
  readonly failure?: string | undefined;
}

/** A Service, or a subset of a mesh, whose selector tells one revision from the other. */
export interface SeenSelector {
  readonly kind: string;
  readonly name: string;
  /** What of it is driven, for people: `the selector`. */
  readonly what: string;
  readonly role: Role;
  /** The pod hash selected now; null where none is. */
  readonly hash: string | null;
  /** Release that a verdict went against, as the object remembers it. */
  readonly rejected?: string | undefined;
}

/** A router object that splits traffic. */
export interface SeenRoute {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  /** Percent on the canary, the highest of its rules; undefined where it cannot be read (then `issues` says why). */
  readonly canary: number | undefined;
  /** Its rules differ, or show the candidate to other requests than they should: it has to be written again. */
  readonly uneven?: boolean | undefined;
  /** Release that a verdict went against, as the route remembers it. */
  readonly rejected?: string | undefined;
}

export interface SeenRun {
  readonly name: string;
  readonly kind: RunKind;
  readonly hash: string;
  readonly attempt: number;
  readonly step: number | undefined;
  readonly phase: AnalysisPhase;
  readonly message: string | undefined;
  readonly createdAt: string;
}

/** A field of an object that a Rollout drives. */
export interface DrivenField {
  /** What of the object is driven. */
  readonly part: 'weights' | 'selector' | 'pods';
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly what: string;
  /** Tells it from the others of the Rollout. */
  readonly id: string;
}

/** A driven field to which the same was written again and again, since it was undone each time. */
export interface Rest {
  /** Of the field. */
  readonly id: string;
  /** What was written. */
  readonly aim: string;
  /** When it was written last, and until when it is not written once more; milliseconds since the epoch. */
  readonly last: number;
  readonly until: number;
}

/** A driven field that another writer changes again and again. */
export interface Contest extends DrivenField {
  /** Field manager of the writer. */
  readonly by: string;
}

export type { TakenCommand } from '../api/annotations.ts';

/** An annotation that asks for something. */
export interface Waiting {
  readonly verb: Verb;
  readonly value: string;
  /** Field manager of who set it, where that is known. */
  readonly by?: string | undefined;
}

export interface Observed {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly spec: RolloutSpec;
  /** As it is recorded; empty at first. */
  readonly status: RolloutStatus;
  /** The declared spec, compiled. */
  readonly plan: Plan;
  /** Hash of the content that the agent applied; undefined where none did. */
  readonly content?: string | undefined;
  /** Pod hash of the declared template. */
  readonly declared: string;
  /** Hash of the declared template, where it is another spelling of that revision's. */
  readonly spelled?: string | undefined;
  /** Whether the declared template is another revision is not known yet; `declared` is the one on record until then. */
  readonly undecided?: boolean | undefined;
  readonly replicaSets: readonly SeenReplicaSet[];
  readonly selectors: readonly SeenSelector[];
  /** Empty without a router. */
  readonly routes: readonly SeenRoute[];
  readonly runs: readonly SeenRun[];
  /** What is wrong with the spec or with an object it names. While there is any, nothing goes forward; going back still works. */
  readonly issues: readonly Issue[];
  /** A command that was taken and not yet acted on. */
  readonly command?: TakenCommand | undefined;
  /** Annotations that wait to be taken. */
  readonly waiting: readonly Waiting[];
  /** Who had a held revision tried again, when somebody did last. */
  readonly retried?: TakenCommand | undefined;
  readonly held?: HeldNote | undefined;
  readonly revision?: RevisionRef | undefined;
  /** Annotations that were ignored, and why. They hold nothing up. */
  readonly malformed?: readonly Issue[] | undefined;
  /** `recentEvents` of the record itself; `status` may be newer. */
  readonly told?: readonly RecentEvent[] | undefined;
  /** What somebody else writes as well, again and again. */
  readonly contests?: readonly Contest[] | undefined;
  /** What is not written once more yet. */
  readonly rests?: readonly Rest[] | undefined;
  /** When the first of either is over, if nothing more happens; milliseconds since the epoch. */
  readonly contestedUntil?: number | undefined;
  /** That by a ReleasePolicy no release may begin, or go on. */
  readonly closed?: Closure | undefined;
  /** No pod older than this is left; milliseconds since the epoch. */
  readonly restartedBefore?: number | undefined;
}

/** It is known what is declared, and nothing is wrong with it. */
export const isFollowable = ({ issues, undecided }: Pick<Observed, 'issues' | 'undecided'>): boolean =>
  issues.length === 0 && undecided !== true;

export const replicasOf = (seen: Observed): number => seen.spec.replicas ?? 1;

export const hasRouter = (seen: Observed): boolean => seen.plan.split === 'weights';

export function replicaSet(seen: Observed, hash: string | undefined): SeenReplicaSet | undefined {
  return hash === undefined ? undefined : seen.replicaSets.find((rs) => rs.hash === hash);
}

export const availableOf = (seen: Observed, hash: string | undefined): number => replicaSet(seen, hash)?.available ?? 0;

export const desiredOf = (seen: Observed, hash: string | undefined): number => replicaSet(seen, hash)?.desired ?? 0;
