// Scheduler and kubelet of the sandbox's one node: binds pods, runs them, judges their readiness, restarts and ends them.
import type { Clock } from '../clock.ts';
import { follow, startController } from './controller.ts';
import { KeyQueue } from './key-queue.ts';
import { type KindCache, keyOf } from './kind-cache.ts';
import { NODE_NAME } from './node.ts';
import { ending, missingImages, neverPasses, readyAfter } from './pod-plan.ts';
import { completed, differs, pullFailing, restarted, running, withReadiness, type Writing } from './pod-status.ts';
import { hasEnded, isDeleted, isReady, type Pod, type PodStatus } from './pod.ts';

/** From the end of a pod being asked for to its removal: longer than requests under way need. */
const TERMINATION_MS = 100;
/** What a shell says of a process that got SIGKILL. */
const KILLED = 137;
const FIRST_ADDRESS = (244 << 16) + 1;
const ADDRESSES = 1 << 24;
/** Name of the index of pods by address. */
export const BY_IP = 'ip';

export const ipIndexer = (pod: Pod): string[] => (pod.status?.podIP === undefined ? [] : [pod.status.podIP]);

export interface KubeletParts {
  clock: Clock;
  random: () => number;
  pods: KindCache<Pod>;
  readyAfterMs: number;
}

/** What is known of a pod besides what its status says. */
interface Course {
  uid: string;
  /** When its containers last started, in milliseconds since the epoch. */
  startedAt: number;
  /** When they will be ready; undefined while something keeps them from it. */
  readyAt: number | undefined;
  /** When a pod on its way out is gone. */
  goneAt: number | undefined;
  isKilled: boolean;
}

export class Kubelet {
  readonly #parts: KubeletParts;
  readonly #queue: KeyQueue;
  readonly #courses = new Map<string, Course>();
  #readyAfterMs: number;
  readonly #held = new Set<(pod: Pod) => boolean>();
  #address = FIRST_ADDRESS;

  constructor(parts: KubeletParts) {
    this.#parts = parts;
    this.#readyAfterMs = parts.readyAfterMs;
    this.#queue = startController({
      queue: new KeyQueue(parts.clock),
      kinds: [follow(parts.pods, ({ object }) => [keyOf(object)])],
      reconcile: (key) => this.#reconcile(key),
    });
  }

  stop(): void {
    this.#queue.stop();
  }

  readyAfter(ms: number): void {
    this.#readyAfterMs = ms;
  }

  neverReady(predicate: (pod: Pod) => boolean): () => void {
    // A wrapper, so that the same predicate given twice is ended twice.
    const held = (pod: Pod): boolean => predicate(pod);
    this.#held.add(held);
    this.#lookAtAll();
    return () => {
      if (this.#held.delete(held)) this.#lookAtAll();
    };
  }

  /** Errors: when there is no such running pod. */
  kill(key: string): void {
    const pod = this.#parts.pods.get(key);
    const course = this.#courses.get(key);
    if (pod?.status?.phase !== 'Running' || course === undefined || isDeleted(pod))
      throw new Error(`kill: there is no running pod ${key}; name a pod in phase Running`);
    course.isKilled = true;
    this.#queue.add(key);
  }

  #lookAtAll(): void {
    for (const pod of this.#parts.pods.all()) this.#queue.add(keyOf(pod));
  }

  #reconcile(key: string): void {
    const pod = this.#parts.pods.fresh(key);
    if (pod === undefined) return void this.#courses.delete(key);
    const node = pod.spec.nodeName ?? '';
    if (node !== '' && node !== NODE_NAME) return;
    const course = this.#courseOf(key, pod);
    if (isDeleted(pod)) this.#end(pod, course);
    else if (!hasEnded(pod)) this.#carryOn(node === '' ? this.#bind(pod) : pod, course);
  }

  #courseOf(key: string, pod: Pod): Course {
    const uid = pod.metadata.uid ?? '';
    const known = this.#courses.get(key);
    if (known?.uid === uid) return known;
    const course = { uid, startedAt: this.#parts.clock.now(), readyAt: undefined, goneAt: undefined, isKilled: false };
    this.#courses.set(key, course);
    return course;
  }

  #bind(pod: Pod): Pod {
    return this.#parts.pods.update({ ...pod, spec: { ...pod.spec, nodeName: NODE_NAME } });
  }

  #carryOn(pod: Pod, course: Course): void {
    const missing = missingImages(pod);
    if (pod.status?.phase !== 'Running' && missing.size > 0) {
      this.#write(pod, pullFailing(pod, missing, this.#writing(pod)));
      return;
    }
    if (pod.status?.phase !== 'Running') this.#start(pod, course);
    else if (course.isKilled) this.#restart(pod, course, KILLED);
    else if (!this.#finish(pod, course)) this.#judge(pod, course);
  }

  #start(pod: Pod, course: Course): void {
    course.startedAt = this.#parts.clock.now();
    course.readyAt = undefined;
    const started = this.#write(pod, running(pod, this.#writing(pod)));
    if (!this.#finish(started, course)) this.#judge(started, course);
  }

  #restart(pod: Pod, course: Course, exitCode: number): void {
    course.isKilled = false;
    course.startedAt = this.#parts.clock.now();
    course.readyAt = undefined;
    this.#judge(this.#write(pod, restarted(pod, exitCode, this.#writing(pod))), course);
  }

  /** Ends what runs to an end. True when it has. */
  #finish(pod: Pod, course: Course): boolean {
    const planned = ending(pod);
    if (planned === undefined) return false;
    const left = course.startedAt + planned.afterMs - this.#parts.clock.now();
    if (left > 0) {
      this.#queue.addAfter(keyOf(pod), left);
      return false;
    }
    if (planned.exitCode !== 0 && pod.spec.restartPolicy === 'OnFailure') this.#restart(pod, course, planned.exitCode);
    else this.#write(pod, completed(pod, planned.exitCode, this.#parts.clock.now()));
    return true;
  }

  #judge(pod: Pod, course: Course): void {
    const now = this.#parts.clock.now();
    const isHeld = neverPasses(pod) || [...this.#held].some((held) => held(structuredClone(pod)));
    if (isHeld) course.readyAt = undefined;
    else course.readyAt ??= isReady(pod) ? now : now + readyAfter(pod, this.#readyAfterMs);
    const isDue = course.readyAt !== undefined && course.readyAt <= now;
    this.#write(pod, withReadiness(pod, isDue, now));
    if (course.readyAt !== undefined && !isDue) this.#queue.addAfter(keyOf(pod), course.readyAt - now);
  }

  #end(pod: Pod, course: Course): void {
    const { clock, pods } = this.#parts;
    const grace = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000;
    course.goneAt ??= clock.now() + Math.min(TERMINATION_MS, grace);
    const left = course.goneAt - clock.now();
    if (left <= 0) return pods.delete(pod, { gracePeriodSeconds: 0 });
    if (isReady(pod)) this.#write(pod, withReadiness(pod, false, clock.now()));
    this.#queue.addAfter(keyOf(pod), left);
  }

  #write(pod: Pod, status: PodStatus): Pod {
    return differs(status, pod) ? this.#parts.pods.updateStatus({ ...pod, status }) : pod;
  }

  #writing(pod: Pod): Writing {
    const { clock, random } = this.#parts;
    const hex = (): string =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return {
      now: clock.now(),
      podIP: pod.status?.podIP ?? this.#nextAddress(),
      newId: () => `sandbox://${Array.from({ length: 8 }, hex).join('')}`,
    };
  }

  #nextAddress(): string {
    for (;;) {
      const n = this.#address;
      this.#address = (this.#address + 1) % ADDRESSES;
      const isWhole = (n & 255) !== 0 && (n & 255) !== 255;
      const ip = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
      if (isWhole && this.#parts.pods.count(BY_IP, ip) === 0) return ip;
    }
  }
}
