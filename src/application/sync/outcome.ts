// What the API server said to a write that it was only asked to try, and how long that counts.
import type { KubeObject } from '../../api/k8s.ts';

export type CheckOutcome =
  /** The object as it would be. */
  | { kind: 'accepted'; object: KubeObject }
  /** Something refuses to try (an admission webhook with side effects): what is declared is compared by itself. */
  | { kind: 'untried'; message: string }
  /** It needs what the same commit brings. */
  | { kind: 'deferred'; message: string }
  | { kind: 'refused'; message: string };

/** How long an answer counts, in milliseconds: a right, a quota or a policy may have been mended, and what was missing may be there. */
export const ANSWER_MS: Readonly<Record<CheckOutcome['kind'], number>> = {
  accepted: Number.POSITIVE_INFINITY,
  untried: Number.POSITIVE_INFINITY,
  refused: 60_000,
  deferred: 2_000,
};
