// Records Kubernetes Events (core/v1) about objects: aggregated, named so that a repeat is one object, written behind everything else.
import { createHash } from 'node:crypto';
import type { KubeObject, ObjectMeta } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import { delay, toTime } from '../ports/clock.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { backoffMs } from './backoff.ts';
import { isAlreadyExists, isConflict, isNotFound, isTransient } from './errors.ts';
import type { KubeClient } from './types.ts';

/** What an Event is about. */
export interface Involved {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

export interface EventContent {
  type: 'Normal' | 'Warning';
  /** One CamelCase word. */
  reason: string;
  /** For a person; cut at 1,024 characters. */
  message: string;
  /** Marks something that happens once: the same key on the same object again, even after a restart, does nothing. */
  key?: string | undefined;
  /**
   * Rank among the Events of the object, for keyed ones: names sort by it. Times of Events have whole seconds, and kubectl shows those
   * of one second in the order of their names.
   */
  rank?: number | undefined;
}

export interface EventRecorder {
  /** Never throws and never waits. Repeats of an event without a key are counted on one object. */
  emit(object: Involved, content: EventContent): void;
  /** Resolves when all that was emitted is written or given up. */
  flush(): Promise<void>;
  /** Tries what is queued once more, for at most `graceMs` (default 2,000), then ends. */
  stop(graceMs?: number): Promise<void>;
}

export interface EventOptions {
  client: Pick<KubeClient, 'get' | 'create' | 'patch'>;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  log: Log;
  /** Name of this process, for `reportingInstance`. */
  instance: string;
  /** Events waiting to be written; beyond it the newest are dropped. Default 1,000. */
  capacity?: number;
}

interface Pending {
  name: string;
  namespace: string;
  object: Involved;
  content: EventContent;
  first: number;
  last: number;
  count: number;
}

const COMPONENT = 'sluice';
const MAX_MESSAGE = 1_024;
/** An API server that is started anew is back by then. */
const TRY_FOR_MS = 30_000;
const MAX_REMEMBERED = 4_096;
const RETRY = { baseMs: 500, maxMs: 10_000 };

/** Writes Events one after the other, and counts up one that is told again. Nobody waits for it, and it never throws. */
export function eventRecorder(options: EventOptions): EventRecorder {
  return new QueuedRecorder(options);
}

class QueuedRecorder implements EventRecorder {
  readonly #options: EventOptions;
  readonly #queue = new Map<string, Pending>();
  /** Names of Events known to be stored, with their count. */
  readonly #written = new Map<string, number>();
  readonly #stopped = new AbortController();
  #writing: Promise<void> | undefined;

  constructor(options: EventOptions) {
    this.#options = options;
  }

  emit(object: Involved, content: EventContent): void {
    try {
      this.#enqueue(object, content);
    } catch (error) {
      this.#options.log.error('an event could not be queued', { reason: content.reason, error: String(error) });
    }
  }

  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async stop(graceMs = 2_000): Promise<void> {
    const grace = new AbortController();
    await Promise.race([this.flush(), delay(this.#options.clock, graceMs, grace.signal)]);
    grace.abort();
    this.#stopped.abort(new Error('the recorder was stopped'));
    this.#queue.clear();
    await this.#writing;
  }

  #enqueue(object: Involved, content: EventContent): void {
    if (this.#stopped.signal.aborted) return;
    const { clock, log, capacity = 1_000 } = this.#options;
    const namespace = object.metadata.namespace ?? 'default';
    const name = nameOf(object, content);
    const id = `${namespace}/${name}`;
    if (content.key !== undefined && this.#written.has(id)) return;
    const now = clock.now();
    const waiting = this.#queue.get(id);
    if (waiting !== undefined) {
      if (content.key === undefined) waiting.count++;
      waiting.last = now;
    } else if (this.#queue.size >= capacity) {
      log.warn('too many events are waiting; one was dropped', {
        object: object.metadata.name,
        reason: content.reason,
      });
    } else {
      this.#queue.set(id, { name, namespace, object, content, first: now, last: now, count: 1 });
      this.#writing ??= this.#drain().finally(() => (this.#writing = undefined));
    }
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // lets what the same pass emits come together
    for (let next = this.#take(); next !== undefined; next = this.#take()) await this.#write(next);
  }

  #take(): Pending | undefined {
    for (const [id, pending] of this.#queue) {
      this.#queue.delete(id);
      return pending;
    }
    return undefined;
  }

  async #write(pending: Pending): Promise<void> {
    const { clock, random, log } = this.#options;
    const { signal } = this.#stopped;
    const end = clock.now() + TRY_FOR_MS;
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        return await this.#store(pending);
      } catch (error) {
        if (signal.aborted) return;
        // A namespace with a quota answers a creation with a conflict now and then.
        if (clock.now() >= end || !(isTransient(error) || isConflict(error))) {
          log.warn('an event could not be written', {
            object: `${pending.namespace}/${pending.object.metadata.name}`,
            reason: pending.content.reason,
            error: error instanceof Error ? error.message : String(error),
          });
          return;
        }
        await delay(clock, backoffMs(tries, { ...RETRY, random }), signal);
      }
    }
  }

  async #store(pending: Pending): Promise<void> {
    const id = `${pending.namespace}/${pending.name}`;
    const known = this.#written.get(id);
    if (known === undefined) {
      try {
        await this.#options.client.create(RESOURCES.events, this.#eventOf(pending), this.#call());
        return this.#remember(id, pending.count);
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        if (pending.content.key !== undefined) return this.#remember(id, 1);
      }
    }
    await this.#raise(id, pending, known);
  }

  /** Counts a repeat on the Event that is stored. */
  async #raise(id: string, pending: Pending, known: number | undefined): Promise<void> {
    const { client } = this.#options;
    const { name, namespace } = pending;
    const stored = known ?? (await this.#storedCount(name, namespace));
    const count = stored + pending.count;
    const body = { count, lastTimestamp: toTime(pending.last), message: cut(pending.content.message) };
    try {
      await client.patch(RESOURCES.events, { name, namespace, type: 'merge', body }, this.#call());
      this.#remember(id, count);
    } catch (error) {
      this.#written.delete(id);
      if (!isNotFound(error)) throw error;
      await client.create(RESOURCES.events, this.#eventOf(pending), this.#call()); // the stored one has expired
      this.#remember(id, pending.count);
    }
  }

  async #storedCount(name: string, namespace: string): Promise<number> {
    const stored = await this.#options.client.get(RESOURCES.events, name, namespace, this.#call());
    return typeof stored?.['count'] === 'number' ? stored['count'] : 0;
  }

  #remember(id: string, count: number): void {
    this.#written.delete(id);
    this.#written.set(id, count);
    for (const oldest of this.#written.keys()) {
      if (this.#written.size <= MAX_REMEMBERED) break;
      this.#written.delete(oldest);
    }
  }

  #call(): { signal: AbortSignal } {
    return { signal: this.#stopped.signal };
  }

  #eventOf({ name, namespace, object, content, first, last, count }: Pending): KubeObject {
    const { uid, resourceVersion } = object.metadata;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name: object.metadata.name,
        ...(object.metadata.namespace && { namespace: object.metadata.namespace }),
        ...(uid && { uid }),
        ...(resourceVersion && { resourceVersion }),
      },
      type: content.type,
      reason: content.reason,
      message: cut(content.message),
      source: { component: COMPONENT },
      reportingComponent: COMPONENT,
      reportingInstance: this.#options.instance,
      firstTimestamp: toTime(first),
      lastTimestamp: toTime(last),
      count,
    };
  }
}

/** `<object>.<16 hex digits>`: the same for the same happening, whoever reports it and however often. */
function nameOf(object: Involved, content: EventContent): string {
  const { uid, name } = object.metadata;
  const identity = content.key === undefined ? [content.type, content.reason, content.message] : ['key', content.key];
  const hash = createHash('sha256')
    .update(JSON.stringify([object.kind, uid ?? name, ...identity]))
    .digest('hex');
  const rank =
    content.rank === undefined ? hash.slice(0, 8) : Math.min(content.rank, 0xffffffff).toString(16).padStart(8, '0');
  return `${name.slice(0, 230).replace(/[.-]+$/, '')}.${rank}${hash.slice(8, 16)}`;
}

function cut(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`;
}
