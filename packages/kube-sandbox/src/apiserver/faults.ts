// Things that can happen to a request on its way: refused, lost after it took effect, answered with a status, delayed, never answered.
import type { Clock } from '../clock.ts';
import { delay } from '../clock.ts';
import type { HttpRequest, HttpResponse } from '../transport.ts';
import { textResponse } from './call.ts';

export type Fault =
  /** refuse: it never arrives; after: it takes effect and the answer is lost; hang: no answer until the caller gives up. */
  | { fail: 'refuse' | 'after' | 'hang' }
  /** This HTTP status, with a Status body that fits it unless one is given. */
  | { fail: number; body?: unknown; headers?: Record<string, string> }
  /** Goes through, later. */
  | { delayMs: number };

type Decide = (request: HttpRequest) => Fault | undefined;

const STATUS: Record<number, { reason: string; message: string }> = {
  403: { reason: 'Forbidden', message: 'forbidden' },
  409: {
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again',
  },
  410: { reason: 'Expired', message: 'too old resource version' },
  429: { reason: 'TooManyRequests', message: 'Too many requests, please try again later.' },
  500: { reason: 'InternalError', message: 'internal error' },
  503: { reason: 'ServiceUnavailable', message: 'the server is currently unable to handle the request' },
  504: { reason: 'Timeout', message: 'request did not complete within the allotted timeout' },
};

function broken(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function statusAnswer(fault: { fail: number; body?: unknown; headers?: Record<string, string> }): HttpResponse {
  const about = STATUS[fault.fail] ?? { reason: '', message: `status ${fault.fail}` };
  const body = fault.body ?? {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    ...about,
    code: fault.fail,
  };
  const retry: Record<string, string> = fault.fail === 429 ? { 'retry-after': '1' } : {};
  const headers = { 'content-type': 'application/json', ...retry, ...fault.headers };
  return textResponse(fault.fail, JSON.stringify(body), headers);
}

const gaveUp = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => {
    const stop = (): void => reject(broken('ECONNRESET', 'aborted'));
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });

export class Faults {
  readonly #clock: Clock;
  readonly #deciders = new Set<Decide>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  intercept(decide: Decide): () => void {
    this.#deciders.add(decide);
    return () => void this.#deciders.delete(decide);
  }

  #faultFor(request: HttpRequest): Fault | undefined {
    for (const decide of this.#deciders) {
      const fault = decide(request);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  async pass(request: HttpRequest, answer: (request: HttpRequest) => HttpResponse): Promise<HttpResponse> {
    const fault = this.#faultFor(request);
    if (fault === undefined) return answer(request);
    if ('delayMs' in fault) {
      await delay(this.#clock, fault.delayMs, request.signal);
      return answer(request);
    }
    if (typeof fault.fail === 'number') return statusAnswer({ ...fault, fail: fault.fail });
    if (fault.fail === 'hang') return gaveUp(request.signal);
    if (fault.fail === 'refuse') throw broken('ECONNREFUSED', 'connect ECONNREFUSED');
    answer(request);
    throw broken('ECONNRESET', 'socket hang up');
  }
}
