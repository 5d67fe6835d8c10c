// What the chart did on its way, for Events and history.
import type { RevisionRef } from '../api/revision.ts';
import type { AbortCause } from './memory.ts';

/** A revision by its pod hash, with the commit that declared it where one is known. */
export interface Named {
  readonly hash: string;
  readonly revision: RevisionRef | undefined;
}

export type Transition =
  | ({ readonly kind: 'Begun' } & Named)
  | { readonly kind: 'StageDone'; readonly stage: number; readonly skipped: boolean }
  | { readonly kind: 'Paused'; readonly stage: number }
  | { readonly kind: 'Bereft'; readonly stage: number; readonly pods: string }
  /** With the stage that it came up at; what is measured beside the stages or behind them is none of these. */
  | { readonly kind: 'Inconclusive'; readonly of: 'Stage' | 'Background' | 'PostPromotion'; readonly stage: number }
  | ({ readonly kind: 'Superseded' } & Named)
  | ({ readonly kind: 'RolledBack' } & Named)
  | ({ readonly kind: 'Promoted' } & Named)
  | ({ readonly kind: 'Aborted'; readonly cause: AbortCause; readonly reason: string } & Named)
  | ({ readonly kind: 'Retried' } & Named);
