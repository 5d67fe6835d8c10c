import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/api/rollout.ts';
import { World } from './world.ts';

const analysis: Step = { analysis: { templates: [{ templateName: 'success-rate' }] } };
const V1 = { commit: '3f9c2d1aaaa' };
const V2 = { commit: '8b7a6e5aaaa' };
const V3 = { commit: '1c2d3e4aaaa' };
const ISSUE = { field: 'spec.strategy.canary.steps[0].setWeight', message: 'must be at most 100' };

function inCanary(steps: Step[], world = new World(steps)): World {
  world.revision = V1;
  world.settle();
  world.revision = V2;
  world.declare('v2').settle();
  world.writes = [];
  return world;
}

/** Services, and pods as the only split of traffic. */
function following(steps: Step[], canary = {}): World {
  const world = World.surging(steps, { canaryService: 'web-canary', stableService: 'web-stable', ...canary });
  world.services = { canary: null, stable: null };
  return world;
}

describe('a release whose successor is declared but invalid', () => {
  function overtaken(): World {
    const world = inCanary([{ setWeight: 20 }, analysis]);
    world.issues = [ISSUE];
    world.revision = V3;
    world.declare('v3').settle();
    return world;
  }

  it('is told of with its own commit when it is aborted', () => {
    const world = overtaken();
    world.finishRun('Failed', 'bad');
    expect(world.status.history?.at(-1)).toMatchObject({ podHash: 'v2', revision: V2, outcome: 'Aborted' });
    expect([...world.announced.values()]).toContain('RolloutAborted: Rollout aborted update to revision 8b7a6e5: bad');
    world.issues = [];
  });

  it('is told of with its own commit when it is superseded at last', () => {
    const world = overtaken();
    world.issues = [];
    world.settle();
    expect(world.status.history?.at(-1)).toMatchObject({ podHash: 'v2', revision: V2, outcome: 'Superseded' });
    expect([...world.announced.values()]).toContain('RolloutSuperseded: Revision 8b7a6e5 is superseded by 1c2d3e4');
  });

  it('is what a command with a revision is about', () => {
    const world = overtaken();
    world.annotate('abort', V3.commit);
    expect(world.status.lastCommand?.outcome).toBe(
      `Ignored: it names revision ${V3.commit}, but v2 (commit 8b7a6e5) is the one being rolled out`,
    );
    world.annotate('abort', V2.commit);
    expect(world.status.abort).toBe(true);
  });

  it('keeps the commit of the stable revision while that is declared anew with a mistake', () => {
    const world = new World([]);
    world.revision = V1;
    world.settle();
    [world.revision, world.issues] = [V3, [ISSUE]];
    expect(world.settle().status).toMatchObject({ revision: V3, stableRevision: V1 });
    world.issues = [];
    expect(world.settle().status.stableRevision).toEqual(V3);
  });
});

describe('an abort that names a revision which takes over in the same pass', () => {
  it('hits that one, not the one before it', () => {
    const world = inCanary([{ setWeight: 20 }, { pause: {} }]);
    world.revision = V3;
    world.waiting.push({ verb: 'abort', value: V3.commit });
    world.declare('v3').settle();
    expect(world.status).toMatchObject({ abort: true, currentPodHash: 'v3' });
    expect(world.status.history?.map((h) => [h.podHash, h.outcome])).toEqual([
      ['v1', 'Promoted'],
      ['v2', 'Superseded'],
      ['v3', 'Aborted'],
    ]);
  });
});

describe('Services without a router', () => {
  it('follow the pods: the stable one to the new revision when the last old pod has gone', () => {
    const world = following([{ setWeight: 50 }, { pause: {} }], { maxSurge: 0, maxUnavailable: 4 });
    world.settle();
    expect(world.services).toEqual({ canary: 'v1', stable: 'v1' });
    world.declare('v2').settle();
    expect(world.services).toEqual({ canary: 'v2', stable: 'v1' });
    world.broken.add('v1');
    world.pods();
    world.pass();
    expect(world.services).toEqual({ canary: 'v2', stable: 'v2' });
    world.broken.clear();
    world.settle();
    expect(world.services).toEqual({ canary: 'v2', stable: 'v1' });
  });

  it('never select a revision without ready pods while another one serves, at any point of a promotion', () => {
    const world = following([]);
    world.settle();
    world.audit = (_, { services, replicaSets }) => {
      const ready = (hash: string | null | undefined): number => replicaSets.find((r) => r.hash === hash)?.ready ?? 0;
      expect(ready(services?.stable)).toBeGreaterThan(0);
    };
    world.declare('v2').settle();
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
    expect(world.services).toEqual({ canary: 'v2', stable: 'v2' });
  });

  it('do not follow to a revision that was rejected', () => {
    const world = following([{ setWeight: 50 }, analysis]);
    world.settle();
    world.declare('v2').settle();
    world.finishRun('Failed');
    world.broken.add('v1');
    world.pods();
    world.pass();
    expect(world.services?.stable).toBe('v1');
  });

  it('select the stable revision where there are to be no pods at all', () => {
    const world = following([]);
    world.spec.replicas = 0;
    world.settle();
    world.declare('v2').settle();
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
  });
});

describe('a pause without a router', () => {
  function halted(): World {
    const world = World.surging(
      [{ setWeight: 25 }, { pause: {} }, { setWeight: 75 }, { pause: {} }],
      { maxSurge: 1 },
      8,
    );
    world.settle();
    world.declare('v2').settle();
    world.waiting.push({ verb: 'promote', value: 'true' });
    world.pass();
    world.pods();
    world.annotate('pause');
    return world;
  }
  const counts = (world: World): number[] => ['v1', 'v2'].map((hash) => world.rs(hash)?.desired ?? 0);

  it('leaves the counts of both sides as they are', () => {
    const world = halted();
    const before = counts(world);
    expect(before[1]).toBeLessThan(6);
    world.wait(3_600_000);
    expect(counts(world)).toEqual(before);
    world.annotate('resume');
    expect(counts(world)).toEqual([2, 6]);
  });

  it('makes up for what is missing on the stable side alone', () => {
    const world = halted();
    const [, canary = 0] = counts(world);
    world.spec.replicas = 20;
    world.settle();
    expect(counts(world)).toEqual([20 - canary, canary]);
  });

  it('lets go what nobody wants any more', () => {
    const world = halted();
    world.spec.replicas = 0;
    world.settle();
    expect(counts(world)).toEqual([0, 0]);
  });
});

describe('without a router, pods of a revision that nobody wants any more', () => {
  it('serve until others do, when a third is declared over a second', () => {
    const world = World.surging([{ setWeight: 100 }, { pause: {} }], { maxSurge: 1, maxUnavailable: 1 });
    world.settle();
    world.declare('v2').settle();
    expect(world.rs('v1')?.desired).toBe(0);
    const ready = (): number => world.replicaSets.reduce((sum, rs) => sum + rs.available, 0);
    world.audit = () => expect(ready()).toBeGreaterThanOrEqual(3);
    world.declare('v3').settle();
    expect(world.rs('v2')?.desired).toBe(0);
    expect(world.rs('v3')?.available).toBe(4);
  });

  it('serve until the stable ones do, when the stable revision is declared again', () => {
    const world = World.surging([{ setWeight: 100 }, { pause: {} }], { maxSurge: 1, maxUnavailable: 1 });
    world.settle();
    world.declare('v2').settle();
    world.broken.add('v1');
    world.declare('v1').settle();
    expect(world.rs('v2')?.available).toBe(3);
    world.broken.clear();
    expect(world.settle().status.phase).toBe('Healthy');
    expect(world.rs('v2')?.desired).toBe(0);
  });
});

describe('a status signal that comes while the spec is invalid', () => {
  it('to try again waits until it is mended', () => {
    const world = inCanary([{ setWeight: 20 }, analysis]);
    world.finishRun('Failed');
    world.issues = [ISSUE];
    delete world.status.abort;
    world.settle();
    expect(world.status).toMatchObject({ phase: 'Degraded', machine: { state: 'rejected.reverting' } });
    world.annotate('restart');
    world.issues = [];
    world.settle();
    expect(world.route?.canary).toBe(20);
  });

  it('to promote in full waits until it is mended', () => {
    const world = inCanary([{ setWeight: 20 }, { pause: {} }]);
    world.issues = [ISSUE];
    world.status.promoteFull = true;
    world.settle();
    expect(world.status.machine?.state).toBe('stepping.pausing');
    world.issues = [];
    world.settle();
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
    expect(world.status.promoteFull).toBeUndefined();
  });

  it('to end a pause waits until it is mended, and ends one', () => {
    const world = inCanary([{ pause: {} }, { pause: {} }]);
    world.issues = [ISSUE];
    delete world.status.pauseConditions;
    world.settle();
    world.issues = [];
    world.settle();
    expect(world.status.step).toBe('1/2');
  });

  it('as an annotation is answered with what to mend', () => {
    const world = inCanary([{ setWeight: 20 }, { pause: {} }]);
    world.issues = [ISSUE];
    world.annotate('promote');
    expect(world.status.lastCommand?.outcome).toBe(`Ignored: ${ISSUE.field} is not valid; mend it, then ask again`);
  });
});

describe('a promotion that comes as the wait ends by itself', () => {
  it('does not end the next wait, too', () => {
    const world = inCanary([{ pause: { duration: 60 } }, { pause: {} }]);
    world.waiting.push({ verb: 'promote', value: 'true' });
    world.passDyingAfter(1);
    world.now += 60_000;
    world.settle();
    expect(world.status).toMatchObject({ step: '1/2', lastCommand: { outcome: 'Done: step 1 ended' } });
  });
});

describe('abortScaleDownDelaySeconds', () => {
  function rejected(seconds: number): World {
    const world = inCanary([{ setWeight: 50 }, analysis]);
    world.spec.strategy.canary!.abortScaleDownDelaySeconds = seconds;
    world.finishRun('Failed');
    world.declare('v1').settle();
    return world;
  }

  it('of 0 keeps the rejected pods also after the stable revision was applied again, until another is declared', () => {
    const world = rejected(0);
    expect(world.status.phase).toBe('Healthy');
    world.wait(3_600_000);
    expect(world.rs('v2')?.desired).toBe(2);
    world.declare('v3').settle();
    world.wait(60_000);
    expect(world.rs('v2')?.desired).toBe(0);
  });

  it('holds after the stable revision was applied again', () => {
    const world = rejected(600);
    world.wait(599_000);
    expect(world.rs('v2')?.desired).toBe(2);
    world.wait(1_000);
    expect(world.rs('v2')?.desired).toBe(0);
  });
});

describe('a status that was lost', () => {
  it('does not make the declared revision a first one: what the stable Service selects is stable', () => {
    const world = inCanary([{ setWeight: 20 }, { pause: {} }]);
    world.status = {};
    world.weights = [20];
    world.settle();
    expect(world.status).toMatchObject({ phase: 'Paused', stableRS: 'v1', step: '1/2', weight: 20 });
    expect(world.services).toEqual({ canary: 'v2', stable: 'v1' });
    expect(world.rs('v1')?.desired).toBe(4);
  });

  for (const evidence of ['route', 'runs'] as const) {
    it(`does not lift a verdict that the ${evidence} still shows`, () => {
      const world = inCanary([{ setWeight: 20 }, analysis]);
      world.finishRun('Failed', 'bad');
      if (evidence === 'route') world.runs = [];
      else world.route!.rejected = undefined;
      world.status = {};
      world.weights = [0];
      world.settle();
      expect(world.status).toMatchObject({ phase: 'Degraded', abort: true, stableRS: 'v1' });
      expect(world.weights).toEqual([0]);
      world.annotate('retry');
      expect(world.route?.canary).toBe(20);
    });
  }

  it('leaves a new Rollout a first revision where the Services select none, or differ', () => {
    const world = new World([{ setWeight: 20 }]);
    world.services = { canary: null, stable: 'gone' };
    expect(world.settle().status).toMatchObject({ phase: 'Healthy', stableRS: 'v1' });
  });
});

describe('the progress deadline', () => {
  it('is not put off by a pod that comes and goes', () => {
    const world = new World([{ setWeight: 50 }], { progressDeadlineSeconds: 60, progressDeadlineAbort: true });
    world.settle();
    world.broken.add('v2');
    world.declare('v2').settle();
    for (let i = 0; i < 7; i++) {
      const rs = world.replicaSets.find((r) => r.hash === 'v2')!;
      rs.available = rs.ready = i % 2;
      world.now += 10_000;
      world.pass();
    }
    expect(world.status.abort).toBeUndefined();
    world.now += 10_000;
    world.pass();
    expect(world.status).toMatchObject({ abort: true, machine: { cause: 'Deadline' } });
  });
});
