// Events as kube-controller-manager writes them: repeats counted on one object, many alike told as one, and no more than a burst for
// each object. Told about an object, never read back: a lost Event changes nothing.
import { createHash } from 'node:crypto';
import type { KubeObject } from '../objects.ts';
import { toTime, type Clock } from '../clock.ts';
import { StatusError } from '../apiserver/errors.ts';
import type { ObjectStore } from '../apiserver/store.ts';

export interface Happening {
  reason: string;
  message: string;
  /** Default Normal. */
  type?: 'Normal' | 'Warning';
}

/** Says what a controller did to or for the object. */
export type Tell = (object: KubeObject, happening: Happening) => void;

const EVENT = { group: '', kind: 'Event' };
const MANAGER = 'kube-controller-manager';
/** From this many different messages of one reason within the interval on, they are told as one. */
const ALIKE = 10;
const ALIKE_MS = 600_000;
/** Events for one object at once; after that one in five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Objects remembered, the oldest forgotten first. */
const MAX_REMEMBERED = 4_096;

interface Alike {
  messages: Set<string>;
  at: number;
}

interface Budget {
  left: number;
  at: number;
}

interface Written {
  name: string;
  count: number;
  first: string;
}

export class ControllerEvents {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #alike = new Map<string, Alike>();
  readonly #budgets = new Map<string, Budget>();
  readonly #written = new Map<string, Written>();
  #serial = 0;

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** For the controller of that name, such as `deployment-controller`. */
  by(component: string): Tell {
    return (object, happening) => this.#tell(component, object, happening);
  }

  #tell(component: string, object: KubeObject, happening: Happening): void {
    const subject = `${component} ${object.kind} ${object.metadata.uid ?? ''}`;
    const kind = `${subject} ${happening.type ?? 'Normal'} ${happening.reason}`;
    const isCombined = this.#countAlike(kind, happening.message) >= ALIKE;
    const message = isCombined ? `(combined from similar events): ${happening.message}` : happening.message;
    const key = digest(isCombined ? kind : `${kind} ${happening.message}`);
    const written = this.#note(key, object);
    if (!this.#spend(subject)) return;
    const event = this.#eventOf({ component, object, happening: { ...happening, message }, written });
    this.#write(event, written.count === 1);
  }

  #write(event: KubeObject, isFirst: boolean): void {
    const { name, namespace } = event.metadata;
    try {
      if (isFirst || this.#store.get(EVENT, name, namespace) === undefined)
        this.#store.create(EVENT, event, { manager: MANAGER });
      else this.#store.update(EVENT, event, { manager: MANAGER });
    } catch (error) {
      // A namespace on its way out takes no Events; the real recorder drops them as well.
      if (!(error instanceof StatusError)) throw error;
    }
  }

  /** How many different messages there were lately, this one included. */
  #countAlike(kind: string, message: string): number {
    const now = this.#clock.now();
    const known = this.#alike.get(kind);
    const record = known === undefined || now - known.at > ALIKE_MS ? { messages: new Set<string>(), at: now } : known;
    record.at = now;
    if (record.messages.size < ALIKE || record.messages.has(message)) record.messages.add(message);
    remember(this.#alike, kind, record);
    return record.messages.size;
  }

  #note(key: string, { metadata }: KubeObject): Written {
    const known = this.#written.get(key);
    const first = toTime(this.#clock.now());
    const written = known === undefined ? { name: this.#nameFor(metadata.name), count: 0, first } : known;
    written.count++;
    remember(this.#written, key, written);
    return written;
  }

  /** `<object>.<nanoseconds in 16 hex digits>`: names sort by time. */
  #nameFor(object: string): string {
    this.#serial = (this.#serial + 1) % 1_000_000;
    const nanoseconds = BigInt(Math.floor(this.#clock.now())) * 1_000_000n + BigInt(this.#serial);
    return `${object}.${nanoseconds.toString(16).padStart(16, '0')}`;
  }

  #spend(subject: string): boolean {
    const now = this.#clock.now();
    const budget = this.#budgets.get(subject) ?? { left: BURST, at: now };
    const gained = Math.floor((now - budget.at) / REFILL_MS);
    const left = Math.min(BURST, budget.left + gained);
    const at = left === BURST ? now : budget.at + gained * REFILL_MS;
    remember(this.#budgets, subject, { left: Math.max(0, left - 1), at });
    return left > 0;
  }

  #eventOf(of: { component: string; object: KubeObject; happening: Happening; written: Written }): KubeObject {
    const { component, object, happening, written } = of;
    const { name, namespace = 'default', uid, resourceVersion } = object.metadata;
    const { apiVersion, kind } = object;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: written.name, namespace },
      involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
      type: happening.type ?? 'Normal',
      reason: happening.reason,
      message: happening.message,
      source: { component },
      reportingComponent: component,
      firstTimestamp: written.first,
      lastTimestamp: toTime(this.#clock.now()),
      count: written.count,
    };
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64');

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= MAX_REMEMBERED) return;
    map.delete(oldest);
  }
}
