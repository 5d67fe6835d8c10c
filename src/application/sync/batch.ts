// Many objects at once: side by side, and what may go away by itself is told only when all have been tried.
import { isConflict, isTransient } from '../../kube/errors.ts';

const PARALLEL = 16;

/** Tries every item; then rejects with the first error that nobody expected, or else with the first that may go away by itself. */
export async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  for (let from = 0; from < items.length; from += PARALLEL) {
    const results = await Promise.allSettled(items.slice(from, from + PARALLEL).map(work));
    for (const result of results) if (result.status === 'rejected') errors.push(result.reason);
  }
  if (errors.length === 0) return;
  throw errors.find((error) => !isTransient(error) && !isConflict(error)) ?? errors[0];
}
