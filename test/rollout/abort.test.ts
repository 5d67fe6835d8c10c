import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/api/rollout.ts';
import { decide } from '../../src/rollout/decide.ts';
import { World } from './world.ts';

const analysis: Step = { analysis: { templates: [{ templateName: 'success-rate' }] } };

function inCanary(steps: Step[] = [{ setWeight: 20 }, analysis, { setWeight: 60 }, { pause: {} }]): World {
  const world = new World(steps);
  world.settle();
  world.declare('v2').settle();
  world.writes = [];
  return world;
}

describe('an abort', () => {
  it('moves the traffic before any other write', () => {
    const world = inCanary();
    world.finishRun('Failed', 'success-rate 0.82 < 0.95');
    expect(world.writes[0]).toBe('weight 0 rejected');
    expect(world.writes[1]).toBe('status rejected.aborting');
    expect(world.status).toMatchObject({
      phase: 'Degraded',
      abort: true,
      weight: 0,
      message: 'RolloutAborted: Rollout aborted update to revision v2: success-rate 0.82 < 0.95',
    });
    expect(world.status.history?.at(-1)).toMatchObject({
      podHash: 'v2',
      outcome: 'Aborted',
      reason: 'success-rate 0.82 < 0.95',
    });
  });

  it('is recorded with the weight that was written before it, not with the one it took back', () => {
    const world = inCanary();
    world.runs[0]!.phase = 'Failed';
    const { status } = decide(world.seen());
    expect(status).toMatchObject({ phase: 'Degraded', weight: 0 });
    expect(status.canary?.weights).toMatchObject({ canary: { weight: 0 }, stable: { weight: 100 } });
  });

  it('points both Services at the stable revision and lets the rejected pods go after the delay', () => {
    const world = inCanary();
    world.finishRun('Error', 'five errors in a row');
    expect(world.services).toEqual({ canary: 'v1', stable: 'v1' });
    expect(world.rs('v2')?.desired).toBe(1);
    world.wait(30_000);
    expect(world.rs('v2')?.desired).toBe(0);
  });

  it('keeps the rejected pods where the spec says for ever', () => {
    const world = inCanary();
    world.spec.strategy.canary!.abortScaleDownDelaySeconds = 0;
    world.finishRun('Failed');
    world.wait(3_600_000);
    expect(world.rs('v2')?.desired).toBe(1);
  });

  it('needs no stable pod to be whole, but one to be there', () => {
    const world = inCanary();
    for (const rs of world.replicaSets) if (rs.hash === 'v1') rs.available = 1;
    world.runs[0]!.phase = 'Failed';
    world.pass();
    expect(world.route?.canary).toBe(0);

    const stranded = inCanary();
    for (const rs of stranded.replicaSets) if (rs.hash === 'v1') rs.available = 0;
    stranded.runs[0]!.phase = 'Failed';
    stranded.pass();
    expect(stranded.route?.canary).toBe(20);
    stranded.settle();
    expect(stranded.route?.canary).toBe(0);
  });

  it('stays until something else is declared', () => {
    const world = inCanary();
    world.finishRun('Failed', 'bad');
    world.wait(3_600_000);
    expect(world.status).toMatchObject({ phase: 'Degraded', abort: true });
    world.declare('v3').settle();
    expect(world.route?.canary).toBe(20);
    expect(world.status.abort).toBeUndefined();
  });

  it('is over when the stable revision is declared again', () => {
    const world = inCanary();
    world.finishRun('Failed', 'bad');
    world.declare('v1').settle();
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v1' });
    expect(world.status.abort).toBeUndefined();
  });

  it('of a held Rollout reads Degraded and says what is served and what was rejected', () => {
    const world = inCanary();
    world.finishRun('Failed', 'bad');
    world.held = {
      rejected: { commit: '8b7a6e5ffff' },
      stable: { commit: '3f9c2d1ffff' },
      reason: 'success-rate 0.82 < 0.95',
    };
    world.declare('v1').settle();
    expect(world.status).toMatchObject({
      phase: 'Degraded',
      message: 'held at 3f9c2d1: 8b7a6e5 rejected, success-rate 0.82 < 0.95',
    });
    world.held = undefined;
    expect(world.settle().status.phase).toBe('Healthy');
  });

  it('survives the death of the process between the weight and the record', () => {
    const world = inCanary();
    world.runs[0]!.phase = 'Failed';
    expect(world.passDyingAfter(1)).toBe(false);
    // The verdict was only in the memory of the process that died.
    world.runs[0]!.phase = 'Running';
    world.settle();
    expect(world.route?.canary).toBe(0);
    expect(world.status).toMatchObject({ phase: 'Degraded', abort: true });
    expect(world.weights).toEqual([0, 20, 0]);
  });

  it('of an earlier attempt does not count for a retry', () => {
    const world = inCanary();
    world.finishRun('Failed', 'bad');
    world.annotate('retry');
    expect(world.route).toMatchObject({ canary: 20 });
    expect(world.activeRun().name).toBe('web-v2-3-1');
    world.finishRun('Successful');
    expect(world.route?.canary).toBe(60);
  });

  it('comes from the deadline where the spec asks for it', () => {
    const world = new World([{ setWeight: 20 }], { progressDeadlineSeconds: 60, progressDeadlineAbort: true });
    world.settle();
    world.broken.add('v2');
    world.declare('v2').settle();
    world.wait(59_000);
    expect(world.status.phase).toBe('Progressing');
    world.wait(1_000);
    expect(world.status).toMatchObject({ phase: 'Degraded', abort: true });
    expect(world.status.machine?.cause).toBe('Deadline');
  });

  it('does not come from the deadline where the spec does not ask for it, nor in a pause', () => {
    const stuck = new World([{ setWeight: 20 }], { progressDeadlineSeconds: 60 });
    stuck.settle();
    stuck.broken.add('v2');
    stuck.declare('v2').settle();
    stuck.wait(61_000);
    expect(stuck.status).toMatchObject({ phase: 'Degraded' });
    expect(stuck.status.abort).toBeUndefined();

    const paused = new World([{ setWeight: 20 }, { pause: {} }], {
      progressDeadlineSeconds: 60,
      progressDeadlineAbort: true,
    });
    paused.settle();
    paused.declare('v2').settle();
    paused.wait(3_600_000);
    expect(paused.status.phase).toBe('Paused');
  });

  it('goes through even while the spec is paused or an object it names is missing', () => {
    const world = inCanary();
    world.spec.paused = true;
    world.issues = [{ field: 'spec.strategy.canary.canaryService', message: 'Service web-canary does not exist' }];
    world.runs[0]!.phase = 'Failed';
    world.settle();
    expect(world.route?.canary).toBe(0);
    expect(world.status.machine?.state).toBe('rejected.aborted');
  });
});

describe('an abort of a release whose steps changed while its spec was invalid', () => {
  it('stays when the spec is mended: the steps are the ones it was aborted with', () => {
    const world = World.surging([{ setWeight: 50 }, { pause: {} }]);
    world.settle();
    world.declare('v2').settle();
    world.issues = [{ field: 'spec.strategy.canary.stableService', message: 'Service web-stable does not exist' }];
    world.spec.strategy.canary!.steps = [{ setWeight: 25 }, { pause: {} }];
    world.settle();
    world.annotate('abort');
    expect(world.status.abort).toBe(true);
    world.issues = [];
    world.settle();
    expect(world.status.abort).toBe(true);
    expect(world.rs('v2')?.desired).toBe(0);
  });
});

describe('a command', () => {
  it('aborts at once, with the reason given, and is taken afterwards', () => {
    const world = inCanary();
    world.annotate('abort', 'the checkout is slow');
    expect(world.writes[0]).toBe('weight 0 rejected');
    expect(world.status.machine).toMatchObject({ cause: 'User', reason: 'the checkout is slow' });
    expect(world.waiting).toEqual([]);
    expect(world.status.lastCommand).toMatchObject({ verb: 'abort', outcome: 'Done: aborted' });
  });

  it('that names another revision does nothing, and says so', () => {
    const world = inCanary();
    world.revision = { commit: '8b7a6e5aaaa' };
    world.status.stableRevision = { commit: '3f9c2d1bbbb' };
    for (const verb of ['abort', 'promote', 'retry'] as const) {
      world.annotate(verb, '3f9c2d1');
      expect(world.status.lastCommand?.outcome).toBe(
        'Ignored: it names revision 3f9c2d1, but v2 (commit 8b7a6e5) is the one being rolled out',
      );
    }
    expect(world.status).toMatchObject({ phase: 'Progressing', step: '1/4' });
    world.annotate('abort', '8b7a6e5');
    expect(world.status.abort).toBe(true);
  });

  it('promotes one pause, not two', () => {
    const world = new World([{ pause: {} }, { pause: {} }]);
    world.settle();
    world.declare('v2').settle();
    world.annotate('promote');
    expect(world.status.step).toBe('1/2');
    world.wait(60_000);
    expect(world.status.step).toBe('1/2');
  });

  it('is acted on once, wherever the process dies', () => {
    for (let writes = 0; writes < 8; writes++) {
      const world = new World([{ pause: {} }, { setWeight: 50 }, { pause: {} }, { pause: {} }]);
      world.settle();
      world.declare('v2').settle();
      world.waiting.push({ verb: 'promote', value: 'true' });
      world.passDyingAfter(writes);
      world.settle();
      expect(world.status.step, `died after ${writes} writes`).toBe('2/4');
    }
  });

  it('promotes in full, past all that is left', () => {
    const world = inCanary();
    world.annotate('promote', 'full');
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
    expect(world.runs.every((run) => run.phase === 'Successful')).toBe(true);
  });

  it('pauses and resumes', () => {
    const world = inCanary();
    world.annotate('pause');
    expect(world.status).toMatchObject({
      phase: 'Paused',
      message: 'manually paused; go on with the annotation sluice.dev/resume=true',
    });
    world.finishRun('Successful');
    expect(world.status.weight).toBe(20);
    world.annotate('resume');
    expect(world.status.weight).toBe(60);
  });

  it('without anything to act on is refused with the reason', () => {
    const world = new World([{ setWeight: 20 }]);
    world.settle();
    world.annotate('promote');
    expect(world.status.lastCommand?.outcome).toBe('Ignored: nothing is being rolled out');
    world.annotate('promote', 'yes please');
    expect(world.status.lastCommand?.outcome).toBe('Ignored: promote takes true, full or a revision, not "yes please"');
  });

  it('rolls back to an earlier ReplicaSet, but not past Git', () => {
    const world = new World([]);
    world.settle();
    world.declare('v2').settle();
    world.wait(60_000);
    world.annotate('rollback', 'v1');
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v1' });
    world.revision = { commit: '8b7a6e5aaaa' };
    world.annotate('rollback', 'v2');
    expect(world.status.lastCommand?.outcome).toMatch(/^Ignored: this Rollout is declared in Git/);
    expect(world.status.stableRS).toBe('v1');
  });
});

describe("Argo Rollouts' status signals", () => {
  it('abort and retry', () => {
    const world = inCanary();
    world.status.abort = true;
    world.settle();
    expect(world.route?.canary).toBe(0);
    delete world.status.abort;
    world.settle();
    expect(world.route?.canary).toBe(20);
  });

  it('promote by clearing pauseConditions, and in full', () => {
    const world = inCanary([{ pause: {} }, { setWeight: 50 }, { pause: {} }]);
    delete world.status.pauseConditions;
    world.settle();
    expect(world.status.step).toBe('2/3');
    world.status.promoteFull = true;
    world.settle();
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
    expect(world.status.promoteFull).toBeUndefined();
  });
});

describe('an invalid spec', () => {
  it('keeps the running revision and goes on when it is mended', () => {
    const world = inCanary([{ setWeight: 20 }, { pause: {} }]);
    world.issues = [{ field: 'spec.strategy.canary.stableService', message: 'Service web-stable does not exist' }];
    world.declare('v3').settle();
    expect(world.status).toMatchObject({
      phase: 'Degraded',
      message: 'InvalidSpec: spec.strategy.canary.stableService: Service web-stable does not exist',
    });
    expect(world.rs('v3')).toBeUndefined();
    expect(world.route?.canary).toBe(20);
    world.issues = [];
    world.settle();
    expect(world.status).toMatchObject({ phase: 'Paused' });
    expect(world.status.conditions?.some((c) => c.type === 'InvalidSpec')).toBe(false);
  });
});
