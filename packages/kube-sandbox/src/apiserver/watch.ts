// WATCH: from a revision or with the present objects first, through selectors, with bookmarks, until its time is over.
import type { HttpResponse } from '../transport.ts';
import type { Call } from './call.ts';
import { isTrue, outgoing } from './call.ts';
import type { StatusCause } from './errors.ts';
import { StatusError, invalidOptions } from './errors.ts';
import { at } from './json.ts';
import type { Dict } from './json.ts';
import { readVersion, selectorOf } from './list.ts';
import type { ResourceType } from './resource.ts';
import type { Match } from './selectors.ts';
import type { StoredEvent } from './storage.ts';
import type { Form } from './table.ts';
import { tableBookmark, tableOf } from './table.ts';
import { TextQueue } from './text-queue.ts';

const BOOKMARK_MS = 60_000;
const DEFAULT_TIMEOUT_S = 1_800;

interface Plan {
  from: number;
  initial: boolean;
  bookmarks: boolean;
  endOfInitial: boolean;
  timeoutMs: number;
}

const matchCause = (reason: string, message: string): StatusCause => ({
  reason,
  message,
  field: 'resourceVersionMatch',
});

/** What is wrong with `resourceVersionMatch` in the light of `sendInitialEvents`. */
function matchCauses(match: string, isInitial: boolean): StatusCause[] {
  if (!isInitial) {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    return match === '' ? [] : [matchCause('FieldValueForbidden', `Forbidden: ${why}`)];
  }
  if (match === 'NotOlderThan') return [];
  const why = 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
  const odd = `Unsupported value: ${JSON.stringify(match)}: supported values: "NotOlderThan"`;
  return [matchCause('FieldValueForbidden', why), ...(match === '' ? [] : [matchCause('FieldValueNotSupported', odd)])];
}

function checkOptions(query: URLSearchParams): void {
  const causes = matchCauses(query.get('resourceVersionMatch') ?? '', query.has('sendInitialEvents'));
  if (causes.length > 0) throw invalidOptions('ListOptions', causes);
}

function readFrom(query: URLSearchParams): number | undefined {
  try {
    return readVersion(query.get('resourceVersion'));
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new StatusError({ code: 500, message: error.message.replace('invalid resource version: ', '') });
  }
}

function planOf(call: Call): Plan {
  const { query } = call;
  checkOptions(query);
  const asked = readFrom(query);
  const bookmarks = isTrue(query.get('allowWatchBookmarks'));
  const wish = query.get('sendInitialEvents');
  const isFresh = asked === undefined || asked === 0;
  const initial = wish === null ? isFresh : isTrue(wish);
  const seconds = Number(query.get('timeoutSeconds') ?? '');
  return {
    from: isFresh || initial ? call.server.storage.revision : asked,
    initial,
    bookmarks,
    endOfInitial: initial && bookmarks,
    timeoutMs: (seconds > 0 ? seconds : DEFAULT_TIMEOUT_S) * 1000,
  };
}

class Watch {
  readonly queue = new TextQueue();
  readonly #call: Call;
  readonly #type: ResourceType;
  readonly #form: Form;
  readonly #matches: Match;
  readonly #namespace: string | undefined;
  #withColumns = true;
  #cleanups: (() => void)[] = [];

  constructor(call: Call, type: ResourceType, form: Form, namespace: string | undefined) {
    this.#call = call;
    this.#type = type;
    this.#form = form;
    this.#matches = selectorOf(type, call.query);
    this.#namespace = namespace;
  }

  start(plan: Plan): void {
    const { storage, clock, watches } = this.#call.server;
    const end = (ending: 'clean' | 'broken'): void => this.#end(ending);
    this.queue.onClose(() => this.#end('clean'));
    if (plan.from <= storage.compacted && !plan.initial && plan.from !== storage.revision) {
      const message = `too old resource version: ${plan.from} (${storage.compacted + 1})`;
      const error = new StatusError({ code: 410, message, reason: 'Expired' });
      this.#write({ type: 'ERROR', object: error.body });
      return this.queue.end();
    }
    if (plan.initial) this.#sendPresent();
    if (plan.endOfInitial) this.#bookmark({ 'k8s.io/initial-events-end': 'true' });
    for (const event of storage.since(this.#type.bucket, plan.from)) this.#pass(event);
    watches.add(end);
    this.#cleanups = [
      () => void watches.delete(end),
      storage.listen((event) => event.bucket === this.#type.bucket && this.#pass(event)),
      clock.after(plan.timeoutMs, () => end('clean')),
    ];
    if (plan.bookmarks) this.#remindEvery(BOOKMARK_MS);
    if (plan.bookmarks && plan.timeoutMs > 2_000)
      this.#cleanups.push(clock.after(plan.timeoutMs - 2_000, () => this.#bookmark()));
    this.#endOnAbort();
  }

  #remindEvery(ms: number): void {
    let cancel = (): void => undefined;
    const arm = (): void => {
      cancel = this.#call.server.clock.after(ms, () => {
        this.#bookmark();
        arm();
      });
    };
    arm();
    this.#cleanups.push(() => cancel());
  }

  #endOnAbort(): void {
    const { signal } = this.#call;
    if (signal === undefined) return;
    const stop = (): void => {
      this.queue.fail(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      this.#end('clean');
    };
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    this.#cleanups.push(() => signal.removeEventListener('abort', stop));
  }

  #end(ending: 'clean' | 'broken'): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    if (ending === 'clean') this.queue.end();
    else this.queue.fail(new Error('socket hang up'));
  }

  #isInside(key: string): boolean {
    return this.#namespace === undefined || key.startsWith(`${this.#namespace}/`);
  }

  #sendPresent(): void {
    const { storage } = this.#call.server;
    const prefix = this.#namespace === undefined ? '' : `${this.#namespace}/`;
    for (const [, object] of storage.list(this.#type.bucket, prefix)) {
      const shown = outgoing(this.#type, object);
      if (this.#matches(shown)) this.#send('ADDED', shown);
    }
  }

  /** What an event is to this watch: an object that ceases to match is deleted with its last matching content. */
  #pass(event: StoredEvent): void {
    if (!this.#isInside(event.key)) return;
    const now = outgoing(this.#type, event.object);
    const before = event.old === undefined ? undefined : outgoing(this.#type, event.old);
    const matched = before !== undefined && this.#matches(before);
    const matches = event.type !== 'DELETED' && this.#matches(now);
    if (matches) this.#send(matched ? 'MODIFIED' : 'ADDED', now);
    else if (matched) this.#send('DELETED', event.type === 'DELETED' ? now : aged(before, now));
  }

  #send(type: string, object: Dict): void {
    if (this.#form.as === 'Table') {
      const table = tableOf(this.#type, {
        objects: [object],
        metadata: { resourceVersion: at(object, 'metadata', 'resourceVersion') },
        now: this.#call.server.clock.now(),
        include: this.#form.includeObject,
        withColumns: this.#withColumns,
      });
      this.#withColumns = false;
      this.#write({ type, object: table });
    } else if (this.#form.as === 'object') this.#write({ type, object });
    else {
      const head = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };
      this.#write({ type, object: { ...head, metadata: object['metadata'] } });
    }
  }

  #bookmark(annotations?: Dict): void {
    const metadata: Dict = { resourceVersion: String(this.#call.server.storage.revision) };
    if (annotations !== undefined) metadata['annotations'] = annotations;
    if (this.#form.as === 'Table')
      return this.#write({ type: 'BOOKMARK', object: tableBookmark(this.#type, metadata) });
    this.#write({ type: 'BOOKMARK', object: outgoing(this.#type, { kind: this.#type.kind, metadata }) });
  }

  #write(event: Dict): void {
    this.queue.push(`${JSON.stringify(event)}\n`);
  }
}

function aged(before: Dict, now: Dict): Dict {
  const metadata = { ...(before['metadata'] as Dict), resourceVersion: at(now, 'metadata', 'resourceVersion') };
  return { ...before, metadata };
}

export function watchObjects(call: Call, type: ResourceType, form: Form, namespace: string | undefined): HttpResponse {
  const watch = new Watch(call, type, form, namespace);
  watch.start(planOf(call));
  return { status: 200, headers: { 'content-type': 'application/json' }, body: watch.queue };
}
