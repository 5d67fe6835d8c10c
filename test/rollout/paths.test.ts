import { getShortestPaths } from 'xstate/graph';
import { describe, expect, it } from 'vitest';
import type { AnalysisPhase } from '../../src/api/analysis.ts';
import type { Verb } from '../../src/api/dialect.ts';
import type { MachineState, Step } from '../../src/api/rollout.ts';
import { STATES } from '../../src/rollout/place.ts';
import { Auditor } from './auditor.ts';
import { notedChart, transitionsOf } from './noted-chart.ts';
import { World } from './world.ts';

// The machine in its world: a node is what the cluster and the status say, an edge is one thing that happens and the pass after it.

const ISSUE = { field: 'spec.strategy.canary.canaryService', message: 'Service web-canary does not exist' };
const ANALYSIS = { templates: [{ templateName: 'success-rate' }] };
const analysis: Step = { analysis: ANALYSIS };

/** What can happen, by name; undefined where it cannot happen now. */
const HAPPENINGS: Record<string, (world: World) => (() => void) | undefined> = {
  ...Object.fromEntries(
    ['v1', 'v2', 'v3'].map((hash) => [
      `${hash} is declared`,
      (w: World) => (w.declared === hash ? undefined : () => void w.declare(hash)),
    ]),
  ),
  ...Object.fromEntries(
    (['promote', 'abort', 'retry', 'pause', 'resume'] satisfies Verb[]).map((verb) => [
      verb,
      (w: World) => () => void w.waiting.push({ verb, value: 'true' }),
    ]),
  ),
  ...Object.fromEntries(
    (['Successful', 'Failed', 'Inconclusive'] satisfies AnalysisPhase[]).map((phase) => [
      `a run ends ${phase}`,
      (w: World) => {
        const run = w.runs.find((r) => r.phase === 'Running');
        return run && (() => void (run.phase = phase));
      },
    ]),
  ),
  'promote=full': (w) => () => void w.waiting.push({ verb: 'promote', value: 'full' }),
  'the old revision comes back warm': (w) => {
    const old = w.replicaSets.find((rs) => rs.hash !== w.declared && rs.desired > 0);
    return old && (() => void w.declare(old.hash));
  },
  'promote=v1': (w) => () => void w.waiting.push({ verb: 'promote', value: 'v1' }),
  'override with a reason': (w) => () => void w.waiting.push({ verb: 'override', value: 'a hotfix' }),
  'a window closes': (w) =>
    w.closed === undefined ? () => void (w.closed = { kind: 'window', text: 'closed' }) : undefined,
  'all is stopped': (w) =>
    w.closed === undefined ? () => void (w.closed = { kind: 'stop', text: 'stopped' }) : undefined,
  'it opens': (w) => (w.closed === undefined ? undefined : () => void (w.closed = undefined)),
  restart: (w) => () => void w.waiting.push({ verb: 'restart', value: 'true' }),
  'all pods are new': (w) => () => void (w.restartedBefore = w.now + 1),
  'spec.restartAt comes': (w) =>
    w.spec.restartAt === undefined
      ? () => void (w.spec = { ...w.spec, restartAt: new Date(w.now).toISOString() })
      : undefined,
  'rollback to v1': (w) => () => void w.waiting.push({ verb: 'rollback', value: 'v1' }),
  'the agent goes back and holds': (w) =>
    w.status.abort === true && w.held === undefined
      ? () => {
          w.declare('v1');
          w.held = { rejected: { commit: 'bad0bad' }, stable: { commit: 'c0ffee1' }, reason: 'it failed' };
        }
      : undefined,
  'the hold ends': (w) => (w.held === undefined ? undefined : () => void (w.held = undefined)),
  'pods come up': (w) => (w.fork().pods() ? () => void w.pods() : undefined),
  'pods of v2 fail': (w) =>
    w.broken.has('v2')
      ? undefined
      : () => {
          w.broken.add('v2');
          w.pods();
        },
  'pods of v2 recover': (w) => (w.broken.has('v2') ? () => void w.broken.delete('v2') : undefined),
  'time passes': (w) => () => void (w.now += 601_000),
  'the spec gets invalid': (w) => (w.issues.length > 0 ? undefined : () => void (w.issues = [ISSUE])),
  'the spec is mended': (w) => (w.issues.length > 0 ? () => void (w.issues = []) : undefined),
};

interface Snapshot {
  world: World;
  auditor: Auditor;
  isEnd: boolean;
}
interface Event {
  type: 'OBSERVED';
  after: string;
}

const taken = new Set<string>();
const reached = new Set<string>();

/** Verdicts bind until a person or Git decides anew. */
const DECISIONS = new Set(['v1 is declared', 'v2 is declared', 'v3 is declared', 'retry', 'promote=full']);

function pass(world: World, auditor: Auditor): void {
  world.chart = notedChart((transition) => void taken.add(transition));
  world.audit = (before, after, write) => {
    auditor.look(before, after, write);
    if (after.status.machine) reached.add(after.status.machine.state);
  };
  world.pass();
  auditor.rest(world.picture());
  const written = world.writes.length;
  world.pass();
  if (world.writes.length > written) auditor.violations.push(`nothing new, but wrote ${world.writes.at(-1)}`);
}

function next({ world: from, auditor: before }: Snapshot, { after }: Event): Snapshot {
  const [world, auditor] = [from.fork(), before.fork()];
  if (DECISIONS.has(after)) auditor.decided(world.picture());
  HAPPENINGS[after]?.(world)?.();
  pass(world, auditor);
  return {
    world,
    auditor,
    isEnd: ['settled', 'draining'].includes(world.status.machine?.state ?? '') && world.status.stableRS !== 'v1',
  };
}

/** State and facts: two worlds that differ in nothing else go on alike. */
function serialise({ world: w, auditor }: Snapshot): string {
  const m: Partial<MachineState> = w.status.machine ?? {};
  return JSON.stringify([
    [m.state, m.step, m.candidate, m.attention, m.background, m.pods, m.full, m.waits, m.rejected, m.acted],
    w.closed?.kind,
    Object.keys(m.retiring ?? {}),
    m.until !== undefined && Date.parse(m.until) > w.now,
    [w.status.stableRS, w.declared, w.issues.length, w.status.phase],
    w.replicaSets.map((rs) => [rs.hash, rs.desired, rs.available]),
    [w.services, w.route?.canary, w.route?.rejected !== undefined, [...w.broken]],
    w.runs.filter((r) => r.hash === m.candidate && r.attempt === m.attempt).map((r) => [r.name.at(-1), r.phase]),
    auditor.violations,
  ]);
}

interface Story {
  world: () => World;
  /** The walk goes on behind a promotion. */
  goesOn?: boolean;
  /** Names of what can happen. */
  can: string[];
}

/** Every reachable node, each by its shortest path. */
function walk({ world: make, can, goesOn = false }: Story): { state: Snapshot; words: string }[] {
  const world = make();
  const first: Snapshot = { world, auditor: new Auditor(), isEnd: false };
  pass(world, first.auditor);
  const logic = { transition: next, getInitialSnapshot: () => first, getPersistedSnapshot: () => first };
  const paths = getShortestPaths(logic as never, {
    fromState: first as never,
    serializeState: serialise as never,
    stopWhen: ((s: Snapshot) => (s.isEnd && !goesOn) || s.auditor.violations.length > 0) as never,
    events: ((s: Snapshot): Event[] =>
      can.filter((name) => HAPPENINGS[name]?.(s.world)).map((after) => ({ type: 'OBSERVED', after }))) as never,
    limit: 20_000,
  });
  return paths.map((path) => ({
    state: path.state as unknown as Snapshot,
    words: path.steps.map((step) => (step.event as unknown as Event).after).join(' → '),
  }));
}

function served(steps: Step[], change: (world: World) => void = () => undefined): () => World {
  return () => {
    const world = new World(steps, { replicas: 2, progressDeadlineAbort: true });
    change(world);
    world.settle();
    return world;
  };
}

function blueGreen(strategy: Parameters<typeof World.blueGreen>[0]): () => World {
  return () => {
    const world = World.blueGreen(strategy);
    world.settle();
    return world;
  };
}

/** With faults gone and nobody stepping in, it comes to rest at an end that says for what it waits, if it does. */
function restOf({ world: from, auditor: before }: Snapshot): string {
  const [world, auditor] = [from.fork(), before.fork()];
  world.issues = [];
  world.closed = undefined;
  world.broken.clear();
  for (let i = 0; i < 12; i++) {
    for (const run of world.runs) if (run.phase === 'Running') run.phase = 'Successful';
    world.audit = (was, is, write) => auditor.look(was, is, write);
    world.wait(61_000);
  }
  return `${world.status.phase}: ${world.status.message} ${auditor.violations.join('; ')}`;
}

const AT_REST = /^(Healthy: {2}|Degraded: RolloutAborted: .+|Degraded: held at .+|Paused: .*(promote|resume).*) ?$/;
const RUNS = ['a run ends Successful', 'a run ends Failed', 'a run ends Inconclusive'];
const PEOPLE = ['promote', 'pause', 'resume'];

const STORIES: Record<string, Story> = {
  'a weight, an analysis and a scale': {
    world: served([{ setWeight: 50 }, analysis, { setCanaryScale: { weight: 100 } }]),
    can: [...RUNS, 'v2 is declared', 'pods come up', 'promote', 'abort', 'retry'],
  },
  'one revision over another': {
    world: served([{ setWeight: 50 }, { pause: {} }]),
    can: ['v1 is declared', 'v2 is declared', 'v3 is declared', 'pods come up', 'promote', 'abort'],
  },
  'pods that fail': {
    world: served([{ setWeight: 50 }, { pause: {} }]),
    can: ['v1 is declared', 'v2 is declared', 'pods come up', 'pods of v2 fail', 'pods of v2 recover', 'promote'],
  },
  'pauses, by a clock and by people': {
    world: served([{ pause: { duration: '10m' } }, { setCanaryScale: { replicas: 2 } }, { pause: {} }]),
    can: [...PEOPLE, 'v2 is declared', 'pods come up', 'time passes', 'promote=full', 'abort', 'retry'],
  },
  'a background analysis': {
    world: served([{ setWeight: 50 }, { pause: {} }], (world) => {
      world.spec.strategy.canary!.analysis = { templates: [{ templateName: 'success-rate' }] };
    }),
    can: [...PEOPLE, 'v2 is declared', 'pods come up', 'a run ends Failed', 'a run ends Inconclusive'],
  },
  'deadlines and an invalid spec': {
    world: served([{ setWeight: 50 }, { setCanaryScale: { replicas: 2 } }]),
    can: ['v2 is declared', 'pods come up', 'time passes', 'the spec gets invalid', 'the spec is mended'],
  },
  'the first revision': {
    world: () => new World([{ setWeight: 50 }], { replicas: 2 }),
    can: ['v2 is declared', 'v3 is declared', 'pods come up', 'pods of v2 fail'],
  },
  'blue-green': {
    world: blueGreen({ autoPromotionEnabled: false, prePromotionAnalysis: ANALYSIS, postPromotionAnalysis: ANALYSIS }),
    can: ['a run ends Successful', 'a run ends Failed', 'v2 is declared', 'pods come up', 'promote', 'abort'],
  },
  'blue-green that cannot tell': {
    world: blueGreen({ postPromotionAnalysis: ANALYSIS }),
    can: ['a run ends Inconclusive', 'v2 is declared', 'pods come up', 'promote', 'promote=full'],
  },
  'blue-green over blue-green': {
    world: blueGreen({ previewReplicaCount: 1, postPromotionAnalysis: ANALYSIS }),
    can: ['v1 is declared', 'v2 is declared', 'v3 is declared', 'pods come up', 'a run ends Failed', 'promote=full'],
  },
  'blue-green whose traffic goes over by weights': {
    world: blueGreen({
      trafficRouting: { istio: { virtualService: { name: 'web' } } },
      autoPromotionEnabled: false,
      promotionSteps: [{ setWeight: 50 }, analysis],
      postPromotionAnalysis: ANALYSIS,
    }),
    can: [
      'v1 is declared',
      'v2 is declared',
      'pods come up',
      'a run ends Successful',
      'a run ends Failed',
      'promote',
      'abort',
    ],
  },
  'a way back that is warm': {
    world: blueGreen({ abortScaleDownDelaySeconds: 0 }),
    can: ['v1 is declared', 'v2 is declared', 'v3 is declared', 'pods come up'],
    goesOn: true,
  },
  'blue-green with a clock, pods that fail and an invalid spec': {
    world: blueGreen({ autoPromotionSeconds: 30 }),
    can: [
      'v2 is declared',
      'pods come up',
      'pods of v2 fail',
      'time passes',
      'the spec gets invalid',
      'the spec is mended',
    ],
  },
  'a background analysis that cannot tell': {
    world: served([{ setWeight: 50 }, { pause: {} }], (world) => {
      world.spec.strategy.canary!.analysis = { templates: [{ templateName: 'success-rate' }] };
    }),
    can: ['v2 is declared', 'pods come up', 'a run ends Inconclusive', 'promote', 'promote=full'],
  },
  'a pause, and another revision': {
    world: served([{ pause: {} }]),
    can: ['v2 is declared', 'v3 is declared', 'pods come up', 'pause'],
  },
  'an analysis whose pods fail': {
    world: served([{ setWeight: 50 }, analysis, { pause: {} }]),
    can: ['v2 is declared', 'pods come up', 'pods of v2 fail', 'pods of v2 recover', 'a run ends Inconclusive'],
  },
  'Git that goes back': {
    world: served([{ setWeight: 50 }, { pause: {} }], (world) => {
      world.revision = { commit: 'c0ffee1' };
    }),
    can: [
      'v2 is declared',
      'v3 is declared',
      'pods come up',
      'abort',
      'the agent goes back and holds',
      'the hold ends',
    ],
  },
  restarts: {
    world: served([{ pause: {} }]),
    can: ['v2 is declared', 'pods come up', 'restart', 'all pods are new', 'spec.restartAt comes'],
  },
  windows: {
    world: served([{ setWeight: 50 }]),
    can: [
      'v2 is declared',
      'pods come up',
      'promote=full',
      'override with a reason',
      'a window closes',
      'all is stopped',
      'it opens',
    ],
  },
  'going back by hand': {
    world: served([{ setWeight: 50 }]),
    can: ['v2 is declared', 'pods come up', 'rollback to v1'],
    goesOn: true,
  },
  'no router': {
    world: () => {
      const world = World.surging([{ setWeight: 50 }, analysis], {}, 3);
      world.services = { canary: null, stable: null };
      world.settle();
      return world;
    },
    can: ['v1 is declared', 'v2 is declared', 'pods come up', 'a run ends Successful', 'a run ends Failed', 'pause'],
  },
};

describe.each(Object.entries(STORIES))('every path of %s', (_, story) => {
  it('keeps the invariants, and from its end comes to rest', () => {
    const paths = walk(story);
    expect(paths.length).toBeGreaterThan(3);
    const wrong = paths.flatMap(({ state, words }) => {
      const rest = restOf(state);
      const found = [...state.auditor.violations, ...(AT_REST.test(rest) ? [] : [`rests as ${rest}`])];
      return found.map((text) => `${words}: ${text}`);
    });
    expect(wrong).toEqual([]);
  });
});

describe('the paths together', () => {
  it('take every transition of the chart', () => {
    expect(transitionsOf().filter((name) => !taken.has(name))).toEqual([]);
  });

  it('rest in every state of the chart but the one that chooses', () => {
    expect(STATES.filter((name) => !reached.has(name))).toEqual(['stepping.choosing']);
  });
});
