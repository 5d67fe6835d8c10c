import { describe, expect, it } from 'vitest';
import { ACTIVE, active, files, judged, MANUAL, PREVIEW, previewed, waits } from './blue-green.ts';
import { Cluster } from './cluster.ts';
import type { EngineProcess, ProcessOptions } from './engine-process.ts';
import { isPromoted, promoted } from './given.ts';
import { application, IMAGE } from './manifests.ts';

// Every write in turn, before and after: SLUICE_CRASH_ALL=1 npx vitest run test/scenario/blue-green-crash.test.ts
const ALL = process.env['SLUICE_CRASH_ALL'] === '1';
const STRIDE = ALL ? 1 : 3;
const TIMEOUT = 1_200_000;

const SHAPE = {
  blueGreen: {
    ...MANUAL,
    previewReplicaCount: 2,
    prePromotionAnalysis: judged(PREVIEW),
    postPromotionAnalysis: judged(ACTIVE),
    previewMetadata: { labels: { role: 'preview' } },
    activeMetadata: { labels: { role: 'active' } },
  },
};

interface Ending {
  first: EngineProcess;
  picture: unknown;
  events: string[];
  violations: string[];
}

async function release(cluster: Cluster, version: string, greeting?: string): Promise<string> {
  const commit = cluster.push(files(version, SHAPE, greeting), `Deploy ${version}`);
  const hash = () => cluster.rollout().status?.currentPodHash;
  const before = hash();
  await cluster.until(`${version} is declared`, () => hash() !== before);
  await waits(cluster);
  cluster.annotate('promote', hash());
  return commit;
}

/** v1 from Git, v2 looked at, let through by a person and verified; v3 looks well until it serves, is switched back and reverted. */
async function story(die?: ProcessOptions['die']): Promise<Ending> {
  const cluster = await Cluster.open();
  try {
    cluster.prometheus.script = (query) => {
      if (!query.includes(ACTIVE) || active(cluster) !== 'v3') return undefined;
      cluster.prometheus.condemned.add(IMAGE('v3'));
      return [0.8];
    };
    const first = await cluster.start(die === undefined ? {} : { die });
    cluster.onDeath(first, 3_000);
    cluster.push(files('v1', SHAPE), 'Deploy v1');
    cluster.create(application());
    await promoted(cluster, 'v1');
    await release(cluster, 'v2');
    await promoted(cluster, 'v2');
    const v3 = await release(cluster, 'v3', 'hello from v3');
    await cluster.until('v3 is reverted', () => isSettledBehind(cluster, v3));
    await cluster.run(120_000);
    return { first, picture: pictureOf(cluster), events: cluster.events(), violations: cluster.audit.violations };
  } finally {
    cluster.close();
  }
}

const isSettledBehind = (cluster: Cluster, rejected: string): boolean =>
  isPromoted(cluster, 'v2') &&
  cluster.commits()[1]?.oid === rejected &&
  cluster.application().status?.phase === 'Synced' &&
  cluster.application().status?.revision?.commit === cluster.commits()[0]?.oid;

/** What a user finds at the end. */
function pictureOf(cluster: Cluster): unknown {
  const { metadata, status } = cluster.rollout();
  return {
    serving: [active(cluster), previewed(cluster), cluster.readyBehind(ACTIVE)],
    pods: cluster.pods(),
    roles: cluster.podObjects().map((pod) => pod.metadata.labels?.['role']),
    greeting: cluster.greeting(),
    phase: status?.phase,
    blueGreen: status?.blueGreen,
    stable: [status?.stableRS, status?.stableRevision?.subject],
    history: status?.history?.map(({ outcome, podHash }) => ({ outcome, podHash })),
    command: [status?.lastCommand?.verb, status?.lastCommand?.outcome],
    verbs: Object.keys(metadata.annotations ?? {}).filter((name) => /\/(promote|abort|retry)$/.test(name)),
    runs: cluster.runs().map((run) => [run.metadata.name, (run.status as { phase: string }).phase === 'Successful']),
    log: cluster.log().map((subject) => subject.replace(/^Revert web to [0-9a-f]{7}: .+/, 'Revert web')),
    notes: cluster.commits().map(({ oid }) => titlesIn(cluster.repository.notes.get(oid))),
  };
}

const titlesIn = (note: string | undefined): string[] =>
  (note ?? '').split('\n').filter((line) => /^(Promoted|Aborted|Restored):/.test(line));

describe('a process that is killed at any write of a blue-green release', async () => {
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
      serving: ['v2', 'v2', 4],
      pods: { v1: 0, v2: 4, v3: 0 },
      roles: ['active', 'active', 'active', 'active'],
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
