// Why a commit that could be applied is not yet. It holds up new content alone: what is in force is kept from drift, and going back waits
// for nothing.
import type { ObjectKey } from '../../api/object-key.ts';

export interface Waiting {
  /** For people, behind the name of the commit. The same as long as it waits for the same. */
  text: string;
  /** It does not end by itself. */
  isStuck: boolean;
  /** Applications that are to look at their repositories. */
  toLook: readonly ObjectKey[];
  /** When to look again, where no event tells; milliseconds since the epoch. */
  dueAt?: number | undefined;
}
