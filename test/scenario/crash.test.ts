import { describe, expect, it } from 'vitest';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import type { EngineProcess, ProcessOptions } from './engine-process.ts';
import { analysisStep, application, IMAGE, rollout, shop, yaml } from './manifests.ts';

// Every write in turn, before and after: SLUICE_CRASH_ALL=1 npx vitest run test/scenario/crash.test.ts
const ALL = process.env['SLUICE_CRASH_ALL'] === '1';
const STRIDE = ALL ? 1 : 3;
const TIMEOUT = 1_200_000;

const STEPS: Step[] = [{ setWeight: 10 }, analysisStep, { pause: {} }, { setWeight: 50 }, analysisStep];
const files = (version: string, greeting = 'hello'): Record<string, string> => ({
  ...shop(version, greeting),
  'deploy/rollout.yaml': yaml(rollout(version, { steps: STEPS })),
});

interface Ending {
  first: EngineProcess;
  picture: unknown;
  events: string[];
  violations: string[];
}

/** v1 from Git, v2 promoted with a person's word at the pause, v3 aborted at its first step and reverted. */
async function story(die?: ProcessOptions['die']): Promise<Ending> {
  const cluster = await Cluster.open();
  try {
    const first = await cluster.start(die === undefined ? {} : { die });
    cluster.onDeath(first, 3_000);
    cluster.push(files('v1'), 'Deploy v1');
    cluster.create(application());
    await cluster.until('v1 is promoted', () => isPromoted(cluster, 'v1'));
    cluster.push(files('v2'), 'Deploy v2');
    await cluster.until('v2 waits for a person', () => cluster.rollout().status?.controllerPause === true);
    cluster.annotate('promote', cluster.rollout().status?.currentPodHash);
    await cluster.until('v2 is promoted', () => isPromoted(cluster, 'v2'));
    cluster.prometheus.rates.set(IMAGE('v3'), 0.8);
    const v3 = cluster.push(files('v3', 'hello from v3'), 'Deploy v3');
    await cluster.until('v3 is reverted', () => isSettledBehind(cluster, v3));
    await cluster.run(120_000);
    return { first, picture: pictureOf(cluster), events: cluster.events(), violations: cluster.audit.violations };
  } finally {
    cluster.close();
  }
}

function isPromoted(cluster: Cluster, version: string): boolean {
  const { status } = cluster.rollout();
  const isStable = status?.stableRS !== undefined && status.stableRS === status.currentPodHash;
  return cluster.declaredImage() === IMAGE(version) && status?.phase === 'Healthy' && isStable;
}

const isSettledBehind = (cluster: Cluster, rejected: string): boolean =>
  isPromoted(cluster, 'v2') &&
  cluster.commits()[1]?.oid === rejected &&
  cluster.application().status?.phase === 'Synced' &&
  cluster.application().status?.revision?.commit === cluster.commits()[0]?.oid;

/** What a user finds at the end. */
function pictureOf(cluster: Cluster): unknown {
  const { metadata, status } = cluster.rollout();
  const app = cluster.application();
  return {
    weights: cluster.weights(),
    shifted: Object.fromEntries(cluster.audit.weights),
    pods: cluster.pods(),
    revisions: cluster.replicaSets().map((rs) => rs.metadata.labels?.[POD_TEMPLATE_HASH]),
    selected: [cluster.selected('web-stable'), cluster.selected('web-canary')],
    image: cluster.declaredImage(),
    greeting: cluster.greeting(),
    phase: status?.phase,
    stable: [status?.stableRS, status?.stableRevision?.subject],
    history: status?.history?.map(({ outcome, podHash }) => ({ outcome, podHash })),
    command: [status?.lastCommand?.verb, status?.lastCommand?.outcome],
    verbs: Object.keys(metadata.annotations ?? {}).filter((name) => /\/(promote|abort|retry)$/.test(name)),
    // Between the weight and the record of a verdict its numbers are in memory alone: then the mark on the route speaks for it.
    runs: cluster.runs().map((run) => [run.metadata.name, (run.status as { phase: string }).phase === 'Successful']),
    log: cluster.log().map((subject) => subject.replace(/^Revert web to [0-9a-f]{7}: .+/, 'Revert web')),
    notes: cluster.commits().map(({ oid }) => titlesIn(cluster.repository.notes.get(oid))),
    application: [app.status?.phase, app.status?.holds],
  };
}

const titlesIn = (note: string | undefined): string[] =>
  (note ?? '').split('\n').filter((line) => /^(Promoted|Aborted|Restored):/.test(line));

describe('a process that is killed at any write', async () => {
  const whole = await story();
  const count = whole.first.writes.length;
  const moments = Array.from({ length: Math.ceil(count / STRIDE) }, (_, i) => i * STRIDE + 1).flatMap((at, i) =>
    (ALL ? (['before', 'after'] as const) : [i % 2 === 0 ? ('before' as const) : ('after' as const)]).map((when) => ({
      at,
      when,
      what: whole.first.writes[at - 1] ?? '',
    })),
  );

  it('has a story without a crash to compare with', () => {
    expect(whole.violations).toEqual([]);
    expect(count).toBeGreaterThan(60);
    expect(whole.picture).toMatchObject({
      weights: { stable: 100, canary: 0 },
      greeting: 'hello',
      phase: 'Healthy',
      history: [{ outcome: 'Promoted' }, { outcome: 'Promoted' }, { outcome: 'Aborted' }],
      log: ['Revert web', 'Deploy v3', 'Deploy v2', 'Deploy v1'],
      verbs: [],
    });
  });

  it.each(moments)(
    'ends the same when it dies $when write $at ($what)',
    async ({ at, when }) => {
      const ending = await story({ at, when });
      expect(ending.first.dead).toBe(true);
      expect(ending.violations).toEqual([]);
      expect(ending.picture).toEqual(whole.picture);
      const once = ending.events.filter((text) => /^Rollout(Completed|Aborted)/.test(text));
      expect(new Set(once).size).toBe(once.length);
    },
    TIMEOUT,
  );
});
