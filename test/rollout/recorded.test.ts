import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RolloutSpec } from '../../src/api/rollout.ts';
import { compile } from '../../src/rollout/compile.ts';
import { World } from './world.ts';

type BlueGreen = NonNullable<RolloutSpec['strategy']['blueGreen']>;

/** Worlds at rest, with what a controller recorded that hashed the stages of a blue-green release as it had compiled them. */
interface Recorded {
  name: string;
  world: Pick<World, 'now' | 'generation' | 'declared' | 'replicaSets' | 'services' | 'runs' | 'status'> & {
    spec: Partial<RolloutSpec>;
    route: World['route'] | null;
  };
}

const FILE = new URL('recorded-states.json', import.meta.url);
const RECORDED = JSON.parse(readFileSync(FILE, 'utf8')) as Recorded[];

function worldOf({ world: { spec, route, ...rest } }: Recorded): World {
  const world = new World([]);
  return Object.assign(world, structuredClone({ ...rest, spec: { ...world.spec, ...spec } }), {
    route: route ?? undefined,
  });
}

const recorded = (name: string): World => {
  const found = RECORDED.find((each) => each.name === name);
  if (found === undefined) throw new Error(`nothing was recorded of ${name}`);
  return worldOf(found);
};

const writesBesideTheRecord = ({ writes }: World): string[] => writes.filter((write) => !write.startsWith('status '));

const ANALYSIS = { templates: [{ templateName: 'success-rate' }] };

function released(strategy: Partial<BlueGreen>): World {
  const world = World.blueGreen(strategy);
  world.settle();
  world.declare('v2').settle();
  return world;
}

function change(world: World, to: Partial<BlueGreen>): World {
  const { blueGreen } = world.spec.strategy;
  if (blueGreen === undefined) throw new Error('no blue-green');
  world.spec = { ...world.spec, strategy: { blueGreen: { ...blueGreen, ...to } } };
  world.generation++;
  world.settle();
  return world;
}

describe('an upgrade of the controller', () => {
  it.each(RECORDED.map(({ name }) => name))('leaves %s where it is', (name) => {
    const world = recorded(name);
    const before = structuredClone(world.status.machine);
    world.settle();
    expect(world.status.machine).toMatchObject({
      state: before?.state,
      step: before?.step,
      candidate: before?.candidate,
      attempt: before?.attempt,
    });
    expect(writesBesideTheRecord(world)).toEqual([]);
    expect([...world.announced.keys()]).toEqual([]);
  });

  it('has another identity of the stages on record with the first look, and no other afterwards', () => {
    const world = recorded('a blue-green release that was rejected');
    world.settle();
    expect(world.status.machine?.stepsHash).toBe(compile(world.spec).stagesHash);
    world.writes = [];
    world.settle();
    expect(world.writes).toEqual([]);
  });

  it('does not hide stages that were changed while no controller ran', () => {
    const world = recorded('a routed blue-green release that waits for a person');
    const attempt = world.status.machine?.attempt ?? 0;
    change(world, { promotionSteps: [{ setWeight: 30 }, { pause: {} }] });
    expect(world.status.machine).toMatchObject({ attempt: attempt + 1, step: 2 });
    expect(world.route?.canary).toBe(30);
  });
});

describe('the identity of the stages', () => {
  it.each<[string, RolloutSpec['strategy'], string]>([
    ['of a canary', { canary: { steps: [{ setWeight: 20 }, { pause: { duration: '10m' } }] } }, '6cptxwqv25'],
    ['of a canary without steps', { canary: {} }, '8dv9hvlqff'],
    ['of a blue-green release', { blueGreen: { activeService: 'web' } }, 'zkh45hjltm'],
    [
      'of a blue-green release with all that it can say',
      {
        blueGreen: {
          activeService: 'web',
          previewReplicaCount: 1,
          prePromotionAnalysis: ANALYSIS,
          autoPromotionSeconds: 60,
          promotionSteps: [{ setWeight: 20 }, { pause: {} }],
        },
      },
      'c58mgpc4ls',
    ],
  ])('%s stays the same for ever, whatever else a plan comes to hold', (_of, strategy, hash) => {
    expect(compile({ strategy }).stagesHash).toBe(hash);
  });

  it('of a blue-green release is another one when its pre-promotion analysis is', () => {
    const world = released({ autoPromotionEnabled: false, prePromotionAnalysis: ANALYSIS });
    const { attempt = 0 } = world.status.machine ?? {};
    world.finishRun('Successful');
    change(world, { prePromotionAnalysis: { templates: [{ templateName: 'latency' }] } });
    expect(world.status.machine).toMatchObject({ attempt: attempt + 1, state: 'stepping.measuring' });
  });

  it.each<[string, Partial<BlueGreen>, Partial<BlueGreen>]>([
    ['a default is written out', { autoPromotionSeconds: 60 }, { autoPromotionEnabled: true, promotionSteps: [] }],
    ['a wait is named that a person ends', { autoPromotionEnabled: false }, { autoPromotionSeconds: 5 }],
    ['the delays after it change', { autoPromotionEnabled: false }, { scaleDownDelaySeconds: 5 }],
    [
      'the analysis after the switch changes',
      { autoPromotionEnabled: false },
      { postPromotionAnalysis: { templates: [{ templateName: 'latency' }] } },
    ],
  ])('of a blue-green release is the same when %s', (_what, strategy, to) => {
    const world = released(strategy);
    const { attempt } = world.status.machine ?? {};
    change(world, to);
    expect(world.status.machine).toMatchObject({ attempt, state: 'stepping.pausing' });
  });
});
