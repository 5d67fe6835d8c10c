// Text that is produced at one end and read, in order, at the other; either end may break off.

export class TextQueue implements AsyncIterable<string> {
  readonly #waiting: string[] = [];
  #wake: (() => void) | undefined;
  #state: 'open' | 'ended' | 'failed' = 'open';
  #error: Error | undefined;
  #closed: (() => void) | undefined;

  push(text: string): void {
    if (this.#state !== 'open') return;
    this.#waiting.push(text);
    this.#wake?.();
  }

  /** What was pushed is still read. */
  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#wake?.();
  }

  /** The reader gets the error at once. */
  fail(error: Error): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    this.#error = error;
    this.#wake?.();
  }

  /** Called when the reader is done, for whatever reason. */
  onClose(run: () => void): void {
    this.#closed = run;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        if (this.#state === 'failed') throw this.#error ?? new Error('stream broken');
        const text = this.#waiting.shift();
        if (text !== undefined) yield text;
        else if (this.#state === 'ended') return;
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#closed?.();
    }
  }
}
