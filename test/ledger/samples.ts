// Rollouts, runs and records for tests of the ledger.
import type { AnalysisRun } from '../../src/api/analysis.ts';
import { POD_TEMPLATE_HASH, RUN_LABELS } from '../../src/api/names.ts';
import type { ReleaseRecord } from '../../src/api/release-record.ts';
import type { Rollout } from '../../src/api/rollout.ts';

export const REPO = 'https://git.example.com/shop.git';

/** A commit's id that begins with a digit, and with nothing else. */
export const commit = (digit: number): string => String(digit).repeat(40);

/** Minutes after the beginning of the story. */
export const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 10, minute)).toISOString();

export const sampleRollout = (status: Rollout['status'], more: Partial<Rollout['metadata']> = {}): Rollout => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'shop', uid: 'rollout-uid', ...more },
  spec: { selector: {}, template: {}, strategy: {} },
  ...(status === undefined ? {} : { status }),
});

export const sampleRun = (
  name: string,
  { hash = 'hash2', attempt = 2, values = ['0.8'], phase = 'Failed' as const, query = 'up' } = {},
): AnalysisRun => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'AnalysisRun',
  metadata: {
    name,
    namespace: 'shop',
    labels: { [POD_TEMPLATE_HASH]: hash, [RUN_LABELS.attempt]: String(attempt), [RUN_LABELS.step]: '1' },
    ownerReferences: [{ apiVersion: 'sluice.dev/v1alpha1', kind: 'Rollout', name: 'web', uid: 'rollout-uid' }],
  },
  spec: {
    metrics: [{ name: 'rate', successCondition: 'result[0] >= 0.95', provider: { prometheus: { query } } }],
  },
  status: {
    phase,
    metricResults: [
      {
        name: 'rate',
        phase,
        failed: values.length,
        count: values.length,
        measurements: values.map((value) => ({ phase, value, finishedAt: at(5) })),
      },
    ],
  },
});

export const sampleRecord = (more: Partial<ReleaseRecord> = {}): ReleaseRecord => ({
  version: 1,
  application: { namespace: 'shop', name: 'shop', uid: 'app-uid' },
  rollout: { namespace: 'shop', name: 'web', uid: 'rollout-uid' },
  attempt: 2,
  podHash: 'hash2',
  revision: { commit: commit(2), repo: REPO, author: 'Ada', subject: 'Deploy v2' },
  outcome: 'Promoted',
  startedAt: at(0),
  endedAt: at(10),
  weights: [],
  commands: [],
  observations: [],
  runs: [],
  ...more,
});
