import { describe, expect, it } from 'vitest';
import { RECORD_LIMITS, releaseRecordSchema } from '../../src/api/release-record.ts';
import { recordOf, type RecordSources } from '../../src/ledger/record.ts';
import { releasesOf } from '../../src/ledger/releases.ts';
import { at, commit, REPO, sampleRollout, sampleRun } from './samples.ts';

const sources = (more: Partial<RecordSources> = {}): RecordSources => ({
  rollout: { namespace: 'shop', name: 'web' },
  live: sampleRollout(undefined),
  application: { namespace: 'shop', name: 'shop', uid: 'app-uid' },
  release: {
    podHash: 'hash2',
    attempt: 2,
    revision: { commit: commit(2), short: '2222222', repo: REPO, path: 'deploy/web.yaml', author: 'Ada' },
    outcome: 'Aborted',
    reason: 'rate 0.8 < 0.95',
    startedAt: at(0),
    endedAt: at(10),
    weights: [{ at: at(1), weight: 10 }],
    earlierCommands: [{ verb: 'pause', value: 'true', at: at(2) }],
    command: { verb: 'resume', value: 'true', at: at(3), by: 'kubectl-annotate' },
  },
  runs: [sampleRun('web-1')],
  wentBackTo: commit(1),
  ...more,
});

describe('the record of a release', () => {
  it('holds what was declared, measured, commanded and decided', () => {
    const record = recordOf(sources());
    expect(record).toMatchObject({
      version: 1,
      rollout: { namespace: 'shop', name: 'web', uid: 'rollout-uid' },
      attempt: 2,
      podHash: 'hash2',
      revision: { commit: commit(2), path: 'deploy/web.yaml', author: 'Ada' },
      outcome: 'Aborted',
      reason: 'rate 0.8 < 0.95',
      wentBackTo: commit(1),
      commands: [{ verb: 'pause' }, { verb: 'resume', by: 'kubectl-annotate' }],
      runs: [
        {
          name: 'web-1',
          step: 1,
          metrics: [{ name: 'rate', query: 'up', good: 'result[0] >= 0.95', looks: [{ value: '0.8', at: at(5) }] }],
        },
      ],
    });
    expect(record).not.toHaveProperty('omitted');
    expect(releaseRecordSchema.parse(record)).toEqual(record);
  });

  it('keeps the conditions that turned bad while it ran', () => {
    const condition = (type: string, status: 'True' | 'False', minute: number) => ({
      type,
      status,
      reason: `${type}Reason`,
      message: 'm',
      lastTransitionTime: at(minute),
    });
    const conditions = [
      condition('Available', 'False', 4),
      condition('Progressing', 'True', 4),
      condition('Contested', 'True', 5),
      condition('InvalidSpec', 'True', 11),
      condition('Paused', 'True', 5),
    ];
    const { observations } = recordOf(sources({ live: sampleRollout({ conditions }) }));
    expect(observations.map(({ type }) => type)).toEqual(['Available', 'Contested']);
  });

  it('holds no secret, nor the half of one that a limit cuts', () => {
    const secret = 'hunter2-hunter2-hunter2';
    const long = `${'x'.repeat(RECORD_LIMITS.short - 5)}${secret}`;
    const release = {
      ...sources().release,
      reason: `${'y'.repeat(RECORD_LIMITS.text - 8)}${secret}`,
      command: { verb: 'abort', value: long, at: at(3), by: secret },
    };
    const runs = [sampleRun('web-1', { values: [long], query: `up{token="${secret}"}` })];
    const text = JSON.stringify(recordOf(sources({ release, runs }), (each) => each.replaceAll(secret, '***')));
    expect(text).not.toContain('hunter');
    expect(text).toContain('up{token=\\"***\\"}');
  });

  it('is bounded whatever is fed to it, and says how much was left out', () => {
    const nasty = '"\\'.repeat(5_000);
    const values = Array.from({ length: 100 }, () => nasty);
    const runs = Array.from({ length: 40 }, (_, nth) => sampleRun(`web-${nth}`, { values, query: nasty }));
    const many = Array.from({ length: 50 }, (_, nth) => ({ verb: 'pause', value: nasty, at: at(nth), by: nasty }));
    const conditions = Array.from({ length: 30 }, (_, nth) => ({
      type: `Odd${nth}`,
      status: 'True' as const,
      reason: 'r',
      message: nasty,
      lastTransitionTime: at(5),
    }));
    const release = { ...sources().release, reason: nasty, earlierCommands: many };
    const record = recordOf(sources({ runs, release, live: sampleRollout({ conditions }) }));
    expect(JSON.stringify(record).length).toBeLessThanOrEqual(RECORD_LIMITS.record);
    expect(releaseRecordSchema.safeParse(record).success).toBe(true);
    expect(record.omitted?.runs).toBeGreaterThan(0);
    expect(record.commands).toHaveLength(RECORD_LIMITS.commands);
    expect(record.reason).toMatch(/…$/);
  });

  it('gives up looks before runs, and keeps what went wrong before what went well', () => {
    const run = sampleRun('web-1', { values: Array.from({ length: 60 }, (_, nth) => `0.${nth}`) });
    const record = recordOf(sources({ runs: [run] }));
    expect(record.runs[0]?.metrics[0]?.looks).toHaveLength(RECORD_LIMITS.looks);
    expect(record.runs[0]?.metrics[0]?.looks.at(-1)?.value).toBe('0.59');
    expect(record.omitted).toEqual({ looks: 40 });
    const results = Array.from({ length: 20 }, (_, nth) => ({
      name: `m${nth}`,
      phase: nth === 19 ? ('Failed' as const) : ('Successful' as const),
    }));
    run.status = { phase: 'Failed', metricResults: results };
    const [kept] = recordOf(sources({ runs: [run] })).runs;
    expect(kept?.metrics[0]?.name).toBe('m19');
    expect(kept?.metrics).toHaveLength(RECORD_LIMITS.metrics);
  });
});

describe('the releases of a Rollout in the cluster', () => {
  const revision = { commit: commit(2), repo: REPO };
  const hold = {
    rollout: { namespace: 'shop', name: 'web' },
    rejected: { commit: commit(2) },
    stable: { commit: commit(1) },
    contentHash: 'c',
    podHash: 'hash2',
    objects: [],
    reason: 'r',
    since: at(10),
    writeBack: { state: 'Proposed' as const, url: 'https://git.example.com/pulls/7' },
  };
  const application = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Application' as const,
    metadata: { name: 'shop', namespace: 'shop' },
    spec: { source: { repoURL: REPO } },
    status: { holds: [hold] },
  };

  it('are told newest first, the one under way before all, each with its own runs', () => {
    const rollout = sampleRollout({
      currentPodHash: 'hash3',
      revision: { commit: commit(3) },
      release: { podHash: 'hash3', attempt: 3, startedAt: at(20), weights: [{ at: at(21), weight: 10 }] },
      history: [
        { podHash: 'hash1', revision: { commit: commit(1) }, outcome: 'Promoted', at: at(0), attempt: 1 },
        { podHash: 'hash2', revision, outcome: 'Aborted', at: at(10), attempt: 2, startedAt: at(5) },
      ],
    });
    const runs = [sampleRun('a', { attempt: 2 }), sampleRun('b', { hash: 'hash3', attempt: 3 })];
    const records = releasesOf({ rollout, runs, application });
    expect(records.map(({ revision: { commit: oid }, outcome }) => [oid[0], outcome])).toEqual([
      ['3', undefined],
      ['2', 'Aborted'],
      ['1', 'Promoted'],
    ]);
    expect(records.map((record) => record.runs.map(({ name }) => name))).toEqual([['b'], ['a'], []]);
  });

  it('say where the last rejection went back to, and what is written back; an earlier one of the same pods does not', () => {
    const rollout = sampleRollout({
      history: [
        { podHash: 'hash2', revision, outcome: 'Aborted', at: at(5), attempt: 2 },
        { podHash: 'hash2', revision, outcome: 'Aborted', at: at(10), attempt: 3 },
      ],
    });
    const [latest, earlier] = releasesOf({ rollout, runs: [], application });
    expect(latest).toMatchObject({ wentBackTo: commit(1), writeBack: { state: 'Proposed', url: hold.writeBack.url } });
    expect(earlier).not.toHaveProperty('wentBackTo');
  });
});
