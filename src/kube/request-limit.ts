// How long a request may take. A limit that the caller sets counts from the call on, waiting for a place and for a throttling server
// included, and a request that is past it is never sent: its caller may have lost the right to it. Without one each exchange has 30 s.
import type { Cancel, Clock } from '../ports/clock.ts';
import type { HttpRequest } from '../ports/transport.ts';

export interface LimitOptions {
  clock: Clock;
  /** Milliseconds on a clock that never goes back and runs on while the process is stopped: timers are late then. */
  monotonic: () => number;
  /** Ends with the transport. */
  closed: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** When the caller's limit ends, by the monotonic clock. */
export const endOf = (request: HttpRequest, now: number): number =>
  request.timeoutMs === undefined ? Number.POSITIVE_INFINITY : now + request.timeoutMs;

/** One signal for the caller's abort, the time limit and the transport's end. */
export class Limit {
  readonly #options: LimitOptions;
  readonly #request: HttpRequest;
  readonly #until: number;
  readonly #controller = new AbortController();
  readonly #abort: () => void;
  #cancel: Cancel = () => undefined;

  constructor(options: LimitOptions, request: HttpRequest, until: number) {
    const { closed, monotonic } = options;
    this.#options = options;
    this.#request = request;
    this.#until = until;
    this.#abort = () => this.#controller.abort(request.signal?.aborted ? request.signal.reason : closed.reason);
    if (Number.isFinite(until)) this.#arm(Math.max(0, until - monotonic()));
    request.signal?.addEventListener('abort', this.#abort, { once: true });
    closed.addEventListener('abort', this.#abort, { once: true });
    if (request.signal?.aborted || closed.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exchange begins. */
  begin(): void {
    if (!Number.isFinite(this.#until)) this.#arm(DEFAULT_TIMEOUT_MS);
  }

  /** Why the request must not be sent any more, by the clock alone; undefined while it may. */
  passed(): Error | undefined {
    return this.#options.monotonic() >= this.#until ? this.#late() : undefined;
  }

  /** Why the exchange ended: the reason of the abort if there was one, else what the socket said. */
  cause(error: unknown): unknown {
    return this.#controller.signal.aborted ? this.#controller.signal.reason : error;
  }

  disarm(): void {
    this.#cancel();
  }

  end(): void {
    this.#cancel();
    this.#request.signal?.removeEventListener('abort', this.#abort);
    this.#options.closed.removeEventListener('abort', this.#abort);
  }

  #arm(ms: number): void {
    this.#cancel = this.#options.clock.after(ms, () => this.#controller.abort(this.#late()));
  }

  #late(): Error {
    const { method, path, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#request;
    return new Error(`${method} ${path} was not answered within ${timeoutMs} ms`);
  }
}
