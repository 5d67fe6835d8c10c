// What a ReleasePolicy holds up: a window what has not begun, a stop whatever is on its way. Going back waits for neither.
import { describe, expect, it } from 'vitest';
import type { Closure } from '../../src/api/release-policy.ts';
import type { Step } from '../../src/api/rollout.ts';
import { World } from './world.ts';

const STEPS: Step[] = [{ setWeight: 20 }, { pause: {} }];
const OPENS = Date.parse('2026-01-01T08:00:00Z');
const WINDOW: Closure = {
  kind: 'window',
  text: 'ReleasePolicy shop/office: outside its windows, until 2026-01-01T08:00:00Z',
  until: OPENS,
};
const STOP: Closure = { kind: 'stop', text: 'stopped by ReleasePolicy shop/incident: 4711' };

function serving(world = new World(STEPS)): World {
  world.settle();
  return world;
}

function declaredWhile(closed: Closure, world?: World): World {
  const it = serving(world);
  it.closed = closed;
  it.declare('v2').settle();
  return it;
}

const pods = (world: World, hash: string): number => world.rs(hash)?.desired ?? 0;
const answer = (world: World): string | undefined => world.status.lastCommand?.outcome;

describe('A release that is declared while its window is closed', () => {
  it('waits without a pod, says for what, and is looked at again when the window opens', () => {
    const world = declaredWhile(WINDOW);
    expect([pods(world, 'v2'), world.route?.canary]).toEqual([0, 0]);
    expect(world.status).toMatchObject({ phase: 'Paused', message: `waits for ${WINDOW.text}` });
    expect(world.pass().nextAt).toBe(OPENS);
  });

  it('begins once the window is open, and goes on when it closes again', () => {
    const world = declaredWhile(WINDOW);
    world.closed = undefined;
    world.settle();
    expect(world.route?.canary).toBe(20);
    world.closed = WINDOW;
    world.annotate('promote');
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
  });

  it.each<[string, World]>([
    ['pods are the weight', World.surging([{ setWeight: 50 }])],
    ['there are no steps', World.surging([])],
    ['a Service is switched', World.blueGreen()],
  ])('waits also where %s', (_, world) => {
    declaredWhile(WINDOW, world);
    expect(pods(world, 'v2')).toBe(0);
    expect(world.status.phase).toBe('Paused');
    world.closed = undefined;
    world.settle();
    expect(world.status).toMatchObject({ stableRS: 'v2' });
  });

  it('does not use up its deadline while it waits', () => {
    const world = new World(STEPS, { progressDeadlineSeconds: 60, progressDeadlineAbort: true });
    declaredWhile(WINDOW, world);
    world.wait(3_600_000);
    expect(world.status.abort).toBeUndefined();
  });

  it('is not begun by a promotion, a resumption or a promotion in full', () => {
    const world = declaredWhile(WINDOW);
    for (const value of ['true', 'full']) {
      world.annotate('promote', value);
      expect(pods(world, 'v2')).toBe(0);
    }
    world.annotate('resume');
    expect(pods(world, 'v2')).toBe(0);
    expect(answer(world)).toContain('Ignored');
  });

  it('begins when somebody overrides the window with a reason, which is kept with the release', () => {
    const world = declaredWhile(WINDOW);
    world.annotate('override', 'hotfix for incident 4711');
    expect(answer(world)).toBe('Done: it begins outside its windows');
    expect(world.route?.canary).toBe(20);
    world.annotate('promote');
    expect(world.status.history?.at(-1)).toMatchObject({
      outcome: 'Promoted',
      earlierCommands: [{ verb: 'override', value: 'hotfix for incident 4711' }],
      command: { verb: 'promote' },
    });
  });

  it('keeps the reason of its override, however often it is paused and resumed', () => {
    const world = declaredWhile(WINDOW);
    world.annotate('override', 'hotfix for incident 4711');
    for (let i = 0; i < 6; i++) {
      world.annotate('pause');
      world.annotate('resume');
    }
    world.annotate('promote');
    const commands = world.status.history?.at(-1)?.earlierCommands?.map(({ verb }) => verb);
    expect(commands).toEqual(['override', ...Array.from({ length: 7 }, (_, i) => (i % 2 === 0 ? 'resume' : 'pause'))]);
  });

  it.each(['true', '', 'v2'])('is not begun by the override "%s", which gives no reason', (value) => {
    const world = declaredWhile(WINDOW);
    world.annotate('override', value);
    expect(answer(world)).toBe('Ignored: override takes the reason, such as "hotfix for incident 4711"');
    expect(pods(world, 'v2')).toBe(0);
  });

  it('is overridden alone: the next one waits again', () => {
    const world = declaredWhile(WINDOW);
    world.annotate('override', 'hotfix');
    world.declare('v3').settle();
    expect([pods(world, 'v3'), world.route?.canary]).toEqual([0, 0]);
    expect(world.status.message).toBe(`waits for ${WINDOW.text}`);
  });

  it('is given up where the stable revision is declared again', () => {
    const world = declaredWhile(WINDOW);
    world.declare('v1').settle();
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v1' });
  });

  it('waits on with other steps', () => {
    const world = declaredWhile(WINDOW);
    world.spec.strategy.canary!.steps = [{ setWeight: 60 }, { pause: {} }];
    world.settle();
    expect(pods(world, 'v2')).toBe(0);
  });

  it('waits on where its status is lost', () => {
    const world = declaredWhile(WINDOW);
    world.status = {};
    world.settle();
    expect([pods(world, 'v2'), world.route?.canary]).toEqual([0, 0]);
    world.closed = undefined;
    world.settle();
    expect(world.route?.canary).toBe(20);
  });

  it('waits where it is tried again', () => {
    const world = serving();
    world.declare('v2').settle();
    world.annotate('abort', 'slow');
    world.closed = WINDOW;
    world.annotate('retry');
    expect(world.route?.canary).toBe(0);
    expect(world.status.message).toBe(`waits for ${WINDOW.text}`);
  });
});

describe('A window that closes', () => {
  it('leaves a release that has begun alone, also when its steps change', () => {
    const world = serving();
    world.declare('v2').settle();
    world.closed = WINDOW;
    world.spec.strategy.canary!.steps = [{ setWeight: 60 }, { pause: {} }];
    world.settle();
    expect(world.route?.canary).toBe(60);
  });

  it('does not keep the first revision from serving, nor pods from being added or replaced', () => {
    const world = new World(STEPS);
    world.closed = WINDOW;
    world.settle();
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v1' });
    world.spec.replicas = 7;
    world.settle();
    expect(pods(world, 'v1')).toBe(7);
  });

  it('does not hold up an abort', () => {
    const world = serving();
    world.declare('v2').settle();
    world.closed = WINDOW;
    world.annotate('abort', 'slow');
    expect(world.route?.canary).toBe(0);
    expect(world.status.abort).toBe(true);
  });

  it('does not hold up going back to a revision whose pods are all still there', () => {
    const world = serving(World.blueGreen({ scaleDownDelaySeconds: 600 }));
    world.declare('v2').settle();
    expect(world.status.stableRS).toBe('v2');
    world.closed = WINDOW;
    world.declare('v1').settle();
    expect(world.services?.stable).toBe('v1');
  });

  it('has nothing to do with an override where nothing waits', () => {
    const world = serving();
    world.closed = WINDOW;
    world.annotate('override', 'just in case');
    expect(answer(world)).toBe('Ignored: nothing is being rolled out');
    world.closed = undefined;
    world.declare('v2').settle();
    world.annotate('override', 'just in case');
    expect(answer(world)).toBe('Ignored: no window holds it up');
  });
});

describe('A stop', () => {
  it('holds a release where it is, whoever promotes it, until it is over', () => {
    const world = serving();
    world.declare('v2').settle();
    world.closed = STOP;
    world.annotate('promote');
    world.annotate('promote', 'full');
    world.annotate('override', 'I know better');
    expect(answer(world)).toBe(`Ignored: it is ${STOP.text}; that ends when stop is taken out of the policy`);
    expect(world.status).toMatchObject({ phase: 'Paused', message: STOP.text, weight: 20 });
    world.closed = undefined;
    world.annotate('promote');
    expect(world.status).toMatchObject({ phase: 'Healthy', stableRS: 'v2' });
  });

  it('lets nothing begin', () => {
    const world = declaredWhile(STOP);
    expect(pods(world, 'v2')).toBe(0);
    world.closed = WINDOW;
    world.settle();
    expect(pods(world, 'v2')).toBe(0);
    world.closed = undefined;
    world.settle();
    expect(world.route?.canary).toBe(20);
  });

  it('does not hold up an abort', () => {
    const world = serving();
    world.declare('v2').settle();
    world.closed = STOP;
    world.annotate('abort', 'slow');
    expect(world.route?.canary).toBe(0);
  });
});
