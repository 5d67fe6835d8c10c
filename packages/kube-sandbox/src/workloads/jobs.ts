// The Job controller: pods until enough of them succeeded or too many failed, and a status that counts each of them once.
import type { Clock } from '../clock.ts';
import { equal } from '../apiserver/json.ts';
import type { Tell } from './controller-events.ts';
import {
  TRACKING,
  backoffLeft,
  countedStatus,
  crewOf,
  deadlineIn,
  isFinished,
  missing,
  namingStatus,
  verdictOf,
  type Crew,
  type Job,
  type JobStatus,
  type Verdict,
} from './job-status.ts';
import { follow, startController } from './controller.ts';
import { KeyQueue } from './key-queue.ts';
import { type KindCache, keyOf } from './kind-cache.ts';
import { BY_CONTROLLER, controllerOf, isDeleted, podOf, type Pod } from './pod.ts';

export interface JobParts {
  clock: Clock;
  pods: KindCache<Pod>;
  jobs: KindCache<Job>;
  tell: Tell;
}

export class Jobs {
  readonly #parts: JobParts;
  readonly #queue: KeyQueue;
  /** Pods of Jobs that are gone: nobody counts them any more. */
  readonly #orphans: KeyQueue;

  constructor(parts: JobParts) {
    this.#parts = parts;
    const { clock, jobs, pods } = parts;
    this.#queue = startController({
      queue: new KeyQueue(clock),
      kinds: [follow(jobs, ({ object }) => [keyOf(object)]), follow(pods, ({ object }) => jobOf(object))],
      reconcile: (key) => this.#reconcile(key),
    });
    this.#orphans = startController({
      queue: new KeyQueue(clock),
      kinds: [
        follow(jobs, ({ object, isGone }) => (isGone || isDeleted(object) ? this.#podsOf(object).map(keyOf) : [])),
        follow(pods, ({ object }) => (this.#isOrphan(object) ? [keyOf(object)] : [])),
      ],
      reconcile: (key) => this.#release(pods.fresh(key)),
    });
  }

  stop(): void {
    this.#queue.stop();
    this.#orphans.stop();
  }

  #isOrphan(pod: Pod): boolean {
    const [key] = jobOf(pod);
    if (key === undefined || !isDeleted(pod)) return false;
    return this.#parts.jobs.get(key)?.metadata.uid !== controllerOf(pod)?.uid;
  }

  #podsOf(job: Job): Pod[] {
    return this.#parts.pods.by(BY_CONTROLLER, job.metadata.uid ?? '');
  }

  #reconcile(key: string): void {
    const job = this.#parts.jobs.fresh(key);
    if (job === undefined || isDeleted(job) || isFinished(job)) return;
    const now = this.#parts.clock.now();
    const crew = crewOf(job, this.#podsOf(job));
    const verdict = verdictOf(crew, now);
    if (verdict === undefined) this.#fill(crew, now);
    else for (const pod of crew.active) this.#end(job, pod);
    this.#report(verdict === undefined ? crew : crewOf(job, this.#podsOf(job)), verdict, now);
  }

  #fill(crew: Crew, now: number): void {
    const { job } = crew;
    const key = keyOf(job);
    const wait = backoffLeft(crew, now);
    const deadline = deadlineIn(job, now);
    if (deadline !== undefined) this.#queue.addAfter(key, deadline);
    const wanted = missing(crew);
    if (wanted === 0) return;
    if (wait > 0) return this.#queue.addAfter(key, wait);
    for (let left = wanted; left > 0; left--) {
      const pod = this.#parts.pods.create(
        podOf({ ...job, apiVersion: 'batch/v1', kind: 'Job' }, job.spec.template, [TRACKING]),
      );
      crew.active.push(pod);
      this.#parts.tell(job, { reason: 'SuccessfulCreate', message: `Created pod: ${pod.metadata.name}` });
    }
  }

  #end(job: Job, pod: Pod): void {
    this.#parts.pods.delete(pod);
    this.#parts.tell(job, { reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` });
  }

  /** Names the pods that ended, lets them go, and counts them: in that order, so that none is counted twice. */
  #report(crew: Crew, verdict: Verdict | undefined, now: number): void {
    const job = this.#write(crew.job, namingStatus(crew, verdict, now));
    const ended = [...crew.succeeded, ...crew.failed];
    for (const pod of ended) this.#release(this.#parts.pods.fresh(keyOf(pod)));
    if (ended.length === 0 && verdict === undefined) return;
    const { terminating } = crewOf(job, this.#podsOf(job));
    const done = this.#write(job, countedStatus({ ...crew, terminating, job }, verdict, now));
    if (verdict === undefined || !isFinished(done)) return;
    if (verdict.isSuccess) this.#parts.tell(job, { reason: 'Completed', message: 'Job completed' });
    else this.#parts.tell(job, { type: 'Warning', reason: verdict.reason, message: verdict.message });
  }

  #release(pod: Pod | undefined): void {
    if (pod?.metadata.finalizers?.includes(TRACKING) !== true) return;
    const finalizers = pod.metadata.finalizers.filter((name) => name !== TRACKING);
    this.#parts.pods.update({ ...pod, metadata: { ...pod.metadata, finalizers } });
    this.#parts.pods.fresh(keyOf(pod));
  }

  #write(job: Job, status: JobStatus): Job {
    if (equal(status, job.status)) return job;
    return this.#parts.jobs.updateStatus({ ...job, status });
  }
}

/** The Job that a pod belongs to. */
function jobOf(pod: Pod): string[] {
  const owner = controllerOf(pod);
  return owner?.kind === 'Job' ? [`${pod.metadata.namespace ?? ''}/${owner.name}`] : [];
}
