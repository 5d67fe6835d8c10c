// What the agent remembers of one Application between two looks. All of it can be lost: the record, the snapshots and Git bring it back.
import type { ApplicationStatus, Hold } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import type { ObjectKey } from '../api/object-key.ts';
import { Forges } from './report/forge-memory.ts';
import type { StableSnapshot } from './revert/snapshot.ts';
import type { AgentMemory, Declared, Setback } from './seen.ts';
import { endOf, type HookEnd } from './sync/hooks/end.ts';
import { ANSWER_MS, type CheckOutcome } from './sync/outcome.ts';

const RETRY_MS = 5_000;
const MAX_RETRY_MS = 5 * 60_000;
/** A correction after so long is the first one again. */
const CALM_MS = 10 * 60_000;
const MAX_DRIFT = 20;
const MAX_ANSWERS = 4;
const MAX_HOOK_ENDS = 1000;
/** First wait after what may go away by itself. */
const BLIP_MS = 500;

export class Memory implements AgentMemory {
  accepted: Declared | undefined;
  previous: Declared | undefined;
  drift: NonNullable<ApplicationStatus['drift']> = [];
  readonly givenUp = new Map<string, { message: string; retryAt: number }>();
  readonly #answers = new Map<ObjectKey, Map<string, { at: number; outcome: CheckOutcome }>>();
  readonly clean = new Map<ObjectKey, string>();
  readonly setbacks = new Map<ObjectKey, Setback>();
  readonly corrected = new Map<ObjectKey, { at: number; times: number }>();
  readonly inspected = new Map<ObjectKey, { at: number; uid: string; holds: string }>();
  /** Objects that carry no mark of ours, as they were read. */
  readonly strangers = new Map<ObjectKey, { at: number; object: KubeObject | undefined }>();
  /** UIDs that were deleted by this process. */
  readonly deleted = new Set<string>();
  /** By Rollout; undefined: none on record. What is not in it was not looked at. */
  readonly snapshots = new Map<ObjectKey, StableSnapshot | undefined>();
  /** What became of write-backs, by hold. */
  readonly writeBacks = new Map<string, NonNullable<Hold['writeBack']>>();
  /** Notes that were written, or found. */
  readonly noted = new Map<string, NonNullable<ApplicationStatus['notes']>[number]>();
  /** When something that others rest on was applied last; milliseconds since the epoch. */
  foundedAt = 0;
  /** By sign that another process acts: how many looks at the repository had been begun when it was seen first. */
  signs: ReadonlyMap<string, number> = new Map();
  reportProblem: string | undefined;
  reportRetryAt = 0;
  readonly forge = new Forges();
  /** By Rollout: why its snapshot is not believed. */
  readonly refused = new Map<ObjectKey, string>();
  /** By UID: ends of hooks. */
  readonly hookEnds = new Map<string, HookEnd>();
  readonly hooksDeleted = new Set<string>();

  /** The signs of now; the highest number of looks with which one was seen first, undefined where there is none. */
  witness(signs: readonly string[], looks: number): number | undefined {
    this.signs = new Map(signs.map((sign) => [sign, this.signs.get(sign) ?? looks]));
    return signs.length === 0 ? undefined : Math.max(...this.signs.values());
  }

  /** Another declaration is in force from here on. */
  accept(declared: Declared | undefined): void {
    if (declared === this.accepted) return;
    const before = this.accepted;
    // The same declaration is rendered anew when a kind comes to be served.
    const isOther = before && declared && ![before.id, this.previous?.id].includes(declared.id);
    if (isOther && !this.givenUp.has(before.id)) this.previous = before;
    this.accepted = declared;
    this.#keepOnly(new Set(declared?.desired.map(({ key }) => key)));
  }

  /** What is not declared any more is forgotten. */
  #keepOnly(keys: ReadonlySet<ObjectKey>): void {
    for (const known of [this.#answers, this.clean, this.setbacks, this.corrected]) {
      for (const key of known.keys()) if (!keys.has(key)) known.delete(key);
    }
  }

  /** An object of a hook was shown: that it has ended is kept, since its TTL may take it away before anybody looks. */
  sawHook(object: KubeObject): void {
    const end = endOf(object);
    const { uid } = object.metadata;
    if (uid === undefined || end === undefined) return;
    this.hookEnds.delete(uid);
    this.hookEnds.set(uid, end);
    const [oldest] = this.hookEnds.keys();
    if (this.hookEnds.size > MAX_HOOK_ENDS && oldest !== undefined) this.hookEnds.delete(oldest);
  }

  answered(key: ObjectKey, fingerprint: string, now: number): CheckOutcome | undefined {
    const known = this.#answers.get(key)?.get(fingerprint);
    return known && now - known.at < ANSWER_MS[known.outcome.kind] ? known.outcome : undefined;
  }

  /** Keeps what the server answered; of each object a few, since what is in force and what is new are asked about side by side. */
  answer(key: ObjectKey, fingerprint: string, outcome: CheckOutcome, now: number): void {
    const answers = this.#answers.get(key) ?? new Map<string, { at: number; outcome: CheckOutcome }>();
    this.#answers.set(key, answers);
    answers.delete(fingerprint);
    answers.set(fingerprint, { at: now, outcome });
    const [oldest] = answers.keys();
    if (answers.size > MAX_ANSWERS && oldest !== undefined) answers.delete(oldest);
  }

  /** The object has changed by our own write. */
  forgetAnswers(key: ObjectKey): void {
    this.#answers.delete(key);
  }

  /** A Namespace, a definition or a right is there now: what waited for it is asked about anew. */
  founded(now: number): void {
    this.foundedAt = now;
    for (const answers of this.#answers.values()) {
      for (const [fingerprint, { outcome }] of answers) if (outcome.kind === 'deferred') answers.delete(fingerprint);
    }
  }

  /** A declaration that had been accepted could not be carried out. */
  giveUp(id: string, message: string, now: number): void {
    this.givenUp.clear();
    this.givenUp.set(id, { message, retryAt: now + MAX_RETRY_MS });
  }

  /** An object could not be brought to what is wanted; it is tried again later and later. */
  setBack(
    key: ObjectKey,
    fingerprint: string,
    { message, now, isBlip = false }: { message: string; now: number; isBlip?: boolean },
  ): void {
    const before = this.setbacks.get(key);
    const times = before?.fingerprint === fingerprint ? before.times + 1 : 1;
    const wait = Math.min((isBlip ? BLIP_MS : RETRY_MS) * 2 ** (times - 1), MAX_RETRY_MS);
    this.setbacks.set(key, { fingerprint, message, times, retryAt: now + wait });
  }

  /** The same content was applied once more: whoever undoes it again meets longer and longer waits. */
  repeat(key: ObjectKey, now: number): void {
    const before = this.corrected.get(key);
    const times = before !== undefined && now - before.at < CALM_MS ? before.times + 1 : 0;
    this.corrected.set(key, { at: now, times });
  }

  /** A change that was not made in Git was put back. */
  putBack(key: ObjectKey, entry: NonNullable<ApplicationStatus['drift']>[number], now: number): void {
    this.repeat(key, now);
    this.drift = [entry, ...this.drift].slice(0, MAX_DRIFT);
  }
}
