import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  aborted,
  ACTIVE,
  active,
  apply,
  files,
  givenV1,
  givenV2FromGit,
  judged,
  MANUAL,
  PREVIEW,
  previewed,
  serves,
  waits,
  writesTo,
} from './blue-green.ts';
import { Cluster } from './cluster.ts';
import { isReverted, promoted } from './given.ts';
import { application, IMAGE } from './manifests.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const status = () => cluster.rollout().status ?? {};
const hold = () => cluster.application().status?.holds?.[0];
const outcomes = (): unknown[] => (status().history ?? []).map(({ outcome }) => outcome);

describe('an abort', () => {
  const manual = { blueGreen: MANUAL };
  const verified = { blueGreen: { postPromotionAnalysis: judged(ACTIVE) } };

  it('by a person before the switch leaves what serves alone; the preview goes after abortScaleDownDelaySeconds', async () => {
    const shape = { blueGreen: { ...MANUAL, abortScaleDownDelaySeconds: 60 } };
    await givenV1(cluster, shape);
    const writes = writesTo(cluster, ACTIVE);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    cluster.annotate('abort', 'too slow');
    await aborted(cluster);
    expect(status()).toMatchObject({ phase: 'Degraded', weight: 0, currentStepIndex: 0 });
    expect(status().message).toMatch(/^RolloutAborted: Rollout aborted update to revision .*: too slow$/);
    await cluster.run(57_000);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 4 });
    expect([active(cluster), previewed(cluster)]).toEqual(['v1', 'v2']);
    await cluster.run(5_000);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 0 });
    expect(previewed(cluster)).toBe('v1');
    expect(writesTo(cluster, ACTIVE)).toBe(writes);
  });

  it('leaves the preview for ever where abortScaleDownDelaySeconds is 0', async () => {
    const shape = { blueGreen: { ...MANUAL, abortScaleDownDelaySeconds: 0 } };
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    cluster.annotate('abort');
    await cluster.run(3_600_000);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 4 });
    expect([active(cluster), previewed(cluster)]).toEqual(['v1', 'v2']);
  });

  it('by a person after the switch is one write', async () => {
    await givenV1(cluster, verified, { count: 600 });
    apply(cluster, 'v2', verified);
    await serves(cluster, 'v2');
    await cluster.run(5_000);
    const writes = writesTo(cluster, ACTIVE);
    cluster.annotate('abort');
    await aborted(cluster);
    expect([active(cluster), writesTo(cluster, ACTIVE)]).toEqual(['v1', writes + 1]);
    await cluster.run(60_000);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 0 });
  });

  it('by the signal of Argo Rollouts is the same', async () => {
    await givenV1(cluster, manual);
    apply(cluster, 'v2', manual);
    await waits(cluster);
    cluster.signal({ abort: true });
    await cluster.until('it is degraded', () => status().phase === 'Degraded');
    cluster.signal({ abort: undefined });
    await waits(cluster);
    expect(status()).not.toHaveProperty('abort');
  });

  it('by the deadline comes where progressDeadlineAbort says so, and only then', async () => {
    const spec = { progressDeadlineSeconds: 60 };
    await givenV1(cluster, { spec });
    cluster.workloads.broken.add(IMAGE('v2'));
    apply(cluster, 'v2', { spec });
    await cluster.until('it is stuck', () => status().phase === 'Degraded', 90_000);
    expect(status().message).toMatch(/^ProgressDeadlineExceeded: no progress for 60s; 0 of 4 pods/);
    expect(status()).not.toHaveProperty('abort');
    apply(cluster, 'v2', { spec: { ...spec, progressDeadlineAbort: true } });
    await aborted(cluster);
    expect(status().message).toContain('no progress for 60s (progressDeadlineSeconds)');
    expect(active(cluster)).toBe('v1');
  });

  it('stays until somebody says retry, and then begins with the first stage', async () => {
    const shape = { blueGreen: { ...MANUAL, prePromotionAnalysis: judged(PREVIEW) } };
    await givenV1(cluster, shape);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    apply(cluster, 'v2', shape);
    await aborted(cluster);
    cluster.prometheus.rates.delete(IMAGE('v2'));
    cluster.prometheus.condemned.clear();
    await cluster.run(10_000);
    cluster.annotate('retry');
    await waits(cluster);
    expect(cluster.runs()).toHaveLength(2);
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
  });

  it('waits for the pods to go back to where they were lost', async () => {
    await givenV1(cluster, verified, { count: 600 });
    apply(cluster, 'v2', verified);
    await serves(cluster, 'v2');
    cluster.workloads.crash(IMAGE('v1'));
    await cluster.run(1_000);
    cluster.annotate('abort');
    await cluster.until('it is aborted', () => status().abort === true);
    await cluster.run(60_000);
    expect([active(cluster), status().weight]).toEqual(['v2', 100]);
    expect(cluster.pods()['v2']).toBe(4);
    cluster.workloads.mend(IMAGE('v1'));
    await serves(cluster, 'v1');
  });
});

describe('going back to an earlier revision', () => {
  const shape = {
    blueGreen: {
      ...MANUAL,
      scaleDownDelaySeconds: 60,
      prePromotionAnalysis: judged(PREVIEW),
      postPromotionAnalysis: judged(ACTIVE),
    },
  };

  async function givenV2(): Promise<void> {
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
  }

  it('within the delay is one write: no stages, no analysis, no person', async () => {
    await givenV2();
    await cluster.run(40_000);
    const writes = writesTo(cluster, ACTIVE);
    const runs = cluster.runs().length;
    apply(cluster, 'v1', shape);
    await cluster.until('v1 serves', () => active(cluster) === 'v1', 1_000);
    await promoted(cluster, 'v1');
    expect(writesTo(cluster, ACTIVE) - writes).toBe(1);
    expect(cluster.runs()).toHaveLength(runs);
    expect(status()).toMatchObject({ step: '3/3', weight: 100 });
    await cluster.until('the pods of v2 are gone', () => cluster.pods()['v2'] === 0, 62_000);
  });

  it('within the delay goes forth and back as often as wanted', async () => {
    await givenV2();
    for (const version of ['v1', 'v2', 'v1']) {
      await cluster.run(5_000);
      apply(cluster, version, shape);
      await cluster.until(`${version} serves`, () => active(cluster) === version, 1_000);
      await promoted(cluster, version);
    }
  });

  it('after the delay goes through all stages', async () => {
    await givenV2();
    await cluster.until('the old pods are gone', () => cluster.pods()['v1'] === 0);
    apply(cluster, 'v1', shape);
    await waits(cluster);
    expect(active(cluster)).toBe('v2');
    expect(cluster.runs().filter(({ metadata }) => metadata.name.endsWith('-pre'))).toHaveLength(2);
    cluster.annotate('promote');
    await promoted(cluster, 'v1');
  });

  it('to one that was only ever looked at goes through all stages, though its pods are warm', async () => {
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    apply(cluster, 'v1', shape);
    await promoted(cluster, 'v1');
    expect(cluster.pods()['v2']).toBe(4);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    expect(active(cluster)).toBe('v1');
  });

  it('to one that was rejected goes through all stages, though its pods are warm', async () => {
    const kept = { blueGreen: { ...shape.blueGreen, abortScaleDownDelaySeconds: 600 } };
    await givenV1(cluster, kept);
    apply(cluster, 'v2', kept);
    await waits(cluster);
    cluster.annotate('abort');
    await aborted(cluster);
    apply(cluster, 'v1', kept);
    await promoted(cluster, 'v1');
    expect(cluster.pods()['v2']).toBe(4);
    apply(cluster, 'v2', kept);
    await waits(cluster);
    expect(active(cluster)).toBe('v1');
  });

  it('in the middle of a release needs nothing: what serves goes on', async () => {
    await givenV1(cluster, shape);
    const writes = writesTo(cluster, ACTIVE);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    apply(cluster, 'v1', shape);
    await promoted(cluster, 'v1');
    expect(writesTo(cluster, ACTIVE)).toBe(writes);
    expect(outcomes()).toEqual(['Promoted', 'RolledBack']);
    await cluster.until('the preview follows', () => previewed(cluster) === 'v1');
  });

  it('while the switch is being verified is one write', async () => {
    const quick = { blueGreen: { postPromotionAnalysis: judged(ACTIVE) } };
    await givenV1(cluster, quick, { count: 600 });
    apply(cluster, 'v2', quick);
    await serves(cluster, 'v2');
    const writes = writesTo(cluster, ACTIVE);
    apply(cluster, 'v1', quick);
    await promoted(cluster, 'v1');
    expect([active(cluster), writesTo(cluster, ACTIVE)]).toEqual(['v1', writes + 1]);
  });

  it('another revision that is declared meanwhile starts from the stable one, which serves until it is promoted', async () => {
    const quick = { blueGreen: { postPromotionAnalysis: judged(ACTIVE) } };
    await givenV1(cluster, quick, { count: 60 });
    apply(cluster, 'v2', quick);
    await serves(cluster, 'v2');
    await cluster.run(5_000);
    cluster.workloads.broken.add(IMAGE('v3'));
    apply(cluster, 'v3', quick);
    await serves(cluster, 'v1');
    expect(cluster.readyBehind(ACTIVE)).toBe(4);
    cluster.workloads.mend(IMAGE('v3'));
    await promoted(cluster, 'v3');
    expect(outcomes()).toEqual(['Promoted', 'Superseded', 'Promoted']);
  });
});

describe('from Git', () => {
  const shape = { blueGreen: { postPromotionAnalysis: judged(ACTIVE) } };

  function pushBadV3(): string {
    cluster.prometheus.rates.set(IMAGE('v3'), 0.8);
    return cluster.push(files('v3', shape, 'hello from v3'), 'Deploy v3');
  }

  it('a revision that fails after the switch is taken back, held, and reverted by a commit that says why', async () => {
    const { v2 } = await givenV2FromGit(cluster, shape);
    const v3 = pushBadV3();
    await serves(cluster, 'v3');
    await cluster.until('v3 is taken back', () => isReverted(cluster, 'v2'));
    expect(active(cluster)).toBe('v2');
    expect(cluster.greeting()).toBe('hello');
    expect(hold()).toMatchObject({ rejected: { commit: v3 }, stable: { commit: v2 } });
    await cluster.until('a revert is pushed', () => cluster.commits()[1]?.oid === v3);
    const [revert] = cluster.commits();
    expect(revert?.subject).toMatch(new RegExp(`^Revert web to ${v2.slice(0, 7)}: .*success-rate`));
    expect(revert?.files).toEqual(cluster.commits()[2]?.files);
    await cluster.until('the hold ends', () => hold() === undefined && status().phase === 'Healthy');
    await cluster.until(
      'both have a note',
      () => cluster.repository.notes.has(v3) && cluster.repository.notes.has(revert?.oid ?? ''),
    );
    expect(cluster.repository.notes.get(v3)).toContain('Aborted: Rollout shop/web');
    expect(cluster.repository.notes.get(v3)).toContain('[0.8] (Failed)');
    expect(cluster.repository.notes.get(v2)).toContain('Promoted: Rollout shop/web');
    expect(outcomes()).toEqual(['Promoted', 'Promoted', 'Aborted']);
  });

  it('a revision that was aborted stays held without write-back, and goes through its stages at a retry, though its pods are warm', async () => {
    const kept = { blueGreen: { ...shape.blueGreen, ...MANUAL, abortScaleDownDelaySeconds: 600 } };
    cluster.push(files('v1', kept), 'Deploy v1');
    cluster.create(application({ writeBack: { onAbort: 'None' } }));
    await cluster.start();
    await promoted(cluster, 'v1');
    cluster.push(files('v2', kept), 'Deploy v2');
    await waits(cluster);
    cluster.annotate('abort');
    await cluster.until(
      'v2 is held',
      () => cluster.application().status?.phase === 'Held' && isReverted(cluster, 'v1'),
    );
    await cluster.run(60_000);
    expect(status().phase).toBe('Degraded');
    expect(status().message).toMatch(/^held at [0-9a-f]{7}: [0-9a-f]{7} rejected, aborted by a person/);
    expect([active(cluster), cluster.pods()['v2']]).toEqual(['v1', 4]);
    cluster.annotate('retry');
    await waits(cluster);
    expect(active(cluster)).toBe('v1');
  });

  it('what is written of the Rollout does not count as drift, and the Services stay with their revision', async () => {
    await givenV2FromGit(cluster, shape);
    await cluster.run(120_000);
    expect([active(cluster), previewed(cluster)]).toEqual(['v2', 'v2']);
    cluster.push(
      {
        'deploy/services.yaml':
          files('v2', shape)['deploy/services.yaml']?.replaceAll('port: 80\n', 'port: 81\n') ?? '',
      },
      'Another port',
    );
    await cluster.run(30_000);
    expect([active(cluster), previewed(cluster)]).toEqual(['v2', 'v2']);
    expect(cluster.application().status?.phase).toBe('Synced');
  });
});
