import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/api/rollout.ts';
import { Auditor } from './auditor.ts';
import { Interrupted, World } from './world.ts';

// More runs: SLUICE_SIM_RUNS=20000 npx vitest run test/rollout/simulation.test.ts
const RUNS = Number(process.env['SLUICE_SIM_RUNS'] ?? 300);
const SEED = Number(process.env['SLUICE_SIM_SEED'] ?? 20260101);

const ISSUE = { field: 'spec.strategy.canary.canaryService', message: 'Service web-canary does not exist' };
const analysis: Step = { analysis: { templates: [{ templateName: 'success-rate' }] } };

const step = (router: boolean): fc.Arbitrary<Step> =>
  fc.oneof(
    fc.constantFrom(0, 10, 33, 50, 100).map((setWeight): Step => ({ setWeight })),
    fc.constant<Step>(analysis),
    fc.constantFrom<Step>({ pause: {} }, { pause: { duration: 60 } }),
    ...(router
      ? [
          fc.constantFrom<Step>(
            { setCanaryScale: { replicas: 2 } },
            { setCanaryScale: { weight: 50 } },
            { setCanaryScale: { matchTrafficWeight: true } },
          ),
        ]
      : []),
  );

const hash = fc.constantFrom('v1', 'v2', 'v3', 'v4');
const action = (router: boolean) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('declare' as const), hash }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('finish' as const),
        phase: fc.constantFrom('Successful' as const, 'Failed' as const, 'Error' as const, 'Inconclusive' as const),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('annotate' as const),
        verb: fc.constantFrom(
          'promote' as const,
          'abort' as const,
          'retry' as const,
          'pause' as const,
          'resume' as const,
          'override' as const,
          'rollback' as const,
        ),
        value: fc.constantFrom('true', 'full', 'v2', 'bcdfghjklm'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('signal' as const),
        field: fc.constantFrom('abort', 'retry', 'promoteFull', 'unpause', 'skip'),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), s: fc.constantFrom(1, 30, 61, 601) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('break' as const), hash }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('heal' as const), hash }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('replicas' as const), n: fc.constantFrom(0, 1, 2, 4, 7) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('steps' as const), steps: fc.array(step(router), { maxLength: 4 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('paused' as const), on: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('close' as const), by: fc.constantFrom('window', 'stop', undefined) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('issue' as const), on: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('edit' as const),
        weight: fc.constantFrom(0, 40, 100),
        role: fc.constantFrom('canary' as const, 'stable' as const, undefined),
        hash,
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('die' as const), writes: fc.nat(6) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('fault' as const),
        inWrites: fc.integer({ min: 1, max: 5 }),
        when: fc.constantFrom('before' as const, 'after' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('lag' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  );
type Action = ReturnType<typeof action> extends fc.Arbitrary<infer T> ? T : never;

const story = fc.boolean().chain((router) =>
  fc.record({
    router: fc.constant(router),
    steps: fc.array(step(router), { maxLength: 5 }),
    background: fc.boolean(),
    deadline: fc.boolean(),
    keep: fc.constantFrom(0, 30, undefined),
    services: fc.boolean(),
    maxSurge: fc.constantFrom(undefined, 0, 1, 3, '50%'),
    maxUnavailable: fc.constantFrom(undefined, 0, 1, '50%'),
    actions: fc.array(action(router), { minLength: 3, maxLength: 30 }),
  }),
);
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

function worldOf(s: Story): World {
  const world = s.router ? new World(s.steps) : World.surging(s.steps);
  const canary = world.spec.strategy.canary!;
  if (!s.router && s.services) {
    world.services = { canary: null, stable: null };
    Object.assign(canary, { canaryService: 'web-canary', stableService: 'web-stable' });
  }
  if (s.maxSurge !== undefined) canary.maxSurge = s.maxSurge;
  if (s.maxUnavailable !== undefined) canary.maxUnavailable = s.maxUnavailable;
  if (s.background) canary.analysis = { templates: [{ templateName: 'success-rate' }] };
  if (s.keep !== undefined) canary.abortScaleDownDelaySeconds = s.keep;
  if (s.deadline) world.spec.progressDeadlineAbort = true;
  return world;
}

function attempt(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
}

function signal(world: World, field: string): void {
  if (field === 'abort') world.status.abort = true;
  if (field === 'retry') delete world.status.abort;
  if (field === 'promoteFull') world.status.promoteFull = true;
  if (field === 'unpause') delete world.status.pauseConditions;
  if (field === 'skip') world.status.currentStepIndex = (world.status.currentStepIndex ?? 0) + 1;
}

/** What the story does to the world; the controller looks at it afterwards. */
// oxlint-disable-next-line complexity -- one case per action
function act(world: World, a: Action): void {
  switch (a.do) {
    case 'declare':
      if (world.declared !== a.hash) world.declare(a.hash);
      return;
    case 'finish': {
      const run = world.runs.find((r) => r.phase === 'Running');
      if (run) [run.phase, run.message] = [a.phase, 'measured'];
      return;
    }
    case 'annotate':
      world.waiting = [...world.waiting.filter((w) => w.verb !== a.verb), { verb: a.verb, value: a.value }];
      return;
    case 'signal':
      return signal(world, a.field);
    case 'wait':
      world.now += a.s * 1000;
      return;
    case 'break':
      world.broken.add(a.hash);
      world.pods();
      return;
    case 'heal':
      world.broken.delete(a.hash);
      return;
    case 'replicas':
      world.spec.replicas = a.n;
      return;
    case 'steps':
      world.spec.strategy.canary!.steps = a.steps;
      return;
    case 'paused':
      world.spec.paused = a.on;
      return;
    case 'close':
      world.closed = a.by && { kind: a.by, text: `closed by a ${a.by}` };
      return;
    case 'issue':
      world.issues = a.on ? [ISSUE] : [];
      return;
    case 'edit':
      if (world.route && a.role === undefined) world.route.canary = a.weight;
      if (world.services && a.role !== undefined) world.services[a.role] = a.hash;
      return;
    case 'die':
      world.passDyingAfter(a.writes);
      return;
    case 'fault':
      world.fault = { inWrites: a.inWrites, when: a.when };
      return;
    case 'lag':
      world.lagging = true;
      attempt(() => world.pass());
      world.lagging = false;
      return;
    case 'lose':
      world.status = {};
      return;
    case 'settle':
      attempt(() => world.settle());
  }
}

/** A decision of a person or of Git, after which an earlier verdict does not bind. */
const decides = (a: Action): boolean =>
  a.do === 'declare' ||
  a.do === 'steps' ||
  (a.do === 'signal' && (a.field === 'retry' || a.field === 'promoteFull')) ||
  (a.do === 'annotate' && a.verb === 'rollback');

/** A wish to try again that is on its way counts as decided when it is acted on. */
const mayRetry = (world: World): boolean =>
  [...world.waiting, ...(world.command ? [world.command] : [])].some(
    (w) => w.verb === 'retry' || (w.verb === 'promote' && w.value === 'full') || w.verb === 'rollback',
  );

/** Whether the cluster itself still shows a verdict when the status is lost. */
const isVerdictKept = ({ route, services, declared, replicaSets }: World): boolean =>
  route?.rejected?.startsWith(`${declared}-`) === true &&
  services?.stable !== declared &&
  replicaSets.some((rs) => rs.hash === services?.stable);

function play(s: Story): { world: World; auditor: Auditor } {
  const world = worldOf(s);
  const auditor = new Auditor();
  world.audit = (before, after, write) => auditor.look(before, after, write);
  for (const a of s.actions) {
    if (decides(a) || mayRetry(world)) auditor.decided(world.picture());
    if (a.do === 'lose' && !isVerdictKept(world)) auditor.decided(world.picture());
    act(world, a);
    if (mayRetry(world)) auditor.decided(world.picture());
    if (a.do !== 'die' && a.do !== 'fault')
      attempt(() => {
        world.pass();
        auditor.rest(world.picture());
      });
    world.pods();
  }
  return { world, auditor };
}

function heal(world: World): void {
  world.fault = undefined;
  world.issues = [];
  world.broken.clear();
  world.spec.paused = false;
  world.closed = undefined;
  world.settle();
}

/** Lets time pass and measurements come in good, until nothing moves by itself. */
function finish(world: World): void {
  for (let i = 0; i < 60; i++) {
    const before = JSON.stringify([world.status.machine, world.runs]);
    for (const run of world.runs) if (run.phase === 'Running') run.phase = 'Successful';
    world.wait(61_000);
    if (JSON.stringify([world.status.machine, world.runs]) === before) return;
  }
  throw new Error(`never comes to rest: ${world.status.message}`);
}

const endOf = (world: World): string => `${world.status.phase}: ${world.status.message}`;

describe('any release, with faults at any write', () => {
  it('keeps every invariant after every write', () => {
    fc.assert(
      fc.property(story, (s) => {
        expect(play(s).auditor.violations).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('ends promoted or aborted, or waits for a person and says for what', () => {
    fc.assert(
      fc.property(story, (s) => {
        const { world, auditor } = play(s);
        heal(world);
        finish(world);
        expect(endOf(world)).toMatch(/^(Healthy: |Degraded: RolloutAborted: .+|Paused: .*(promote|resume).*)$/);
        expect(world.waiting, 'commands that nobody answered').toEqual([]);
        expect(world.command?.id).toBe(world.status.lastCommand?.id);
        world.writes = [];
        world.pass();
        expect(world.writes, 'a pass with nothing new').toEqual([]);
        expect(auditor.violations).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED + 1 },
    );
  });
});
