// A Transport straight into the request handler: no socket, so that a virtual clock rules everything.
import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../transport.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

type Handle = (request: HttpRequest) => Promise<HttpResponse>;

export function inProcess(handle: Handle, clock: Clock, standing: Record<string, string>): Transport {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // one for each watch
  return {
    async request(request) {
      if (closing.signal.aborted) throw new Error('the transport is closed');
      const own = new AbortController();
      const abort = (): void => own.abort(request.signal?.reason ?? closing.signal.reason);
      for (const signal of [request.signal, closing.signal]) {
        if (signal?.aborted === true) abort();
        signal?.addEventListener('abort', abort, { once: true });
      }
      if (own.signal.aborted) throw asError(own.signal.reason);
      const whole = { ...request, headers: { ...standing, ...request.headers } };
      // A stream goes on behind the answer and has to be ended by the signals; anything else is over with it.
      return raced(handle, whole, own, clock).finally(() => {
        if (request.stream === true) return;
        for (const signal of [request.signal, closing.signal]) signal?.removeEventListener('abort', abort);
      });
    },
    async close() {
      closing.abort(new Error('the transport is closed'));
      await Promise.resolve();
    },
  };
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error('aborted'));

function raced(handle: Handle, request: HttpRequest, own: AbortController, clock: Clock): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(request.timeoutMs ?? DEFAULT_TIMEOUT_MS, () =>
      own.abort(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
    );
    own.signal.addEventListener('abort', () => reject(asError(own.signal.reason)), { once: true });
    handle({ ...request, signal: own.signal })
      .then(resolve, reject)
      .finally(cancel);
  });
}
