import { describe, expect, it } from 'vitest';
import { World } from './world.ts';

const ANALYSIS = { templates: [{ templateName: 'success-rate' }] };

function declared(world: World): World {
  world.settle();
  world.declare('v2').settle();
  return world;
}

/** A canary that is measured in the background, at its first pause. */
function canary(pause: { duration?: string } = {}): World {
  const world = new World([{ setWeight: 25 }, { pause }, { setWeight: 50 }]);
  const { canary: given } = world.spec.strategy;
  world.spec.strategy = { canary: { ...given, analysis: ANALYSIS } };
  return declared(world);
}

/** Behind its last step, while the pods that it lacks are on their way. */
function promoting(world: World): World {
  world.waiting.push({ verb: 'promote', value: 'true' });
  world.pass();
  expect(world.status.machine?.state).toBe('stepping.weighing');
  world.pods();
  world.pass();
  expect(world.status.machine?.state).toBe('promoting.growing');
  return world;
}

function turnsOut(world: World, message: string): void {
  const run = world.activeRun();
  [run.phase, run.message] = ['Inconclusive', message];
}

const told = (world: World): string[] =>
  [...world.announced.values()].filter((text) => text.includes('is inconclusive'));

describe('an analysis that cannot tell is named in the message and in an Event:', () => {
  it('that of a step by its step', () => {
    const world = declared(new World([{ setWeight: 25 }, { analysis: ANALYSIS }, { pause: {} }]));
    world.finishRun('Inconclusive', 'no data');
    expect(world.status.message).toBe('InconclusiveAnalysisRun: step 2/3, no data; promote or abort it');
    expect(told(world)).toEqual(['RolloutPaused: Step 2/3: the analysis is inconclusive; promote or abort']);
  });

  it('the one after the switch by its name, since no step is left', () => {
    const world = declared(World.blueGreen({ postPromotionAnalysis: ANALYSIS }));
    world.finishRun('Inconclusive', 'no data');
    expect(world.status.message).toBe('InconclusiveAnalysisRun: post-promotion analysis, no data; promote or abort it');
    expect(told(world)).toEqual(['RolloutPaused: The post-promotion analysis is inconclusive; promote or abort']);
  });

  it('the one in the background, while a step goes on', () => {
    const world = canary();
    world.finishRun('Inconclusive', 'no data');
    expect(world.status.message).toBe('InconclusiveAnalysisRun: step 2/3, no data; promote or abort it');
    expect(told(world)).toEqual(['RolloutPaused: The background analysis is inconclusive; promote or abort']);
    world.wait(60_000);
    expect(told(world)).toHaveLength(1);
  });

  it('the one in the background, behind the last step', () => {
    const world = promoting(canary());
    turnsOut(world, 'no data');
    world.pass();
    expect(world.status).toMatchObject({
      phase: 'Paused',
      message: 'InconclusiveAnalysisRun: background analysis, no data; promote or abort it',
    });
    expect(told(world)).toEqual(['RolloutPaused: The background analysis is inconclusive; promote or abort']);
  });

  it('and the pause that it comes upon is told as from its own beginning', () => {
    const world = canary();
    const before = world.status.pauseConditions;
    expect(before).toHaveLength(1);
    world.now += 60_000;
    world.finishRun('Inconclusive', 'no data');
    expect(world.status.pauseConditions).toEqual(before);
  });
});

describe('while the analysis in the background cannot tell', () => {
  it('nothing grows and no weight rises before a person decides', () => {
    const world = canary();
    world.waiting.push({ verb: 'promote', value: 'true' });
    world.pass();
    turnsOut(world, 'no data');
    const { desired } = world.rs('v2') ?? {};
    world.settle();
    expect([world.status.phase, world.route?.canary, world.rs('v2')?.desired]).toEqual(['Paused', 25, desired]);
    world.annotate('promote');
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
  });

  it('the progress deadline does not count', () => {
    const world = canary();
    world.spec = { ...world.spec, progressDeadlineSeconds: 60, progressDeadlineAbort: true };
    promoting(world);
    turnsOut(world, 'no data');
    world.pass();
    world.now += 3_600_000;
    world.pass();
    expect(world.status).toMatchObject({ phase: 'Paused' });
    expect(world.status.abort).toBeUndefined();
  });
});
