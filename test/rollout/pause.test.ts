import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/api/rollout.ts';
import { decide } from '../../src/rollout/decide.ts';
import type { Observed } from '../../src/rollout/observed.ts';
import { World } from './world.ts';

function inCanary(steps: Step[], spec = {}): World {
  const world = new World(steps, spec);
  world.settle();
  world.declare('v2').settle();
  return world;
}

describe('a pause by a person', () => {
  it('stops the weight where it is, also behind the last step', () => {
    const world = inCanary([{ setWeight: 20 }, { pause: {} }]);
    world.spec.paused = true;
    world.annotate('promote');
    expect(world.route?.canary).toBe(20);
    world.spec.paused = false;
    world.annotate('promote');
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
    expect(world.weights).toEqual([0, 20, 0]);
  });

  it('declared before a new revision lets nothing of it start', () => {
    const world = new World([{ setWeight: 20 }]);
    world.settle();
    world.spec.paused = true;
    world.declare('v2').settle();
    expect(world.rs('v2')?.desired ?? 0).toBe(0);
    expect(world.route?.canary).toBe(0);
    expect(world.status).toMatchObject({ phase: 'Paused', message: 'manually paused (spec.paused)' });
  });

  it('does not use up the progress deadline', () => {
    const world = new World([{ setWeight: 20 }], { progressDeadlineSeconds: 60, progressDeadlineAbort: true });
    world.settle();
    world.broken.add('v2');
    world.declare('v2').settle();
    world.annotate('pause');
    world.wait(3_600_000);
    world.annotate('resume');
    expect(world.status.abort).toBeUndefined();
    world.wait(60_000);
    expect(world.status.abort).toBe(true);
  });

  it('is lifted by a promotion in full', () => {
    const world = inCanary([{ setWeight: 20 }, { pause: {} }]);
    world.annotate('pause');
    world.annotate('promote', 'full');
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
  });
});

describe('an abort that meets another command', () => {
  it('overtakes the one that was taken but not acted on, and both are answered', () => {
    const world = inCanary([{ setWeight: 20 }, { pause: {} }]);
    world.waiting.push({ verb: 'promote', value: 'true' });
    world.passDyingAfter(1);
    world.annotate('abort', 'slow');
    expect(world.status).toMatchObject({ abort: true, lastCommand: { verb: 'abort', outcome: 'Done: aborted' } });
    expect(world.waiting).toEqual([]);
  });
});

describe('traffic', () => {
  it('stays with the pods that serve while the stable side has none, and so do these pods', () => {
    const world = inCanary([{ setWeight: 50 }, { pause: {} }]);
    world.broken.add('v1');
    world.pods();
    world.annotate('abort');
    world.wait(3_600_000);
    expect(world.route?.canary).toBe(50);
    expect(world.services?.canary).toBe('v2');
    expect(world.rs('v2')?.desired).toBeGreaterThan(0);
    world.broken.clear();
    world.settle();
    expect(world.route?.canary).toBe(0);
    expect(world.services?.canary).toBe('v1');
  });

  it('stays on the pods of an earlier first revision while those of the next do not come up', () => {
    const world = new World([]);
    world.pass();
    for (const rs of world.replicaSets) [rs.current, rs.ready, rs.available] = [4, 3, 3];
    world.pass();
    world.broken.add('v2');
    world.declare('v2').pass();
    world.now += 3_600_000;
    world.pass();
    expect(world.services).toEqual({ canary: 'v1', stable: 'v1' });
    expect(world.rs('v1')?.desired).toBe(4);
  });

  it('keeps its weight when a release is promoted in full before its steps are done', () => {
    const world = inCanary([{ setWeight: 40 }, { pause: {} }, { setWeight: 20 }]);
    world.annotate('promote', 'full');
    expect(world.weights).toEqual([0, 40, 0]);
  });
});

describe('a pause on the way to the switch', () => {
  const ANALYSIS = { templates: [{ templateName: 'success-rate' }] };
  const trafficRouting = { istio: { virtualService: { name: 'web' } } };
  const means: [string, Parameters<typeof World.blueGreen>[0]][] = [
    ['a selector', { postPromotionAnalysis: ANALYSIS }],
    ['a router', { postPromotionAnalysis: ANALYSIS, trafficRouting }],
  ];

  it.each(means)('with %s holds the traffic where it is, though the write is possible again', (_means, strategy) => {
    const world = World.blueGreen(strategy);
    world.settle();
    world.declare('v2');
    world.refused.add('stable → v2');
    world.settle();
    expect(world.status.machine?.state).toBe('promoting.switching');
    world.annotate('pause');
    world.refused.clear();
    world.settle();
    expect([world.status.phase, world.services?.stable]).toEqual(['Paused', 'v1']);
    world.annotate('resume');
    expect(world.services?.stable).toBe('v2');
  });

  it('with a selector leaves the old pods serving that took over meanwhile', () => {
    const world = World.blueGreen({ postPromotionAnalysis: ANALYSIS });
    world.settle();
    world.declare('v2').settle();
    world.broken.add('v2');
    world.settle();
    expect([world.status.machine?.state, world.services?.stable]).toEqual(['promoting.verifying', 'v1']);
    world.annotate('pause');
    world.broken.clear();
    world.settle();
    expect([world.status.phase, world.services?.stable]).toEqual(['Paused', 'v1']);
    world.annotate('resume');
    expect(world.services?.stable).toBe('v2');
  });

  it.each(means)('with %s takes nothing back from a revision that serves already', (_means, strategy) => {
    const world = World.blueGreen(strategy);
    world.settle();
    world.declare('v2').settle();
    expect(world.services?.stable).toBe('v2');
    world.annotate('pause');
    world.wait(3_600_000);
    expect([world.status.phase, world.services?.stable]).toEqual(['Paused', 'v2']);
  });

  it('leaves nobody without pods: where the stable revision has none, the new one serves', () => {
    const world = World.blueGreen({ postPromotionAnalysis: ANALYSIS });
    world.settle();
    world.declare('v2');
    world.refused.add('stable → v2');
    world.settle();
    world.annotate('pause');
    world.refused.clear();
    world.broken.add('v1');
    world.settle();
    expect(world.services?.stable).toBe('v2');
  });
});

describe('a pause while routes differ', () => {
  /** One of two routes took the weight, the other refused it. */
  function apart(canary: number, other: number): Observed {
    const world = inCanary([{ setWeight: 20 }, { pause: {} }, { setWeight: 50 }, { pause: {} }]);
    world.waiting.push({ verb: 'promote', value: 'true' });
    world.pass();
    world.pods();
    const seen = { ...world.seen(), spec: { ...world.spec, paused: true } };
    const [route] = seen.routes;
    if (route === undefined) throw new Error('no route');
    return {
      ...seen,
      routes: [
        { ...route, canary },
        { ...route, name: 'other', canary: other },
      ],
    };
  }
  const weights = (seen: Observed): number[] =>
    decide(seen).intents.flatMap((intent) => (intent.do === 'SetWeights' ? [intent.canary] : []));

  it('raises none of them', () => {
    expect(weights(apart(50, 20))).toEqual([]);
    expect(weights({ ...apart(50, 20), spec: { ...apart(50, 20).spec, paused: false } })).toEqual([50]);
  });

  it('takes all of them down to what the step says', () => {
    expect(weights(apart(80, 60))).toEqual([50]);
  });
});
