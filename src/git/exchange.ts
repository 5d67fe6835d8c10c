// One exchange with a server: a result that comes, fails, or is given up at the limits of time, at silence, or when nobody waits any more.
import type { Cancel, Clock } from '../ports/clock.ts';
import { cancelled, DEFAULT_TIMEOUT_MS, SILENCE_MS, tooSlow } from './transport.ts';
import type { GitCall, GitError } from './types.ts';

interface ExchangeOptions {
  clock: Clock;
  host: string;
  call: GitCall;
  /** It is to be given up: whoever runs it says so by `failed`. */
  broken: (error: GitError) => void;
}

/** Held to the limits of a call. `alive`, `done` and `failed` are called by whoever runs it. */
export class Exchange<T> {
  /** Settles once. */
  readonly result: Promise<T>;
  readonly #options: ExchangeOptions;
  readonly #timeoutMs: number;
  readonly #cancel: Cancel;
  #silence: Cancel | undefined;
  #isOver = false;
  #resolve: (result: T) => void = () => undefined;
  #reject: (error: GitError) => void = () => undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { clock, host, call, broken } = options;
    this.#timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#cancel = clock.after(this.#timeoutMs, () => broken(tooSlow(host, this.#timeoutMs)));
    call.signal?.addEventListener('abort', this.#abort, { once: true });
    this.alive();
  }

  /** The server has said something: it is waited for anew. */
  alive(): void {
    this.#silence?.();
    const { clock, host, broken } = this.#options;
    if (this.#timeoutMs > SILENCE_MS && !this.#isOver)
      this.#silence = clock.after(SILENCE_MS, () => broken(tooSlow(host, SILENCE_MS)));
  }

  done(result: T): void {
    this.#over();
    this.#resolve(result);
  }

  failed(error: GitError): void {
    this.#over();
    this.#reject(error);
  }

  readonly #abort = (): void => this.#options.broken(cancelled(this.#options.host));

  #over(): void {
    this.#isOver = true;
    this.#cancel();
    this.#silence?.();
    this.#silence = undefined;
    this.#options.call.signal?.removeEventListener('abort', this.#abort);
  }
}
