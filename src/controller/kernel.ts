// The one loop that drives every kind: observe → decide → execute → project, until there is nothing left to do. It knows no kind; a
// `Use` says what is looked at, decided and done. A failure stops only what depends on it: the rest goes on, the record is made, and
// the key comes back later.
import { mergePatch } from '../api/merge-patch.ts';
import { objectIdOf, objectKeyOf, type ObjectKey } from '../api/object-key.ts';
import { withProse } from '../api/prose.ts';
import { fencedFor } from '../kube/fenced-client.ts';
import type { KubeClient } from '../kube/types.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Ownership } from '../ports/ownership.ts';
import { noSecrets, type Secrecy } from '../ports/secrecy.ts';
import { Draft } from './draft.ts';
import { failureOf, kindOf, type Failure } from './failure.ts';
import { OwnWrites } from './own-writes.ts';
import { Setbacks } from './setbacks.ts';
import type { Decision, KernelMetrics, Look, Pass, Subject, Use } from './use.ts';

export interface KernelDeps {
  /** Writes are fenced by `ownership` for each key on top of what it does itself. */
  client: KubeClient;
  ownership: Ownership;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  log: Log;
  /** Asked before a status is recorded. Default: nothing is secret. */
  secrecy?: Pick<Secrecy, 'scrub'> | undefined;
  metrics?: KernelMetrics | undefined;
  /** Objects worked on at once. Default 8. */
  workers?: number;
}

/** After so many looks a pass records how far it came, and goes on later. */
const MAX_LOOKS = 20;
/** Conflicts in one pass that are answered with another look at once. */
const MAX_CONFLICTS = 3;
/** Changes that may wait for company wait so long. */
const QUIET_MS = 2_000;
/** Id of what failed outside any intent. */
const THE_LOOK = '';

type Json = Record<string, unknown>;

export class Kernel<O extends Subject<S>, S extends object, Seen, I, D extends Decision<S, I> = Decision<S, I>> {
  readonly queue: WorkQueue<ObjectKey>;
  readonly #use: Use<O, S, Seen, I, D>;
  readonly #deps: KernelDeps;
  readonly #setbacks: Setbacks<I>;
  /** Passes under way, and what ends each. */
  readonly #running = new Map<ObjectKey, AbortController>();
  readonly #own = new OwnWrites<O>((object) => this.#use.another?.(object));
  /** Since when a key has something to record that waits for company. */
  readonly #quietSince = new Map<ObjectKey, number>();
  #unfollow: (() => void)[] = [];

  constructor(use: Use<O, S, Seen, I, D>, deps: KernelDeps) {
    this.#use = use;
    this.#deps = deps;
    this.#setbacks = new Setbacks(deps.random);
    const { clock, random, log, workers = 8 } = deps;
    this.queue = new WorkQueue<ObjectKey>({
      run: (key, { urgent }) => this.#run(key, urgent),
      clock,
      random,
      log,
      workers,
    });
  }

  /** Begins to work on everything that the cache holds and this process owns; the cache is synced. */
  start(): void {
    const { cache } = this.#use;
    const { ownership } = this.#deps;
    const all = (): void => cache.list().forEach((object) => this.add(objectKeyOf(object)));
    this.#unfollow = [
      cache.onChange(({ type, object, old }) => this.#changed(object, old, type === 'deleted')),
      ownership.onChange(all),
    ];
    all();
  }

  /** Takes nothing more; resolves when the passes under way have ended. */
  stop(): Promise<void> {
    for (const end of this.#unfollow) end();
    for (const running of this.#running.values()) running.abort(new Error('the controller stops'));
    return this.queue.stop();
  }

  /** The object is looked at soon: now, or when its back-off ends; an urgent one always now. */
  add(key: ObjectKey, options: { urgent?: boolean } = {}): void {
    const until = this.#setbacks.restsUntil(key);
    if (!options.urgent && until > this.#deps.clock.now()) this.queue.addAt(key, until);
    else this.queue.add(key, options);
  }

  #changed(object: O, old: O | undefined, isGone: boolean): void {
    const key = objectKeyOf(object);
    if (isGone || object.metadata.deletionTimestamp !== undefined) {
      this.#running.get(key)?.abort(new Error(`${object.kind} ${object.metadata.name} is deleted`));
    } else if (old !== undefined && old.status !== object.status && object.status !== undefined) {
      if (this.#deps.ownership.owns(key)) this.#recorded(key, old.status, object);
    }
    this.add(key, { urgent: this.#use.isUrgent?.(object) ?? false });
  }

  #recorded(key: ObjectKey, before: S | undefined, object: O): void {
    const { status } = object;
    if (status === undefined) return;
    const isNew = mergePatch({ ...before } as Json, { ...status } as Json) !== undefined;
    if (isNew) this.#own.shown(key, object);
    this.#use.tell?.(before, status, object);
  }

  #get(key: ObjectKey): O | undefined {
    const { namespace, name } = objectIdOf(key);
    return this.#use.cache.get(namespace, name);
  }

  async #run(key: ObjectKey, urgent: boolean): Promise<void> {
    const { clock, ownership, client } = this.#deps;
    if (!ownership.owns(key)) return;
    const object = this.#get(key);
    if (object === undefined) return this.#forget(key);
    if (object.metadata.deletionTimestamp !== undefined) return;
    const startedAt = clock.now();
    const draft = new Draft<S, I>(object.status, urgent);
    const running = new AbortController();
    this.#running.set(key, running);
    const at = { key, signal: running.signal, client: fencedFor(client, ownership, key), draft };
    try {
      await this.#looks(at);
    } catch (error) {
      this.#broke(at, error);
    } finally {
      this.#running.delete(key);
    }
    if (!running.signal.aborted) this.#settle(at);
    this.#deps.metrics?.passed(this.#use.controller, clock.now() - startedAt, draft.failures.size > 0);
  }

  async #looks(at: At<S, I>): Promise<void> {
    for (let looks = 1; !at.signal.aborted; looks++) {
      const isLast = looks === MAX_LOOKS;
      if (await this.#look(at, isLast)) return;
      if (!isLast) continue;
      at.draft.restless = true;
      return;
    }
  }

  /** One observation and one decision; undefined where there is nothing to look at any more. */
  async #decide(at: At<S, I>): Promise<Look<O, S, Seen, D> | undefined> {
    const { key, signal, client, draft } = at;
    const object = this.#get(key);
    if (object === undefined) return undefined;
    const recorded = draft.over(object.status);
    const pass: Pass = { key, signal, client, urgent: draft.urgent };
    const seen = await this.#use.observe(object, recorded, this.#deps.clock.now(), pass);
    if (signal.aborted) return undefined;
    const decision = this.#use.decide(seen);
    this.#use.decided?.(decision, seen, key);
    draft.take(decision.status);
    draft.urgent ||= decision.urgent ?? false;
    return { ...pass, urgent: draft.urgent, object, recorded, seen, decision };
  }

  /** A decision and its intents. Resolves to true when there was nothing left to do and all is recorded. */
  async #look(at: At<S, I>, isLast: boolean): Promise<boolean> {
    const { key, signal } = at;
    const look = await this.#decide(at);
    if (look === undefined) return true;
    const carried = await this.#carryOut(at, look);
    if (carried === 'recorded') return false;
    if (signal.aborted) return true;
    if (carried === 'changed' && !isLast) return false;
    const { nextAt } = look.decision;
    // A deadline does not wait for a record that cannot be made.
    if (nextAt !== undefined) this.queue.addAt(key, nextAt);
    return (await this.#record(at, look)) !== 'conflict' && carried === 'unchanged';
  }

  /** `recorded`: the rest of the intents wait for another look, since the record that they come after was yet to be made. */
  async #carryOut(at: At<S, I>, look: Look<O, S, Seen, D>): Promise<'recorded' | 'changed' | 'unchanged'> {
    const { intents, recordAfter } = look.decision;
    const isChanged = await this.#act(at, look, intents.slice(0, recordAfter));
    if (recordAfter === undefined || at.signal.aborted) return isChanged ? 'changed' : 'unchanged';
    if ((await this.#record(at, look)) !== 'same') return 'recorded';
    const isChangedAfter = await this.#act(at, look, intents.slice(recordAfter));
    return isChanged || isChangedAfter ? 'changed' : 'unchanged';
  }

  /** Resolves to true when another look may see something new. */
  async #act(at: At<S, I>, look: Look<O, S, Seen, D>, intents: readonly I[]): Promise<boolean> {
    const done: I[] = [];
    let changed = false;
    for (const intent of intents) {
      if (look.signal.aborted) break;
      if (this.#isHeldUp(at, intent)) continue;
      try {
        changed = (await this.#use.execute(intent, look)) !== 'unchanged' || changed;
        done.push(intent);
      } catch (error) {
        changed = (await this.#failed(at, intent, error)) || changed;
      }
    }
    if (done.length > 0) this.#use.done?.(done, look);
    return changed;
  }

  /** It failed in this pass, it was refused before and nothing has changed since, or it depends on what failed. */
  #isHeldUp({ key, draft }: At<S, I>, intent: I): boolean {
    if (draft.failures.size === 0 && this.#setbacks.failures(key) === 0) return false;
    const id = this.#idOf(intent);
    if (draft.failures.has(id)) return true;
    const stamp = (): string => this.#stampOf(key, intent);
    const known = draft.urgent ? undefined : this.#setbacks.refusalOf(key, id, stamp, this.#deps.clock.now());
    if (known !== undefined) {
      draft.fail(id, known, false);
      return true;
    }
    return [...draft.failures.values()].some(
      ({ intent: failed }) => failed !== undefined && this.#use.dependsOn?.(intent, failed),
    );
  }

  /** What is to be written to have the status on record, without the secrets in its texts; undefined where it is. */
  #patchTo(status: S, recorded: S | undefined): Json | undefined {
    const before = { ...recorded } as Json;
    if (mergePatch(before, { ...status } as Json) === undefined) return undefined;
    const { secrecy = noSecrets } = this.#deps;
    return mergePatch(before, { ...withProse(status, this.#use.prose, (text) => secrecy.scrub(text)) } as Json);
  }

  /** What is to be written now; undefined where it is on record, or may wait for company. */
  #patchDue({ key, draft }: At<S, I>, look: Look<O, S, Seen, D>, recorded: S | undefined): Json | undefined {
    const failures = [...draft.failures.values()];
    const status = this.#use.project?.(look, failures) ?? look.decision.status;
    const patch = this.#patchTo(status, recorded);
    if (patch === undefined) return undefined;
    return this.#use.mayWait?.(patch, recorded) && this.#waits(key) ? undefined : patch;
  }

  /** Writes what differs from the record, on the very status that was decided on. */
  async #record(at: At<S, I>, look: Look<O, S, Seen, D>): Promise<'same' | 'written' | 'conflict'> {
    const { key, draft } = at;
    const object = this.#get(key);
    if (object === undefined) return 'same';
    if (!draft.holdsFor(object.status)) return 'conflict';
    const patch = this.#patchDue(at, look, object.status);
    if (patch === undefined) return 'same';
    try {
      await this.#write(at, object, patch);
    } catch (error) {
      if (kindOf(error) !== 'conflict' || !(await this.#lookAgain(at))) throw error;
      return 'conflict';
    }
    this.#quietSince.delete(key);
    return 'written';
  }

  /** With the resourceVersion it was made on as precondition: a person's write in between is never run over. */
  async #write({ key, client, draft }: At<S, I>, object: O, status: Json): Promise<void> {
    const { resource, fieldManager, cache } = this.#use;
    const { name, namespace, resourceVersion } = object.metadata;
    const body = { metadata: { resourceVersion }, status };
    const request = { name, namespace, type: 'merge' as const, subresource: 'status' as const, body, fieldManager };
    const write = async (): Promise<O> => {
      const made = await client.patch<O>(resource, request, { urgent: draft.urgent });
      cache.observe(made);
      return made;
    };
    await this.#own.make(key, write);
  }

  /** Changes that may wait are written together, a moment later. */
  #waits(key: ObjectKey): boolean {
    const now = this.#deps.clock.now();
    const since = this.#quietSince.get(key) ?? now;
    if (now - since >= QUIET_MS) return false;
    this.#quietSince.set(key, since);
    this.queue.addAt(key, since + QUIET_MS);
    return true;
  }

  /** Resolves to true when another look is worth it: somebody wrote first. Throws what ends the pass. */
  async #failed(at: At<S, I>, intent: I, error: unknown): Promise<boolean> {
    const { key, draft } = at;
    if (at.signal.aborted || kindOf(error) === 'lost') throw error;
    const failure = failureOf(intent, error, this.#setbacks.failures(key) + 1);
    this.#logFailure(key, failure, error);
    if (failure.kind === 'conflict' && (await this.#lookAgain(at))) return true;
    draft.fail(this.#idOf(intent), failure);
    return false;
  }

  /** The pass itself cannot go on: nothing could be observed, decided or recorded. */
  #broke({ key, draft, signal }: At<S, I>, error: unknown): void {
    if (signal.aborted || kindOf(error) === 'lost') return;
    const failure = failureOf<I>(undefined, error, this.#setbacks.failures(key) + 1);
    this.#logFailure(key, failure, error);
    draft.fail(THE_LOOK, failure);
    const object = this.#get(key);
    if (object !== undefined && failure.kind !== 'conflict') this.#use.troubled?.(object, failure);
  }

  /** Reads the live object rather than waiting for the watch. False when that was done often enough in this pass. */
  async #lookAgain({ key, draft }: At<S, I>): Promise<boolean> {
    if (draft.conflicts++ >= MAX_CONFLICTS) return false;
    const { namespace, name } = objectIdOf(key);
    const live = await this.#deps.client.get<O>(this.#use.resource, name, namespace, { urgent: draft.urgent });
    if (live !== undefined) this.#use.cache.observe(live);
    return true;
  }

  /** After a pass: nothing to remember, or when to come back. */
  #settle({ key, draft }: At<S, I>): void {
    if (draft.failures.size === 0 && !draft.restless) return this.#setbacks.forget(key);
    const { urgent } = draft;
    if (draft.fresh.size > 0 || draft.restless) {
      const { fresh, restless } = draft;
      const failed = { fresh, restless, stampOf: (intent: I | undefined) => this.#stampOf(key, intent) };
      this.queue.addAt(key, this.#setbacks.failed(key, failed, this.#deps.clock.now()), { urgent });
    }
    const nextTry = this.#setbacks.nextTry(key);
    if (nextTry !== undefined) this.queue.addAt(key, nextTry, { urgent });
  }

  #forget(key: ObjectKey): void {
    this.#setbacks.forget(key);
    this.#quietSince.delete(key);
    this.#own.forget(key);
    this.queue.forget(key);
    this.#use.gone?.(key);
  }

  /** What a person has to mend is said on the object; what happens every day is not news. */
  #logFailure(key: ObjectKey, failure: Failure<I>, error: unknown): void {
    const { log } = this.#deps;
    const { kind, reason, message, attempt } = failure;
    const intent = failure.intent === undefined ? undefined : this.#idOf(failure.intent).slice(0, 200);
    const fields = { controller: this.#use.controller, key, intent, reason, error: message, attempt };
    if (kind === 'conflict') return log.debug('somebody wrote first', fields);
    if (kind === 'refused') return log.info('a write was refused', fields);
    if (kind === 'transient') return log.warn('a pass failed', fields);
    log.error('a pass failed', this.#setbacks.isNews(key, message) ? { ...fields, error } : fields);
  }

  readonly #idOf = (intent: I): string => this.#use.idOf?.(intent) ?? JSON.stringify(intent);

  #stampOf(key: ObjectKey, intent: I | undefined): string {
    const object = this.#get(key);
    if (object === undefined || intent === undefined) return '';
    const { generation, labels, annotations } = object.metadata;
    return this.#use.stampOf?.(object, intent) ?? JSON.stringify([generation, labels, annotations]);
  }
}

interface At<S extends object, I> {
  key: ObjectKey;
  signal: AbortSignal;
  client: KubeClient;
  draft: Draft<S, I>;
}
