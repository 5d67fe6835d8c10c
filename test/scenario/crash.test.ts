import { describe, expect, it } from 'vitest';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { commonPicture, isSettledBehind, momentsOf, TIMEOUT, type Ending } from './crash-moments.ts';
import type { ProcessOptions } from './engine-process.ts';
import { isPromoted } from './given.ts';
import { analysisStep, application, IMAGE, rollout, shop, yaml } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 10 }, analysisStep, { pause: {} }, { setWeight: 50 }, analysisStep];
const files = (version: string, greeting = 'hello'): Record<string, string> => ({
  ...shop(version, greeting),
  'deploy/rollout.yaml': yaml(rollout(version, { steps: STEPS })),
});

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

/** What a user finds at the end. */
function pictureOf(cluster: Cluster): unknown {
  const app = cluster.application();
  return {
    ...commonPicture(cluster),
    weights: cluster.weights(),
    shifted: Object.fromEntries(cluster.audit.weights),
    revisions: cluster.replicaSets().map((rs) => rs.metadata.labels?.[POD_TEMPLATE_HASH]),
    selected: [cluster.selected('web-stable'), cluster.selected('web-canary')],
    image: cluster.declaredImage(),
    application: [app.status?.phase, app.status?.holds],
  };
}

describe('a process that is killed at any write', async () => {
  const whole = await story();

  it('has a story without a crash to compare with', () => {
    expect(whole.violations).toEqual([]);
    expect(whole.first.writes.length).toBeGreaterThan(60);
    expect(whole.picture).toMatchObject({
      weights: { stable: 100, canary: 0 },
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
