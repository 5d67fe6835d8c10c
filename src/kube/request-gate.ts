// How many requests are in flight, and whose turn is next: an urgent request goes before all others and has places of its own.

export interface Place {
  /** Which connections to use. */
  lane: 'ordinary' | 'reserved';
  /** Frees the place; calling it again does nothing. */
  release(): void;
}

interface Waiter {
  take(lane: Place['lane']): void;
}

export class RequestGate {
  #ordinary: number;
  #reserved: number;
  readonly #urgentQueue = new Set<Waiter>();
  readonly #queue = new Set<Waiter>();

  constructor(ordinary: number, reserved: number) {
    this.#ordinary = ordinary;
    this.#reserved = reserved;
  }

  /** Requests that wait for a place. */
  get queued(): number {
    return this.#queue.size + this.#urgentQueue.size;
  }

  /** A place, at once or when it is this request's turn. Rejects with the signal's reason when that is aborted first. */
  async enter(urgent: boolean, signal?: AbortSignal): Promise<Place> {
    signal?.throwIfAborted();
    const lane = this.#free(urgent);
    if (lane !== undefined) return this.#place(lane);
    return this.#wait(urgent ? this.#urgentQueue : this.#queue, signal);
  }

  #free(urgent: boolean): Place['lane'] | undefined {
    if (this.#ordinary > 0) {
      this.#ordinary--;
      return 'ordinary';
    }
    if (!urgent || this.#reserved === 0) return undefined;
    this.#reserved--;
    return 'reserved';
  }

  #wait(queue: Set<Waiter>, signal: AbortSignal | undefined): Promise<Place> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        take: (lane) => {
          queue.delete(waiter);
          signal?.removeEventListener('abort', leave);
          resolve(this.#place(lane));
        },
      };
      const leave = (): void => {
        queue.delete(waiter);
        reject(signal?.reason);
      };
      queue.add(waiter);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #place(lane: Place['lane']): Place {
    let held = true;
    return {
      lane,
      release: () => {
        if (!held) return;
        held = false;
        this.#pass(lane);
      },
    };
  }

  #pass(lane: Place['lane']): void {
    const next = first(this.#urgentQueue) ?? (lane === 'ordinary' ? first(this.#queue) : undefined);
    if (next !== undefined) next.take(lane);
    else if (lane === 'ordinary') this.#ordinary++;
    else this.#reserved++;
  }
}

function first<T>(set: Set<T>): T | undefined {
  for (const item of set) return item;
  return undefined;
}
