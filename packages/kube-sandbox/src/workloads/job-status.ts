// Jobs as their controller sees them, and what their pods say about them, as pure functions.
import type { Condition, KubeObject, PodTemplate } from '../objects.ts';
import { toTime } from '../clock.ts';
import { hasEnded, isActive, isDeleted, isReady, type Pod } from './pod.ts';

export interface JobCondition extends Condition {
  lastProbeTime?: string;
}

export interface JobStatus {
  startTime?: string;
  completionTime?: string;
  active?: number;
  ready?: number;
  succeeded?: number;
  failed?: number;
  terminating?: number;
  uncountedTerminatedPods?: { succeeded?: string[]; failed?: string[] };
  conditions?: JobCondition[];
}

export interface Job extends KubeObject {
  spec: {
    parallelism?: number;
    completions?: number;
    backoffLimit?: number;
    activeDeadlineSeconds?: number;
    suspend?: boolean;
    template: PodTemplate;
  };
  status?: JobStatus;
}

export const JOB = { group: 'batch', kind: 'Job' };
/** Held by the pods of a Job until they are counted. */
export const TRACKING = 'batch.kubernetes.io/job-tracking';

const MET = 'SuccessCriteriaMet';
const DOOMED = 'FailureTarget';
const FIRST_BACKOFF_MS = 10_000;
const LAST_BACKOFF_MS = 600_000;

export interface Verdict {
  isSuccess: boolean;
  reason: string;
  message: string;
}

/** A Job with its pods, sorted by what they mean to it. */
export interface Crew {
  job: Job;
  active: Pod[];
  /** Ended, but not yet in the counts of the status. */
  succeeded: Pod[];
  failed: Pod[];
  /** All that ever failed and are still there. */
  allFailed: Pod[];
  /** Deleted, and still running. */
  terminating: Pod[];
}

const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(TRACKING) === true;
const hasSucceeded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded';
const hasFailed = (pod: Pod): boolean => !hasSucceeded(pod) && (hasEnded(pod) || isDeleted(pod));

export const isFinished = ({ status }: Job): boolean =>
  status?.conditions?.some((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True') === true;

export function crewOf(job: Job, pods: readonly Pod[]): Crew {
  const allFailed = pods.filter(hasFailed);
  return {
    job,
    active: pods.filter(isActive),
    succeeded: pods.filter((pod) => hasSucceeded(pod) && isTracked(pod)),
    failed: allFailed.filter(isTracked),
    allFailed,
    terminating: pods.filter((pod) => isDeleted(pod) && !hasEnded(pod)),
  };
}

const succeededOf = ({ job, succeeded }: Crew): number => (job.status?.succeeded ?? 0) + succeeded.length;
const failedOf = ({ job, failed }: Crew): number => (job.status?.failed ?? 0) + failed.length;

/** Milliseconds until the Job has been active for too long; undefined where it may take its time. */
export function deadlineIn({ spec, status }: Job, now: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || status?.startTime === undefined) return undefined;
  return Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000 - now;
}

/** How the Job ends, as it was told. */
function toldVerdict({ status }: Job): Verdict | undefined {
  const told = status?.conditions?.find(({ type }) => type === MET || type === DOOMED);
  if (told === undefined) return undefined;
  return { isSuccess: told.type === MET, reason: told.reason, message: told.message ?? '' };
}

/** How the Job ends, once it does. */
export function verdictOf(crew: Crew, now: number): Verdict | undefined {
  return toldVerdict(crew.job) ?? newVerdict(crew, now);
}

/** Its pods failed, or containers of theirs restarted, as often as may be. */
function isWornOut(crew: Crew): boolean {
  const limit = crew.job.spec.backoffLimit ?? 6;
  const restarts = crew.active
    .flatMap((pod) => pod.status?.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return failedOf(crew) > limit || (restarts > 0 && restarts >= limit);
}

function newVerdict(crew: Crew, now: number): Verdict | undefined {
  const { spec } = crew.job;
  if (isWornOut(crew)) {
    const message = 'Job has reached the specified backoff limit';
    return { isSuccess: false, reason: 'BackoffLimitExceeded', message };
  }
  if ((deadlineIn(crew.job, now) ?? 1) <= 0) {
    const message = 'Job was active longer than specified deadline';
    return { isSuccess: false, reason: 'DeadlineExceeded', message };
  }
  // Without a number of completions one success ends it, when all others have ended.
  const isDone = spec.completions === undefined ? crew.active.length === 0 : true;
  if (!isDone || succeededOf(crew) < (spec.completions ?? 1)) return undefined;
  const message = 'Reached expected number of succeeded pods';
  return { isSuccess: true, reason: 'CompletionsReached', message };
}

/** How many pods are missing. */
export function missing(crew: Crew): number {
  const { parallelism = 1, completions, suspend = false } = crew.job.spec;
  if (suspend) return 0;
  const done = succeededOf(crew);
  const wanted = completions === undefined ? (done > 0 ? 0 : parallelism) : Math.min(parallelism, completions - done);
  return Math.max(0, wanted - crew.active.length);
}

const endOf = (pod: Pod): number => {
  const ends = (pod.status?.containerStatuses ?? []).map(({ state }) => {
    const { finishedAt } = (state['terminated'] ?? {}) as { finishedAt?: string };
    return Date.parse(finishedAt ?? '');
  });
  return Math.max(
    Date.parse(pod.metadata.deletionTimestamp ?? pod.metadata.creationTimestamp ?? ''),
    ...ends.filter(Boolean),
  );
};

/** Milliseconds until a pod may follow the last that failed: 10 s, and twice as long after each further one. */
export function backoffLeft(crew: Crew, now: number): number {
  if (crew.allFailed.length === 0) return 0;
  const wait = Math.min(FIRST_BACKOFF_MS * 2 ** (crew.allFailed.length - 1), LAST_BACKOFF_MS);
  return Math.max(0, Math.max(...crew.allFailed.map(endOf)) + wait - now);
}

const uids = (pods: readonly Pod[]): string[] => pods.map(({ metadata }) => metadata.uid ?? '');
const named = (name: string, value: number | string[]): object =>
  (typeof value === 'number' ? value : value.length) > 0 ? { [name]: value } : {};

/** The conditions, with the one that says how the Job is going to end. */
function withTold(conditions: JobCondition[], verdict: Verdict | undefined, now: number): JobCondition[] {
  if (verdict === undefined) return conditions;
  const type = verdict.isSuccess ? MET : DOOMED;
  const isTold = conditions.some((condition) => condition.type === type);
  return isTold ? conditions : [...conditions, conditionOf(type, verdict, now)];
}

/** The status before the pods that ended are let go: they are named, and not yet counted. */
export function namingStatus(crew: Crew, verdict: Verdict | undefined, now: number): JobStatus {
  const { status = {} } = crew.job;
  const active = verdict === undefined ? crew.active : [];
  const told = withTold(status.conditions ?? [], verdict, now);
  return {
    ...(told.length === 0 ? {} : { conditions: told }),
    startTime: status.startTime ?? toTime(now),
    ...named('active', active.length),
    ...named('succeeded', status.succeeded ?? 0),
    ...named('failed', status.failed ?? 0),
    terminating: crew.terminating.length,
    uncountedTerminatedPods: {
      ...named('succeeded', uids(crew.succeeded)),
      ...named('failed', uids(crew.failed)),
    },
    ready: active.filter(isReady).length,
  };
}

/** The same after they were let go. The verdict is final when no pod is on its way out any more. */
export function countedStatus(crew: Crew, verdict: Verdict | undefined, now: number): JobStatus {
  const { conditions = [], startTime, ...counts } = namingStatus(crew, verdict, now);
  const type = verdict?.isSuccess === true ? 'Complete' : 'Failed';
  const isFinal = verdict !== undefined && crew.terminating.length === 0;
  const ended = isFinal ? [...conditions, conditionOf(type, verdict, now)] : conditions;
  return {
    ...(ended.length === 0 ? {} : { conditions: ended }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(isFinal && verdict.isSuccess ? { completionTime: toTime(now) } : {}),
    ...counts,
    ...named('succeeded', succeededOf(crew)),
    ...named('failed', failedOf(crew)),
    uncountedTerminatedPods: {},
  };
}

function conditionOf(type: string, { reason, message }: Verdict, now: number): JobCondition {
  const time = toTime(now);
  return { type, status: 'True', lastProbeTime: time, lastTransitionTime: time, reason, message };
}
