// The AnalysisRuns of one release.
import type { AnalysisRun } from '../api/analysis.ts';
import { POD_TEMPLATE_HASH, RUN_LABELS } from '../api/names.ts';

/** One release of a revision. */
export interface Attempt {
  podHash?: string | undefined;
  /** Which one, where that is known: runs of others are left out. */
  attempt?: number | undefined;
}

/** The runs of one attempt at one revision of one Rollout, oldest first. */
export function runsOf(
  runs: readonly AnalysisRun[],
  rollout: { namespace: string; name: string },
  { podHash, attempt }: Attempt,
): AnalysisRun[] {
  return runs
    .filter(({ metadata }) => attempt === undefined || metadata.labels?.[RUN_LABELS.attempt] === String(attempt))
    .filter(({ metadata }) => metadata.namespace === rollout.namespace)
    .filter(({ metadata }) => podHash !== undefined && metadata.labels?.[POD_TEMPLATE_HASH] === podHash)
    .filter(
      ({ metadata }) =>
        metadata.ownerReferences?.some(({ kind, name }) => kind === 'Rollout' && name === rollout.name) ?? true,
    )
    .sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
}

const startOf = (run: AnalysisRun): string => run.status?.startedAt ?? run.metadata.creationTimestamp ?? '';
