// A request until it answers, its time is over, or the caller gives up.
import type { Clock } from '../ports/clock.ts';
import { HttpFailure, type OutboundRequest } from '../ports/http.ts';

/** Settles at the deadline or the abort, whatever `run` does then; its signal tells it to stop. */
export async function withDeadline<T>(
  clock: Clock,
  { deadlineMs, signal }: Pick<OutboundRequest, 'deadlineMs' | 'signal'>,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let refuse: (failure: HttpFailure) => void = () => undefined;
  const gone = new Promise<never>((_, reject) => (refuse = reject));
  gone.catch(() => undefined);
  const giveUp = (failure: HttpFailure): void => {
    refuse(failure);
    controller.abort();
  };
  const stop = (): void => giveUp(new HttpFailure('aborted', 'the request was given up'));
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  const late = new HttpFailure('late', `no answer within ${deadlineMs / 1000}s`);
  const cancel = clock.after(deadlineMs, () => giveUp(late));
  try {
    return await Promise.race([run(controller.signal), gone]);
  } finally {
    cancel();
    signal?.removeEventListener('abort', stop);
  }
}
