import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/api/rollout.ts';
import { World } from './world.ts';

const analysis: Step = { analysis: { templates: [{ templateName: 'success-rate' }] } };
const STEPS: Step[] = [{ setWeight: 10 }, analysis, { setWeight: 50 }, { pause: { duration: '10m' } }, { pause: {} }];

/** v1 stable and healthy. */
function served(steps: Step[] = STEPS): World {
  const world = new World(steps);
  world.settle();
  world.writes = [];
  return world;
}

describe('the first revision', () => {
  it('is brought up in full, without steps or analysis', () => {
    const world = new World(STEPS);
    const decision = world.settle();
    expect(decision.status).toMatchObject({ phase: 'Healthy', stableRS: 'v1', step: '5/5', weight: 100 });
    expect(world.rs('v1')?.desired).toBe(4);
    expect(world.services).toEqual({ canary: 'v1', stable: 'v1' });
    expect(world.runs).toEqual([]);
  });

  it('waits for pods that do not come up, and says which', () => {
    const world = new World(STEPS);
    world.broken.add('v1');
    expect(world.settle().status).toMatchObject({
      phase: 'Progressing',
      message: 'first revision: 0 of 4 pods of revision v1 are available',
    });
    expect(world.wait(600_000).status).toMatchObject({ phase: 'Degraded' });
    world.broken.clear();
    expect(world.settle().status.phase).toBe('Healthy');
  });
});

describe('a canary', () => {
  it('goes through its steps and is promoted', () => {
    const world = served();
    world.declare('v2').settle();
    expect(world.route?.canary).toBe(10);
    expect(world.rs('v2')?.desired).toBe(1);
    expect(world.activeRun()).toMatchObject({ name: 'web-v2-2-1', kind: 'Step', step: 1 });
    expect(world.status).toMatchObject({ phase: 'Progressing', step: '1/5', weight: 10 });
    world.finishRun('Successful');
    expect(world.route?.canary).toBe(50);
    expect(world.status).toMatchObject({ phase: 'Paused', step: '3/5', nextTransitionTime: '2026-01-01T00:10:00Z' });
    world.wait(600_000);
    expect(world.status).toMatchObject({ phase: 'Paused', step: '4/5' });
    world.annotate('promote');
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2', step: '5/5', weight: 100 });
    expect(world.services).toEqual({ canary: 'v2', stable: 'v2' });
    expect(world.route?.canary).toBe(0);
    expect(world.weights).toEqual([0, 10, 50, 0]);
  });

  it('keeps the old pods for the scale-down delay and then lets them go', () => {
    const world = served([{ setWeight: 50 }]);
    world.declare('v2').settle();
    expect(world.status.phase).toBe('Healthy');
    expect(world.rs('v1')?.desired).toBe(4);
    world.wait(29_000);
    expect(world.rs('v1')?.desired).toBe(4);
    world.wait(1_000);
    expect(world.rs('v1')?.desired).toBe(0);
  });

  it('passes several finished steps in one decision', () => {
    const world = served([{ setWeight: 0 }, { setWeight: 0 }, { pause: {} }]);
    world.declare('v2').settle();
    expect(world.status).toMatchObject({ step: '2/3', phase: 'Paused' });
  });

  it('sends no weight to pods that are not ready, and takes it back when they die', () => {
    const world = served([{ setWeight: 50 }, { pause: {} }]);
    world.broken.add('v2');
    world.declare('v2').settle();
    expect(world.weights).toEqual([0]);
    world.broken.clear();
    world.settle();
    expect(world.route?.canary).toBe(50);
    world.broken.add('v2');
    world.settle();
    world.pass();
    expect(world.route?.canary).toBe(0);
    world.broken.clear();
    world.settle();
    expect(world.route?.canary).toBe(50);
  });

  it('points the canary Service at the new revision only while no traffic goes there', () => {
    const world = served([{ setWeight: 50 }, { pause: {} }]);
    world.declare('v2').settle();
    world.writes = [];
    world.declare('v3').settle();
    const order = world.writes.filter((w) => /^(weight|canary)/.test(w));
    expect(order).toEqual(['weight 0', 'canary → v3', 'weight 50']);
    expect(world.rs('v2')?.desired).toBe(2);
    world.wait(30_000);
    expect(world.rs('v2')?.desired).toBe(0);
  });

  it('keeps the first stable revision when a third is pushed over the second', () => {
    const world = served([{ setWeight: 50 }, analysis]);
    world.declare('v2').settle();
    world.declare('v3').settle();
    expect(world.status.stableRS).toBe('v1');
    expect(world.status.history?.map((h) => [h.podHash, h.outcome])).toEqual([
      ['v1', 'Promoted'],
      ['v2', 'Superseded'],
    ]);
    world.finishRun('Failed', 'success-rate 0.82 < 0.95');
    expect(world.services).toEqual({ canary: 'v1', stable: 'v1' });
    expect(world.status).toMatchObject({ phase: 'Degraded', stableRS: 'v1' });
  });

  it('goes back without steps when the stable revision is declared again', () => {
    const world = served([{ setWeight: 50 }, { pause: {} }]);
    world.declare('v2').settle();
    world.declare('v1').settle();
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v1', weight: 100 });
    expect(world.route?.canary).toBe(0);
    expect(world.status.history?.at(-1)).toMatchObject({ podHash: 'v2', outcome: 'RolledBack' });
  });

  it('begins anew when its steps change', () => {
    const world = served([{ setWeight: 50 }, { pause: {} }]);
    world.declare('v2').settle();
    world.spec.strategy.canary!.steps = [{ setWeight: 25 }, { pause: {} }];
    world.settle();
    expect(world.route?.canary).toBe(25);
    expect(world.status.step).toBe('1/2');
  });

  it('lowers the weight before it takes the pods away', () => {
    const world = served([{ setWeight: 100 }, { setWeight: 25 }, { pause: {} }]);
    world.declare('v2').settle();
    expect(world.weights).toEqual([0, 100, 25]);
    const lowered = world.writes.indexOf('weight 25');
    expect(world.writes.indexOf('v2 × 1', lowered)).toBeGreaterThan(lowered);
    expect(world.rs('v2')?.desired).toBe(1);
  });

  it('scales the canary apart from its weight', () => {
    const world = served([
      { setCanaryScale: { replicas: 3 } },
      { setWeight: 10 },
      { pause: {} },
      { setCanaryScale: { matchTrafficWeight: true } },
      { pause: {} },
    ]);
    world.declare('v2').settle();
    expect(world.rs('v2')?.desired).toBe(3);
    expect(world.route?.canary).toBe(10);
    world.annotate('promote');
    expect(world.rs('v2')?.desired).toBe(1);
  });

  describe('whose weights follow each other without a wait', () => {
    const inARow: Step[] = [{ setWeight: 10 }, { setWeight: 50 }, { setWeight: 75 }];
    const wanted = (steps: Step[], maxSurge?: number | string): number | undefined => {
      const world = served(steps);
      if (maxSurge !== undefined) world.spec.strategy.canary = { ...world.spec.strategy.canary, maxSurge };
      world.broken.add('v2');
      world.declare('v2').settle();
      return world.rs('v2')?.desired;
    };

    it('brings up pods for those behind the first, at most maxSurge more', () => {
      expect(wanted(inARow)).toBe(2);
      expect(wanted(inARow, 2)).toBe(3);
      expect(wanted(inARow, 0)).toBe(1);
    });

    it('brings up all pods at most, where the end follows', () => {
      expect(wanted(inARow, '100%')).toBe(4);
    });

    it('brings up none for what comes after a wait', () => {
      expect(wanted([{ setWeight: 10 }, { pause: {} }, { setWeight: 75 }], '100%')).toBe(1);
      expect(wanted([{ setWeight: 10 }, analysis, { setWeight: 75 }], '100%')).toBe(1);
      expect(wanted([{ setWeight: 10 }, { setWeight: 50 }, { pause: {} }], '100%')).toBe(2);
    });

    it('brings up no more than an explicit scale says', () => {
      expect(wanted([{ setWeight: 0 }, { setCanaryScale: { replicas: 2 } }, ...inARow], '100%')).toBe(2);
    });

    it('still writes each weight only when its own pods are ready', () => {
      const world = served(inARow);
      world.declare('v2').settle();
      expect(world.weights).toEqual([0, 10, 50, 75, 0]);
      expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
    });
  });

  it('with nothing new asks for nothing and writes nothing', () => {
    const world = served();
    world.declare('v2').settle();
    world.writes = [];
    world.now += 5_000;
    world.pass();
    expect(world.writes).toEqual([]);
  });

  it('follows a change of replicas in the middle', () => {
    const world = served([{ setWeight: 50 }, { pause: {} }]);
    world.declare('v2').settle();
    world.spec.replicas = 10;
    world.settle();
    expect(world.rs('v1')?.desired).toBe(10);
    expect(world.rs('v2')?.desired).toBe(5);
  });

  it('promotes a Rollout without pods', () => {
    const world = new World([{ setWeight: 50 }], { replicas: 0 });
    world.settle();
    world.declare('v2').settle();
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
  });

  it('removes old ReplicaSets and runs beyond what the spec keeps', () => {
    const world = served([{ setWeight: 50 }, analysis]);
    world.spec.revisionHistoryLimit = 1;
    world.spec.analysis = { successfulRunHistoryLimit: 2 };
    for (const hash of ['v2', 'v3', 'v4', 'v5']) {
      world.declare(hash).settle();
      world.finishRun('Successful');
      world.wait(31_000);
    }
    expect(world.replicaSets.map((rs) => rs.hash)).toEqual(['v4', 'v5']);
    expect(world.runs.map((run) => run.hash)).toEqual(['v4', 'v5']);
  });
});

describe('background analysis', () => {
  function measured(startingStep?: number): World {
    const world = new World([{ setWeight: 20 }, { pause: { duration: '1m' } }, { setWeight: 60 }, { pause: {} }]);
    world.spec.strategy.canary!.analysis = {
      templates: [{ templateName: 't' }],
      ...(startingStep === undefined ? {} : { startingStep }),
    };
    world.settle();
    return world;
  }

  it('begins when the canary has traffic, not before', () => {
    const world = measured();
    world.broken.add('v2');
    world.declare('v2').settle();
    expect(world.runs).toEqual([]);
    world.broken.clear();
    world.settle();
    expect(world.activeRun()).toMatchObject({ kind: 'Background', name: 'web-v2-2' });
  });

  it('begins at its starting step', () => {
    const world = measured(2);
    world.declare('v2').settle();
    expect(world.runs).toEqual([]);
    world.wait(60_000);
    expect(world.runs).toHaveLength(1);
  });

  it('ends with the release', () => {
    const world = measured();
    world.declare('v2').settle();
    world.annotate('promote', 'full');
    expect(world.status.phase).toBe('Healthy');
    expect(world.runs.map((r) => r.phase)).toEqual(['Successful']);
  });

  it('aborts in the middle of a pause', () => {
    const world = measured();
    world.declare('v2').settle();
    world.finishRun('Failed', 'success-rate 0.5 < 0.95');
    expect(world.status).toMatchObject({ phase: 'Degraded', abort: true });
    expect(world.route?.canary).toBe(0);
  });

  it('that cannot tell waits for a person, who may accept it', () => {
    const world = measured();
    world.declare('v2').settle();
    world.finishRun('Inconclusive', 'no data');
    world.wait(120_000);
    expect(world.status).toMatchObject({
      phase: 'Paused',
      message: 'InconclusiveAnalysisRun: step 2/4, no data; promote or abort it',
    });
    world.annotate('promote');
    expect(world.status).toMatchObject({ step: '3/4', weight: 60 });
    expect(world.status.lastCommand?.outcome).toBe('Done: the inconclusive analysis is accepted');
  });
});
