import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/api/rollout.ts';
import { World } from './world.ts';

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }];
const COMMITS: Record<string, string> = { v1: '3f9c2d1aaaa', v2: '8b7a6e5aaaa', v3: '1c2d3e4aaaa' };

function push(world: World, hash: string): World {
  world.revision = { commit: COMMITS[hash] ?? '' };
  world.declare(hash).settle();
  return world;
}
const released = (): World => push(push(new World(STEPS), 'v1'), 'v2');
const last = (world: World) => world.status.history?.at(-1);
const weights = (world: World) => last(world)?.weights?.map(({ weight }) => weight);

describe('the history keeps of a release', () => {
  it('since when it ran, at which weights, and who let it through', () => {
    const world = released();
    expect(world.status.release).toMatchObject({ podHash: 'v2', weights: [{ weight: 0 }, { weight: 25 }] });
    world.annotate('promote');
    world.settle();
    expect(last(world)).toMatchObject({ outcome: 'Promoted', command: { verb: 'promote', value: 'true' } });
    expect(last(world)?.attempt).toBeGreaterThan(0);
    expect(last(world)?.startedAt).toBeDefined();
    expect(weights(world)).toEqual(expect.arrayContaining([0, 25, 100]));
    expect(world.status.release).toBeUndefined();
  });

  it('the weights of a revision that another took over from', () => {
    const world = push(released(), 'v3');
    expect(last(world)).toMatchObject({ podHash: 'v2', outcome: 'Superseded' });
    expect(weights(world)).toEqual([0, 25, 0]);
    expect(world.status.release).toMatchObject({ podHash: 'v3' });
  });

  it('the weights of a revision that Git went back from', () => {
    const world = push(released(), 'v1');
    expect(last(world)).toMatchObject({ podHash: 'v2', outcome: 'RolledBack' });
    expect(weights(world)).toEqual([0, 25, 0]);
  });

  it('the command that ended it', () => {
    const world = released();
    world.waiting.push({ verb: 'abort', value: 'too slow', by: 'kubectl-annotate' });
    world.settle();
    expect(last(world)).toMatchObject({
      outcome: 'Aborted',
      command: { verb: 'abort', value: 'too slow', by: 'kubectl-annotate' },
    });
    expect(weights(world)?.at(-1)).toBe(0);
    expect(world.status.release).toBeUndefined();
  });

  it('the commands before the last one, and not without end', () => {
    const world = released();
    for (let nth = 0; nth < 6; nth++) {
      for (const verb of ['pause', 'resume'] as const) {
        world.annotate(verb, `${verb} ${nth}`);
        world.settle();
      }
    }
    world.annotate('promote');
    world.settle();
    expect(last(world)).toMatchObject({ outcome: 'Promoted', command: { verb: 'promote' } });
    const earlier = last(world)?.earlierCommands?.map(({ value }) => value);
    expect(earlier).toHaveLength(8);
    expect(earlier?.at(-1)).toBe('resume 5');
  });
});
