import { describe, expect, it } from 'vitest';
import type { Application } from '../../src/api/application.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { whyApplication } from '../../src/ledger/why-application.ts';
import { whyRollout } from '../../src/ledger/why.ts';
import { at, commit, REPO, sampleRollout } from './samples.ts';

const stable = { stableRS: 'hash1', stableRevision: { commit: commit(1), subject: 'Deploy v1', author: 'Ada' } };
const going: NonNullable<Rollout['status']> = {
  ...stable,
  phase: 'Paused',
  message: 'CanaryPauseStep: step 2/5, until someone promotes (annotation sluice.dev/promote=true)',
  currentPodHash: 'hash2',
  revision: { commit: commit(2) },
  release: { podHash: 'hash2', attempt: 2, startedAt: at(0), weights: [] },
  step: '1/5',
  weight: 10,
};
const why = (status: Rollout['status'], application?: Application, apiVersion = 'sluice.dev/v1alpha1') =>
  whyRollout({ rollout: { ...sampleRollout(status), apiVersion }, runs: [], application, zone: 'UTC' });
const linesOf = ({ todo }: ReturnType<typeof why>): string[] => todo.map(({ line }) => line.replace(/^.* /, ''));

const app = (status: Application['status']): Application => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Application',
  metadata: { name: 'shop', namespace: 'shop' },
  spec: { source: { repoURL: REPO } },
  ...(status === undefined ? {} : { status }),
});

describe('why a Rollout is as it is', () => {
  it('is not known before a controller has looked at it', () => {
    expect(why(undefined)).toEqual({
      says: ['Rollout shop/web has no status yet: no controller has looked at it.'],
      todo: [],
    });
  });

  it.each([
    [
      'a pause that waits for a person',
      { pauseConditions: [{ reason: 'CanaryPauseStep', startTime: at(1) }] },
      [`sluice.dev/promote=2222222`, 'sluice.dev/abort=true'],
    ],
    [
      'a window that is closed',
      {
        machine: { version: 2, state: 's', waits: true, candidate: 'hash2', stepsHash: '', step: 0, attempt: 2 },
      },
      ['sluice.dev/override="REASON"', 'sluice.dev/abort=true'],
    ],
    [
      'a pause that a person asked for',
      {
        pauseConditions: [{ reason: 'x', startTime: at(1) }],
        machine: {
          version: 1,
          state: 's',
          attention: 'paused' as const,
          candidate: 'hash2',
          stepsHash: '',
          step: 1,
          attempt: 2,
        },
      },
      ['sluice.dev/resume=true', 'sluice.dev/abort=true'],
    ],
    ['a step that goes on by itself', {}, ['sluice.dev/abort=true']],
    ['an abort', { abort: true, release: undefined }, ['sluice.dev/retry=true']],
    ['nothing on its way', { release: undefined }, []],
  ])('says what a person can do at %s', (_what, status, lines) => {
    const { release, ...rest } = { ...going, ...status };
    expect(linesOf(why(release === undefined ? rest : { ...rest, release }))).toEqual(lines);
  });

  it('names the pods where no commit is known, in the group that it is of', () => {
    const { revision: _revision, ...status } = { ...going, pauseConditions: [{ reason: 'x', startTime: at(1) }] };
    const told = why(status, undefined, 'argoproj.io/v1alpha1');
    expect(told.todo[0]?.line).toBe('kubectl annotate rollouts.argoproj.io web -n shop argoproj.io/promote=hash2');
  });

  it('says until when it waits, what stands in its way, and that its Application is stuck', () => {
    const conditions = [
      {
        type: 'Contested',
        status: 'True' as const,
        reason: 'r',
        message: 'somebody else writes it',
        lastTransitionTime: at(1),
      },
    ];
    const status = { ...going, nextTransitionTime: at(7), conditions };
    const { says } = why(status, app({ phase: 'Failed', message: 'deploy/a.yaml:3: no' }));
    expect(says).toEqual([
      `Rollout shop/web is Paused: ${going.message}.`,
      '2222222 is being released since 2026-01-01 10:00:00 UTC: 1/5 steps are done, it has 10 % of the traffic; stable is 1111111 (Deploy v1, by Ada).',
      'It goes on by itself at 2026-01-01 10:07:00 UTC.',
      'Contested: somebody else writes it.',
      'Application shop/shop is Failed: deploy/a.yaml:3: no.',
    ]);
  });

  it.each([
    [undefined, 'Nothing is written back to Git.'],
    [{ state: 'Disabled' as const }, 'Nothing is written back to Git: spec.writeBack.onAbort is None.'],
    [
      { state: 'Pending' as const, message: 'the branch has moved' },
      'The files are yet to be restored in Git: the branch has moved.',
    ],
    [{ state: 'Pushed' as const, commit: commit(4) }, 'The files are restored in Git by 4444444.'],
    [{ state: 'Proposed' as const, url: 'https://f/7' }, 'https://f/7 restores the files once it is merged.'],
    [
      { state: 'Closed' as const, url: 'https://f/7' },
      'https://f/7, which would have restored the files, was closed without being merged.',
    ],
    [{ state: 'Failed' as const, message: 'shared' }, 'The files could not be restored in Git: shared.'],
  ])('says of a hold what became of the way back in Git: %j', (writeBack, text) => {
    const rollout = { namespace: 'shop', name: 'web' };
    const hold = {
      rollout,
      rejected: { commit: commit(2) },
      contentHash: 'c',
      objects: [],
      reason: 'bad',
      since: at(5),
    };
    const status = { ...stable, phase: 'Degraded' as const, message: 'held', abort: true };
    const { says } = why(status, app({ holds: [{ ...hold, ...(writeBack === undefined ? {} : { writeBack }) }] }));
    expect(says).toContain(text);
    expect(says).toContain(
      'Application shop/shop holds it with nothing in its place, because 2222222 was rejected: bad.',
    );
  });
});

describe('why an Application is as it is', () => {
  it('is said with what is applied, what is newest, and each condition that says no', () => {
    const conditions = [
      {
        type: 'Ready',
        status: 'False' as const,
        reason: 'Failed',
        message: 'same as above',
        lastTransitionTime: at(1),
      },
      {
        type: 'Degraded',
        status: 'False' as const,
        reason: 'NoneDegraded',
        message: 'nothing of it is degraded',
        lastTransitionTime: at(1),
      },
      {
        type: 'WriteBackReady',
        status: 'False' as const,
        reason: 'NoRight',
        message: 'no right to push',
        lastTransitionTime: at(1),
      },
    ];
    const status: Application['status'] = {
      phase: 'Failed',
      message: 'same as above',
      revision: { commit: commit(1), subject: 'One' },
      attempted: { commit: commit(2), subject: 'Two' },
      syncedAt: at(0),
      health: { status: 'Degraded', message: 'web is' },
      conditions,
    };
    const told = whyApplication(app(status), [{ rollout: sampleRollout({ ...going }), runs: [] }], 'UTC');
    expect(told.says.slice(0, 5)).toEqual([
      'Application shop/shop is Failed: same as above.',
      'Applied is 1111111 (One), since 2026-01-01 10:00:00 UTC.',
      'The newest commit seen is 2222222 (Two).',
      'What is applied is Degraded: web is.',
      'WriteBackReady is False, NoRight: no right to push.',
    ]);
    expect(told.says[5]).toContain('Rollout shop/web is Paused');
    expect(told.says.filter((line) => line.startsWith('Application shop/shop is '))).toHaveLength(1);
    expect(told.todo[0]?.line).toBe('sluice sync shop -n shop');
  });

  it.each([
    ['HookFailed', ['kubectl annotate applications.sluice.dev shop -n shop sluice.dev/retry=true']],
    ['Unverified', []],
    ['DependencyCycle', []],
    ['Refused', ['sluice sync shop -n shop']],
  ])('says what helps one that has failed with %s, and nothing that does not', (reason, lines) => {
    const ready = { type: 'Ready', status: 'False', reason, message: 'no', lastTransitionTime: at(0) } as const;
    const { todo } = whyApplication(app({ phase: 'Failed', conditions: [ready] }), [], 'UTC');
    expect(todo.map(({ line }) => line)).toEqual(lines);
  });

  it('says how one that is suspended goes on, and leaves out Rollouts that are well', () => {
    const healthy = { rollout: sampleRollout({ ...stable, phase: 'Healthy' }), runs: [] };
    const told = whyApplication(app({ phase: 'Suspended' }), [healthy], 'UTC');
    expect(told).toEqual({
      says: ['Application shop/shop is Suspended.', 'Nothing of its repository is applied yet.'],
      todo: [{ line: 'sluice resume shop -n shop', does: 'has it applied again' }],
    });
    expect(whyApplication(app(undefined), [], 'UTC').says[0]).toContain('has no status yet');
  });
});
