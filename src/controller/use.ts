// What a kind gives to the kernel to be driven by it. All of it but `observe` and `execute` is pure.
import type { Resource } from '../api/k8s.ts';
import type { ObjectKey } from '../api/object-key.ts';
import type { Prose } from '../api/prose.ts';
import type { Involved } from '../kube/events.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Change } from '../kube/watch-cache.ts';
import type { Failure } from './failure.ts';

/** An object that the kernel drives, and whose status it writes. */
export type Subject<S> = Involved & { status?: S | undefined };

/** The watch cache of the kind; a WatchCache is one. */
export interface SubjectCache<O> {
  get(namespace: string | undefined, name: string): O | undefined;
  list(): O[];
  /** Takes in what a write or a read answered. */
  observe(object: O): void;
  onChange(handler: (change: Change<O>) => void): () => void;
}

export interface Decision<S, I> {
  /** What is to be on record. */
  readonly status: S;
  /** What is to be done, in order of urgency. Plain data: equal intents are the same intent. */
  readonly intents: readonly I[];
  /** When to look again though nothing has changed; milliseconds since the epoch. */
  readonly nextAt?: number | undefined;
  /**
   * How many of the intents come before the record; 0: the record comes first. The rest waits for the next look, or goes on at once
   * where the record says so already. Undefined: all of them, and the record is made when nothing is left to do.
   */
  readonly recordAfter?: number | undefined;
  /** It overtakes everything: its writes go in the urgent lane. */
  readonly urgent?: boolean | undefined;
}

/** The surroundings of one pass. */
export interface Pass {
  readonly key: ObjectKey;
  readonly urgent: boolean;
  /** Aborted when the object is gone or the kernel stops. */
  readonly signal: AbortSignal;
  /** Each write of it asks for the ownership of the key. */
  readonly client: KubeClient;
}

/** One observation and what was decided on it. */
export interface Look<O, S, Seen, D> extends Pass {
  readonly object: O;
  /** What counts as recorded: the decisions of this pass over the object's own status. */
  readonly recorded: S | undefined;
  readonly seen: Seen;
  readonly decision: D;
}

export interface Use<O extends Subject<S>, S extends object, Seen, I, D extends Decision<S, I>> {
  /** For metrics and logs, such as `rollout`. */
  readonly controller: string;
  readonly resource: Resource;
  readonly fieldManager: string;
  readonly cache: SubjectCache<O>;
  /** Texts of the status that may quote a secret: cleaned before they are recorded. */
  readonly prose: Prose;
  /** Everything that a decision may look at. */
  observe(object: O, recorded: S | undefined, now: number, pass: Pass): Seen | Promise<Seen>;
  /** Pure. */
  decide(seen: Seen): D;
  /** Called with each decision before anything of it is carried out: for what is to be remembered of it beside the record. */
  decided?(decision: D, seen: Seen, key: ObjectKey): void;
  /**
   * Carries one intent out; idempotent. Resolves to `unchanged` where the next look sees nothing new by it. Rejects with a `Refusal`
   * for what a person has to mend.
   */
  execute(intent: I, look: Look<O, S, Seen, D>): Promise<'unchanged' | void>;
  /** Whether an intent is of no use, or unsafe, while another one failed. Default: never. */
  dependsOn?(intent: I, failed: I): boolean;
  /** The status with what failed in it; with no failure as decided. Default: the decision's. Must be stable: equal failures, equal status. */
  project?(look: Look<O, S, Seen, D>, failures: readonly Failure<I>[]): S;
  /** Whether a difference to the record may wait a moment for company: counters alone. Default: never. */
  mayWait?(patch: Record<string, unknown>, recorded: S | undefined): boolean;
  /** Whether a change overtakes everything that waits, its own back-off included. Default: never. */
  isUrgent?(object: O): boolean;
  /** Called when the cluster has confirmed a new status. What is told is a function of these three alone. */
  tell?(before: S | undefined, after: S, object: O): void;
  /** Called with an object whose status another process has written, or somebody else. */
  another?(object: O): void;
  /** Called after intents were carried out, with those that were; for metrics. */
  done?(intents: readonly I[], look: Look<O, S, Seen, D>): void;
  /** Nothing could be observed, decided or recorded; the object itself cannot say so. */
  troubled?(object: O, failure: Failure<I>): void;
  /** The object is gone: what is remembered of it goes, too. */
  gone?(key: ObjectKey): void;
  /** Names an intent in logs; equal for equal intents. Default: its JSON. */
  idOf?(intent: I): string;
  /** What somebody may change to mend the refusal of an intent. Default: generation, labels and annotations of the object. */
  stampOf?(object: O, intent: I): string;
}

export interface KernelMetrics {
  /** One pass came to its end; `failed` when anything in it did. Milliseconds. */
  passed(controller: string, durationMs: number, failed: boolean): void;
}
