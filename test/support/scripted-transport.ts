// A Transport whose answers a test writes, and whose watches it feeds.
import type { HttpRequest, HttpResponse, Transport } from '../../src/ports/transport.ts';

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  body?: AsyncIterable<string>;
}

/** A body that a test feeds piece by piece. */
export class Feed implements AsyncIterable<string> {
  readonly #pieces: (string | Error | null)[] = [];
  #wake: () => void = () => undefined;
  closed = false;

  push(...events: unknown[]): void {
    for (const event of events) this.raw(`${JSON.stringify(event)}\n`);
  }
  raw(piece: string): void {
    this.#add(piece);
  }
  fail(error: Error): void {
    this.#add(error);
  }
  end(): void {
    this.#add(null);
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        while (this.#pieces.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
        const piece = this.#pieces.shift();
        if (piece === null || piece === undefined) return;
        if (piece instanceof Error) throw piece;
        yield piece;
      }
    } finally {
      this.closed = true;
    }
  }
  #add(piece: string | Error | null): void {
    this.#pieces.push(piece);
    this.#wake();
  }
}

export class ScriptedTransport implements Transport {
  readonly requests: HttpRequest[] = [];
  answer: (request: HttpRequest) => Reply | Error | Promise<Reply | Error>;

  constructor(answer: (request: HttpRequest) => Reply | Error | Promise<Reply | Error>) {
    this.answer = answer;
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    const reply = await this.answer(request);
    if (reply instanceof Error) throw reply;
    const { body } = reply;
    if (body instanceof Feed) {
      request.signal?.addEventListener('abort', () => body.fail(new Error('aborted')), { once: true });
    }
    return { status: reply.status ?? 200, headers: reply.headers ?? {}, body: body ?? one(reply) };
  }

  async close(): Promise<void> {}
}

async function* one(reply: Reply): AsyncGenerator<string> {
  yield reply.text ?? JSON.stringify(reply.json ?? {});
}
