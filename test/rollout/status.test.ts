import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/api/rollout.ts';
import { World } from './world.ts';

const analysis: Step = { analysis: { templates: [{ templateName: 'success-rate' }] } };
const STEPS: Step[] = [{ setWeight: 25 }, analysis, { pause: {} }];
const ISSUE = { field: 'spec.strategy.canary.canaryService', message: 'Service web-canary does not exist' };
const COMMITS: Record<string, string> = { v1: '3f9c2d1aaaa', v2: '8b7a6e5aaaa', v3: '1c2d3e4aaaa' };

function push(world: World, hash: string): World {
  world.revision = { commit: COMMITS[hash] ?? '' };
  world.declare(hash).settle();
  return world;
}

function served(steps: Step[] = STEPS): World {
  const world = new World(steps);
  push(world, 'v1');
  world.announced.clear();
  return world;
}

const stuck = (world: World): World => {
  world.broken.add('v2');
  return push(world, 'v2');
};

/** What was announced since the last call. */
function told(world: World): string[] {
  const list = [...world.announced.values()];
  world.announced.clear();
  return list;
}

describe('phase, step, weight and message', () => {
  it.each<[string, () => World, [string, string, number, string]]>([
    ['served', () => served(), ['Healthy', '3/3', 100, '']],
    [
      'waiting for pods',
      () => stuck(served()),
      ['Progressing', '0/3', 0, 'step 1/3: setting weight 25; 0 of 1 pods of revision v2 are available'],
    ],
    ['measured', () => push(served(), 'v2'), ['Progressing', '1/3', 25, 'step 2/3: waiting for analysis to complete']],
    [
      'scaling',
      () => stuck(served([{ setCanaryScale: { replicas: 2 } }])),
      ['Progressing', '0/1', 0, 'step 1/1: scaling to 2 pods; 0 of 2 pods of revision v2 are available'],
    ],
    [
      'promoting',
      () => stuck(served([])),
      ['Progressing', '0/0', 0, 'promoting: 0 of 4 pods of revision v2 are available'],
    ],
    [
      'in a pause',
      () => push(served([{ pause: {} }]), 'v2'),
      ['Paused', '0/1', 0, 'CanaryPauseStep: step 1/1, until someone promotes (annotation sluice.dev/promote=true)'],
    ],
    [
      'in a timed pause',
      () => push(served([{ pause: { duration: '10m' } }]), 'v2'),
      ['Paused', '0/1', 0, 'CanaryPauseStep: step 1/1, until 2026-01-01T00:10:00Z'],
    ],
    [
      'paused by annotation',
      () => {
        const world = push(served(), 'v2');
        world.annotate('pause');
        return world;
      },
      ['Paused', '1/3', 25, 'manually paused; go on with the annotation sluice.dev/resume=true'],
    ],
    [
      'inconclusive',
      () => {
        const world = push(served(), 'v2');
        world.finishRun('Inconclusive', 'no data');
        return world;
      },
      ['Paused', '1/3', 25, 'InconclusiveAnalysisRun: step 2/3, no data; promote or abort it'],
    ],
    [
      'aborted',
      () => {
        const world = push(served(), 'v2');
        world.finishRun('Failed', 'success-rate 0.82 < 0.95');
        return world;
      },
      ['Degraded', '0/3', 0, 'RolloutAborted: Rollout aborted update to revision 8b7a6e5: success-rate 0.82 < 0.95'],
    ],
    [
      'stuck',
      () => {
        const world = stuck(served());
        world.wait(600_000);
        return world;
      },
      [
        'Degraded',
        '0/3',
        0,
        'ProgressDeadlineExceeded: no progress for 600s; 0 of 1 pods of revision v2 are available',
      ],
    ],
    [
      'invalid',
      () => {
        const world = served();
        world.issues = [ISSUE];
        world.settle();
        return world;
      },
      ['Degraded', '3/3', 100, 'InvalidSpec: spec.strategy.canary.canaryService: Service web-canary does not exist'],
    ],
  ])('%s', (_, world, [phase, step, weight, message]) => {
    expect(world().status).toMatchObject({ phase, step, weight, message });
  });
});

describe('conditions', () => {
  const conditionsOf = (world: World): Record<string, string> =>
    Object.fromEntries((world.status.conditions ?? []).map((c) => [c.type, `${c.status} ${c.reason}`]));

  it('tell of a release on its way', () => {
    expect(conditionsOf(push(served(), 'v2'))).toEqual({
      Progressing: 'True ReplicaSetUpdated',
      Available: 'True AvailableReason',
      Paused: 'False NotPaused',
      Completed: 'False RolloutNotCompleted',
      Healthy: 'False RolloutProgressing',
    });
  });

  it('tell of an abort', () => {
    const world = push(served(), 'v2');
    world.finishRun('Failed');
    expect(conditionsOf(world)).toMatchObject({
      Progressing: 'False RolloutAborted',
      Healthy: 'False RolloutDegraded',
    });
  });

  it('tell of a promoted revision, and move their time with their status alone', () => {
    const world = served();
    const before = structuredClone(world.status.conditions);
    expect(conditionsOf(world)).toMatchObject({ Completed: 'True RolloutCompleted', Healthy: 'True RolloutHealthy' });
    world.now += 60_000;
    world.settle();
    expect(world.status.conditions).toEqual(before);
    push(world, 'v2');
    const at = (type: string): string | undefined =>
      world.status.conditions?.find((c) => c.type === type)?.lastTransitionTime;
    expect([at('Healthy'), at('Available')]).toEqual(['2026-01-01T00:01:00Z', '2026-01-01T00:00:00Z']);
  });

  it('name what is invalid, and how much more there is', () => {
    const world = served();
    world.issues = [ISSUE, ISSUE];
    world.settle();
    expect(world.status.conditions?.[0]).toMatchObject({
      type: 'InvalidSpec',
      message: 'spec.strategy.canary.canaryService: Service web-canary does not exist (and 1 more)',
    });
  });
});

describe('revisions and history', () => {
  it('say what is declared, what is stable, and how each release ended', () => {
    const world = push(push(served(), 'v2'), 'v3');
    world.finishRun('Failed', 'bad');
    push(world, 'v1');
    push(world, 'v2');
    world.annotate('promote', 'full');
    const [, revision] = [world.status.revision, world.status.stableRevision];
    expect(revision?.commit).toBe(COMMITS['v2']);
    expect(world.status.history?.map((h) => [h.revision?.commit, h.podHash, h.outcome, h.reason])).toEqual([
      [COMMITS['v1'], 'v1', 'Promoted', undefined],
      [COMMITS['v2'], 'v2', 'Superseded', undefined],
      [COMMITS['v3'], 'v3', 'Aborted', 'bad'],
      [COMMITS['v2'], 'v2', 'Promoted', undefined],
    ]);
  });

  it('are kept ten entries long', () => {
    const world = served([]);
    for (let i = 0; i < 12; i++) push(world, i % 2 === 0 ? 'v2' : 'v1');
    expect(world.status.history).toHaveLength(10);
  });

  it('come with the images and weights that a table shows', () => {
    expect(push(served(), 'v2').status).toMatchObject({
      images: 'web:1',
      replicas: 5,
      updatedReplicas: 1,
      availableReplicas: 5,
      selector: 'app=web',
      canary: {
        weights: {
          canary: { weight: 25, podTemplateHash: 'v2', serviceName: 'web-canary' },
          stable: { weight: 75, podTemplateHash: 'v1', serviceName: 'web-stable' },
        },
      },
    });
  });
});

describe('announcements', () => {
  it('of a first deploy', () => {
    const world = new World(STEPS);
    push(world, 'v1');
    expect(told(world)).toEqual([
      'RolloutUpdated: Rolling out revision 3f9c2d1',
      'RolloutCompleted: Revision 3f9c2d1 is promoted',
    ]);
  });

  it('of an update, from its first step to its end', () => {
    const world = push(served(), 'v2');
    expect(told(world)).toEqual([
      'RolloutUpdated: Rolling out revision 8b7a6e5',
      'RolloutStepCompleted: Step 1/3 completed (weight 25)',
    ]);
    world.finishRun('Successful');
    expect(told(world)).toEqual([
      'RolloutStepCompleted: Step 2/3 completed (analysis)',
      'RolloutPaused: Step 3/3: pause',
    ]);
    world.annotate('promote');
    expect(told(world)).toEqual([
      'RolloutStepCompleted: Step 3/3 skipped (pause)',
      'CommandAccepted: promote=true: Done: step 3 ended',
      'RolloutCompleted: Revision 8b7a6e5 is promoted',
    ]);
  });

  it('of steps that end in one decision are one', () => {
    const world = served([{ setWeight: 0 }, { setWeight: 0 }, { pause: {} }]);
    push(world, 'v2');
    expect(told(world)).toEqual([
      'RolloutUpdated: Rolling out revision 8b7a6e5',
      'RolloutStepCompleted: Steps 1-2/3 completed (weight 0, weight 0)',
      'RolloutPaused: Step 3/3: pause',
    ]);
  });

  it('of an abort and a retry', () => {
    const world = push(served(), 'v2');
    told(world);
    world.finishRun('Failed', 'bad');
    expect(told(world)).toEqual(['RolloutAborted: Rollout aborted update to revision 8b7a6e5: bad']);
    world.annotate('retry');
    expect(told(world)).toEqual([
      'RolloutRetry: Trying revision 8b7a6e5 again',
      'CommandAccepted: retry=true: Done: the release begins again',
      'RolloutStepCompleted: Step 1/3 completed (weight 25)',
    ]);
  });

  it('carry a key: the same decision taken twice tells nothing new', () => {
    const world = push(served(), 'v2');
    world.runs[0]!.phase = 'Failed';
    expect(world.passDyingAfter(1)).toBe(false);
    world.settle();
    const again = world.announced.size;
    world.now += 60_000;
    world.settle();
    expect(world.announced.size).toBe(again);
  });
});
