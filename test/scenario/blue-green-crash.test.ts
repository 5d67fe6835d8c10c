import { describe, expect, it } from 'vitest';
import { ACTIVE, active, files, judged, MANUAL, PREVIEW, previewed, waits } from './blue-green.ts';
import { Cluster } from './cluster.ts';
import { commonPicture, isSettledBehind, momentsOf, TIMEOUT, type Ending } from './crash-moments.ts';
import type { ProcessOptions } from './engine-process.ts';
import { promoted } from './given.ts';
import { application, IMAGE } from './manifests.ts';

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

/** What a user finds at the end. */
function pictureOf(cluster: Cluster): unknown {
  return {
    ...commonPicture(cluster),
    serving: [active(cluster), previewed(cluster), cluster.readyBehind(ACTIVE)],
    roles: cluster.podObjects().map((pod) => pod.metadata.labels?.['role']),
    blueGreen: cluster.rollout().status?.blueGreen,
  };
}

describe('a process that is killed at any write of a blue-green release', async () => {
  const whole = await story();

  it('has a story without a crash to compare with', () => {
    expect(whole.violations).toEqual([]);
    expect(whole.first.writes.length).toBeGreaterThan(60);
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

  it.each(momentsOf(whole.first.writes))(
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
