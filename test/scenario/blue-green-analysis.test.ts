import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  aborted,
  ACTIVE,
  active,
  apply,
  givenV1,
  hashOf,
  judged,
  MANUAL,
  PREVIEW,
  previewed,
  serves,
  waits,
  writesTo,
} from './blue-green.ts';
import { Cluster } from './cluster.ts';
import { promoted } from './given.ts';
import { IMAGE } from './manifests.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const status = () => cluster.rollout().status ?? {};
const phases = (): unknown[] =>
  cluster
    .runs()
    .map(({ metadata, status: run }) => [
      metadata.name.replace(/^web-.+-(pre|post)$/, '$1'),
      (run as { phase: string }).phase,
    ]);
const untilMeasured = (kind: 'pre' | 'post'): Promise<void> =>
  cluster.until('it is measured', () =>
    cluster
      .runs()
      .some(
        ({ metadata, status: run }) => metadata.name.endsWith(kind) && (run as { phase: string }).phase === 'Running',
      ),
  );

describe('prePromotionAnalysis', () => {
  const before = { blueGreen: { prePromotionAnalysis: judged(PREVIEW) } };

  it('begins when all pods of the preview are available, and lets the switch come when it is well', async () => {
    await givenV1(cluster, before);
    cluster.workloads.broken.add(IMAGE('v2'));
    apply(cluster, 'v2', before);
    await cluster.run(60_000);
    expect(cluster.runs()).toEqual([]);
    cluster.workloads.mend(IMAGE('v2'));
    await untilMeasured('pre');
    expect(active(cluster)).toBe('v1');
    expect(status()).toMatchObject({ phase: 'Progressing', step: '1/2' });
    expect(status().blueGreen?.prePromotionAnalysisRunStatus).toMatchObject({ status: 'Running' });
    await promoted(cluster, 'v2');
    expect(phases()).toEqual([['pre', 'Successful']]);
    expect(cluster.prometheus.queries).toEqual(Array.from({ length: 2 }, () => `success_rate{service="${PREVIEW}"}`));
  });

  it('measures pods of previewReplicaCount, and lets a person promote only behind it', async () => {
    const shape = { blueGreen: { ...before.blueGreen, ...MANUAL, previewReplicaCount: 2 } };
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await untilMeasured('pre');
    expect(cluster.pods()['v2']).toBe(2);
    expect(status().pauseConditions).toBeUndefined();
    await waits(cluster);
    expect(phases()).toEqual([['pre', 'Successful']]);
    expect(status().step).toBe('2/3');
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
  });

  it('rejects what is not well before a single request of a user reached it', async () => {
    await givenV1(cluster, before);
    const writes = writesTo(cluster, ACTIVE);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    apply(cluster, 'v2', before);
    await aborted(cluster);
    await cluster.run(5_000);
    expect([active(cluster), writesTo(cluster, ACTIVE)]).toEqual(['v1', writes]);
    expect(status()).toMatchObject({ phase: 'Degraded', weight: 0 });
    expect(status().message).toMatch(/^RolloutAborted: Rollout aborted update to revision .*success-rate.*0\.8/);
    expect(status().blueGreen?.prePromotionAnalysisRunStatus?.status).toBe('Failed');
    expect(cluster.condition(cluster.rollout(), 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'RolloutAborted',
    });
  });

  it('measures nothing before the preview Service selects the new revision', async () => {
    await givenV1(cluster, before);
    const heal = cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes(`/services/${PREVIEW}`) ? { fail: 403 } : undefined,
    );
    apply(cluster, 'v2', before);
    await cluster.run(60_000);
    expect([cluster.runs(), active(cluster)]).toEqual([[], 'v1']);
    expect(status().message).toMatch(/^ReconciliationError: a selector cannot be switched: /);
    heal();
    await promoted(cluster, 'v2');
  });

  it('that cannot tell leaves it to a person', async () => {
    await givenV1(cluster, before, { failureCondition: 'result[0] < 0.5' });
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    apply(cluster, 'v2', before);
    await cluster.until('it asks', () => status().pauseConditions?.[0]?.reason === 'InconclusiveAnalysisRun');
    await cluster.run(600_000);
    expect(active(cluster)).toBe('v1');
    cluster.prometheus.condemned.clear(); // by a person, who knows better
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
  });
});

describe('postPromotionAnalysis', () => {
  const after = { blueGreen: { postPromotionAnalysis: judged(ACTIVE), scaleDownDelaySeconds: 5 } };

  it('measures what serves, with the old pods warm for as long as it takes', async () => {
    await givenV1(cluster, after, { count: 60 });
    apply(cluster, 'v2', after);
    await serves(cluster, 'v2');
    await cluster.run(50_000);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 4 });
    expect(status()).toMatchObject({
      phase: 'Progressing',
      weight: 100,
      stableRS: hashOf(cluster.replicaSet(IMAGE('v1'))),
    });
    expect(status().message).toMatch(/^waiting for post-promotion verification to complete/);
    expect(status().blueGreen?.postPromotionAnalysisRunStatus).toMatchObject({ status: 'Running' });
    expect(cluster.condition(cluster.rollout(), 'Completed')).toMatchObject({ status: 'False' });
    await promoted(cluster, 'v2');
    expect(cluster.pods()['v1']).toBe(4);
    await cluster.until('the old pods are gone', () => cluster.pods()['v1'] === 0, 6_000);
    expect(phases()).toEqual([['post', 'Successful']]);
  });

  it('that fails switches back in one write, before anything else is written', async () => {
    await givenV1(cluster, after);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    apply(cluster, 'v2', after);
    await serves(cluster, 'v2');
    const writes = writesTo(cluster, ACTIVE);
    const from = cluster.journal.length;
    await serves(cluster, 'v1');
    expect(writesTo(cluster, ACTIVE) - writes).toBe(1);
    const journal = cluster.journal.slice(from);
    const asked = journal.lastIndexOf('prometheus query');
    expect(journal[asked + 1]).toBe(`kube PATCH /api/v1/namespaces/shop/services/${ACTIVE}`);
    await aborted(cluster);
    expect(cluster.readyBehind(ACTIVE)).toBe(4);
    expect(status().history?.at(-1)).toMatchObject({ outcome: 'Aborted' });
    expect(status().blueGreen?.postPromotionAnalysisRunStatus?.status).toBe('Failed');
    await cluster.until('the pods of v2 are gone', () => cluster.pods()['v2'] === 0, 40_000);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 0 });
    expect(previewed(cluster)).toBe('v1');
  });

  it('that fails is kept on the Service, where a controller that dies before its record finds it', async () => {
    await givenV1(cluster, after);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    apply(cluster, 'v2', after);
    await serves(cluster, 'v2');
    const heal = cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/status') ? { fail: 500 } : undefined,
    );
    await serves(cluster, 'v1');
    cluster.close();
    heal();
    await cluster.start();
    await aborted(cluster);
    await cluster.run(60_000);
    expect([active(cluster), status().machine?.cause]).toEqual(['v1', 'Recovered']);
    const mark = (): string | undefined =>
      cluster.find('Service', ACTIVE)?.metadata.annotations?.['sluice.dev/rejected'];
    expect(mark()).toBe(`${hashOf(cluster.replicaSet(IMAGE('v2')))}-2`);
    apply(cluster, 'v3', after);
    await promoted(cluster, 'v3');
    expect(mark()).toBeUndefined();
  });

  it('has the time to the switch back measured, as that to weight 0 is', async () => {
    await givenV1(cluster, after);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    apply(cluster, 'v2', after);
    await aborted(cluster);
    const series = (await cluster.processes[0]?.metrics.render())?.body.split('\n');
    expect(series).toContain('sluice_bad_sample_to_zero_seconds_count 1');
  });

  it('that cannot tell leaves it to a person, while the old pods stay', async () => {
    await givenV1(cluster, after, { failureCondition: 'result[0] < 0.5' });
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    apply(cluster, 'v2', after);
    await cluster.until('it asks', () => status().pauseConditions?.[0]?.reason === 'InconclusiveAnalysisRun');
    await cluster.run(600_000);
    expect([active(cluster), status().phase, cluster.pods()['v1']]).toEqual(['v2', 'Paused', 4]);
    cluster.annotate('abort');
    await serves(cluster, 'v1');
  });

  it('ends as a person promotes', async () => {
    await givenV1(cluster, after, { count: 600 });
    apply(cluster, 'v2', after);
    await untilMeasured('post');
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    await cluster.run(1_000);
    const asked = cluster.prometheus.queries.length;
    await cluster.run(60_000);
    expect(cluster.prometheus.queries).toHaveLength(asked);
  });

  it('goes on while the release is paused, and still switches back', async () => {
    await givenV1(cluster, after, { count: 60, failureLimit: 0 });
    apply(cluster, 'v2', after);
    await untilMeasured('post');
    cluster.annotate('pause');
    await cluster.run(5_000);
    expect(status().phase).toBe('Paused');
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    await serves(cluster, 'v1');
  });

  it('has the old pods serve while those of the new revision are all gone', async () => {
    await givenV1(cluster, after, { count: 600 });
    apply(cluster, 'v2', after);
    await untilMeasured('post');
    cluster.workloads.crash(IMAGE('v2'));
    await cluster.until('v1 serves', () => active(cluster) === 'v1', 5_000);
    expect(cluster.readyBehind(ACTIVE)).toBe(4);
    expect(status()).toMatchObject({ weight: 0, phase: 'Progressing' });
    cluster.workloads.mend(IMAGE('v2'));
    await serves(cluster, 'v2');
    await promoted(cluster, 'v2');
  });
});
