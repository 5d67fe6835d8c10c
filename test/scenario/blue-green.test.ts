import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject, ReplicaSet } from '../../src/api/k8s.ts';
import {
  active,
  apply,
  givenV1,
  hashOf,
  judged,
  MANUAL,
  PREVIEW,
  previewed,
  waits,
  writesTo,
  ACTIVE,
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
const live = (version: string): ReplicaSet | undefined => cluster.replicaSet(IMAGE(version));

describe('a blue-green release', () => {
  it('stands beside the serving revision, and takes over in one write', async () => {
    await givenV1(cluster);
    const before = writesTo(cluster, ACTIVE);
    apply(cluster, 'v2');
    await promoted(cluster, 'v2');
    expect(active(cluster)).toBe('v2');
    expect(writesTo(cluster, ACTIVE) - before).toBe(1);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 4 });
  });

  it('switches only when all of its pods are available', async () => {
    await givenV1(cluster);
    cluster.workloads.broken.add(IMAGE('v2'));
    apply(cluster, 'v2');
    await cluster.run(300_000);
    expect([active(cluster), previewed(cluster)]).toEqual(['v1', 'v2']);
    expect(status()).toMatchObject({ phase: 'Progressing', weight: 0, step: '0/1' });
    expect(status().message).toMatch(/^step 1\/1: scaling to 4 pods; 0 of 4 pods of revision/);
    cluster.workloads.mend(IMAGE('v2'));
    await promoted(cluster, 'v2');
  });

  it('is looked at through the preview Service as soon as it has a ReplicaSet, before any pod is ready', async () => {
    await givenV1(cluster);
    cluster.workloads.broken.add(IMAGE('v2'));
    apply(cluster, 'v2');
    await cluster.until('the preview follows', () => previewed(cluster) === 'v2', 1000);
    expect(cluster.readyBehind(PREVIEW)).toBe(0);
    expect(active(cluster)).toBe('v1');
  });

  it('needs no preview Service', async () => {
    const shape = { blueGreen: { previewService: undefined, ...MANUAL } };
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    expect(cluster.selected(PREVIEW)).toBeUndefined();
    expect(status().blueGreen).toEqual({ activeSelector: hashOf(live('v1')) });
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    expect(active(cluster)).toBe('v2');
  });

  it('is the first of its kind: it has no stages and nothing to wait for', async () => {
    await givenV1(cluster, { blueGreen: { ...MANUAL, prePromotionAnalysis: judged(PREVIEW) } });
    expect([active(cluster), previewed(cluster)]).toEqual(['v1', 'v1']);
    expect(cluster.runs()).toEqual([]);
  });

  it('writes nothing when there is nothing to do', async () => {
    await givenV1(cluster);
    apply(cluster, 'v2');
    await promoted(cluster, 'v2');
    await cluster.run(120_000);
    const [process] = cluster.processes;
    const before = process?.writes.length;
    await cluster.run(3_600_000);
    expect(process?.writes.slice(before)).toEqual([]);
  });
});

describe('previewReplicaCount', () => {
  const shape = { blueGreen: { previewReplicaCount: 1, ...MANUAL } };

  it('pods stand there until it is promoted; then all do, before the switch', async () => {
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 1 });
    cluster.workloads.broken.add(IMAGE('v2'));
    cluster.annotate('promote');
    await cluster.until('it grows', () => cluster.pods()['v2'] === 4);
    await cluster.run(60_000);
    expect(active(cluster)).toBe('v1');
    expect(status()).toMatchObject({ phase: 'Progressing', blueGreen: { scaleUpPreviewCheckPoint: true } });
    expect(status().message).toMatch(/^promoting: 1 of 4 pods of revision/);
    cluster.workloads.mend(IMAGE('v2'));
    await promoted(cluster, 'v2');
    expect(active(cluster)).toBe('v2');
    expect(status().blueGreen).not.toHaveProperty('scaleUpPreviewCheckPoint');
  });

  it('follows no change of replicas, while the serving revision does', async () => {
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    apply(cluster, 'v2', { ...shape, spec: { replicas: 6 } });
    await cluster.until('v1 follows', () => cluster.pods()['v1'] === 6);
    expect(cluster.pods()).toEqual({ v1: 6, v2: 1 });
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    expect(cluster.pods()['v2']).toBe(6);
  });
});

describe('the promotion', () => {
  it('waits for a person where autoPromotionEnabled is false, however long, and says so', async () => {
    await givenV1(cluster, { blueGreen: MANUAL });
    apply(cluster, 'v2', { blueGreen: { ...MANUAL, autoPromotionSeconds: 5 } });
    await waits(cluster);
    await cluster.run(3_600_000);
    expect(active(cluster)).toBe('v1');
    expect(status()).toMatchObject({
      phase: 'Paused',
      controllerPause: true,
      pauseConditions: [{ reason: 'BlueGreenPause' }],
      step: '1/2',
      weight: 0,
      blueGreen: { activeSelector: hashOf(live('v1')), previewSelector: hashOf(live('v2')) },
    });
    expect(status().message).toMatch(/^BlueGreenPause: step 2\/2, /);
    expect(cluster.condition(cluster.rollout(), 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'RolloutPaused',
    });
    expect(cluster.condition(cluster.rollout(), 'Paused')).toMatchObject({ status: 'True' });
    expect(cluster.condition(cluster.rollout(), 'Completed')).toMatchObject({ status: 'False' });
  });

  it.each(['true', 'its own hash'])('comes by the annotation %s', async (value) => {
    await givenV1(cluster, { blueGreen: MANUAL });
    apply(cluster, 'v2', { blueGreen: MANUAL });
    await waits(cluster);
    cluster.annotate('promote', value === 'true' ? value : hashOf(live('v2')));
    await promoted(cluster, 'v2');
    expect(active(cluster)).toBe('v2');
    expect(status().lastCommand).toMatchObject({ verb: 'promote', outcome: 'Done: step 2 ended' });
  });

  it("comes by the signal of Argo Rollouts' plugin", async () => {
    await givenV1(cluster, { blueGreen: MANUAL });
    apply(cluster, 'v2', { blueGreen: MANUAL });
    await waits(cluster);
    cluster.signal({ pauseConditions: undefined });
    await promoted(cluster, 'v2');
  });

  it('is not that of another revision', async () => {
    await givenV1(cluster, { blueGreen: MANUAL });
    apply(cluster, 'v2', { blueGreen: MANUAL });
    await waits(cluster);
    cluster.annotate('promote', hashOf(live('v1')));
    await cluster.run(60_000);
    expect(active(cluster)).toBe('v1');
  });

  it('comes by itself after autoPromotionSeconds, not before', async () => {
    const shape = { blueGreen: { autoPromotionSeconds: 60 } };
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    await cluster.run(58_000);
    expect(active(cluster)).toBe('v1');
    await cluster.run(3_000);
    expect(active(cluster)).toBe('v2');
    await promoted(cluster, 'v2');
  });

  it('in full skips every wait and both analyses, but not the pods', async () => {
    const shape = {
      blueGreen: {
        ...MANUAL,
        previewReplicaCount: 1,
        prePromotionAnalysis: judged(PREVIEW),
        postPromotionAnalysis: judged(ACTIVE),
      },
    };
    await givenV1(cluster, shape);
    cluster.workloads.broken.add(IMAGE('v2'));
    apply(cluster, 'v2', shape);
    await cluster.until('it is on its way', () => cluster.pods()['v2'] === 1);
    cluster.annotate('promote', 'full');
    await cluster.until('it grows', () => cluster.pods()['v2'] === 4);
    await cluster.run(60_000);
    expect(active(cluster)).toBe('v1');
    cluster.workloads.mend(IMAGE('v2'));
    await promoted(cluster, 'v2');
    expect(cluster.runs()).toEqual([]);
  });

  it('ends with the status that clients of Argo Rollouts take for healthy', async () => {
    await givenV1(cluster, { blueGreen: MANUAL });
    apply(cluster, 'v2', { blueGreen: MANUAL });
    await waits(cluster);
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    const hash = hashOf(live('v2'));
    expect(status()).toMatchObject({
      phase: 'Healthy',
      message: '',
      stableRS: hash,
      currentPodHash: hash,
      currentStepIndex: 2,
      step: '2/2',
      weight: 100,
      blueGreen: { activeSelector: hash, previewSelector: hash },
    });
    expect(status()).not.toHaveProperty('pauseConditions');
    expect(status()).not.toHaveProperty('controllerPause');
    for (const type of ['Healthy', 'Completed', 'Available', 'Progressing'])
      expect(cluster.condition(cluster.rollout(), type)).toMatchObject({ status: 'True' });
    expect(cluster.events('RolloutCompleted')).toHaveLength(2);
  });
});

describe('the pods of the old revision', () => {
  it('stay for scaleDownDelaySeconds after the promotion', async () => {
    const shape = { blueGreen: { scaleDownDelaySeconds: 120 } };
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await promoted(cluster, 'v2');
    await cluster.run(117_000);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 4 });
    await cluster.run(5_000);
    expect(cluster.pods()).toEqual({ v1: 0, v2: 4 });
  });

  it('go at once where it is 0', async () => {
    const shape = { blueGreen: { scaleDownDelaySeconds: 0 } };
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await promoted(cluster, 'v2');
    await cluster.until('they are gone', () => cluster.pods()['v1'] === 0, 2_000);
  });

  it('stay for no more revisions than scaleDownDelayRevisionLimit says, the newest ones', async () => {
    const shape = { blueGreen: { scaleDownDelaySeconds: 600, scaleDownDelayRevisionLimit: 1 } };
    await givenV1(cluster, shape);
    for (const version of ['v2', 'v3']) {
      await cluster.run(2_000);
      apply(cluster, version, shape);
      await promoted(cluster, version);
    }
    await cluster.until('the oldest are gone', () => cluster.pods()['v1'] === 0, 5_000);
    expect(cluster.pods()).toEqual({ v1: 0, v2: 4, v3: 4 });
  });
});

describe('labels and annotations of the pods', () => {
  const shape = {
    blueGreen: {
      ...MANUAL,
      previewMetadata: { labels: { role: 'preview' }, annotations: { note: 'look at me' } },
      activeMetadata: { labels: { role: 'active' } },
    },
  };
  const podsOf = (version: string): KubeObject[] =>
    cluster.podObjects().filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === live(version)?.metadata.uid);
  /** Role of each pod and of the pods to come, and what is noted on them. */
  const marks = (version: string): unknown[] =>
    [...podsOf(version), live(version)?.spec.template].map((each) => [
      each?.metadata?.labels?.['role'],
      each?.metadata?.annotations?.['note'],
    ]);
  const five = (role?: string, note?: string): unknown[] => Array.from({ length: 5 }, () => [role, note]);

  it('are those of their side: on pods that live and pods to come, and taken back', async () => {
    await givenV1(cluster, shape);
    expect(marks('v1')).toEqual(five('active'));
    apply(cluster, 'v2', shape);
    await waits(cluster);
    expect(marks('v2')).toEqual(five('preview', 'look at me'));
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    await cluster.until('v2 is marked', () => podsOf('v2')[0]?.metadata.labels?.['role'] === 'active');
    await cluster.run(100);
    expect(marks('v2')).toEqual(five('active'));
    expect(marks('v1')).toEqual(five());
  });

  it('are as before after an abort', async () => {
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    cluster.annotate('abort');
    await cluster.run(1_000);
    expect(marks('v1')).toEqual(five('active'));
    expect(marks('v2')).toEqual(five('preview', 'look at me'));
  });

  it('follow a change of the spec in the middle', async () => {
    await givenV1(cluster, shape);
    apply(cluster, 'v1', { blueGreen: { ...shape.blueGreen, activeMetadata: { labels: { role: 'blue' } } } });
    await cluster.until('they follow', () =>
      podsOf('v1').every(({ metadata }) => metadata.labels?.['role'] === 'blue'),
    );
    expect(marks('v1')).toEqual(five('blue'));
  });

  it('make no other revision, and no revision less', async () => {
    await givenV1(cluster, shape);
    const hash = hashOf(live('v1'));
    apply(cluster, 'v2', shape);
    await waits(cluster);
    apply(cluster, 'v1', shape);
    await promoted(cluster, 'v1');
    expect([status().stableRS, cluster.replicaSets().length]).toEqual([hash, 2]);
  });

  it('survive a pod that goes away in the middle', async () => {
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    let lost = 0;
    cluster.server.intercept(({ method, path }) => {
      const name = /\/pods\/([^/?]+)/.exec(path)?.[1];
      if (method === 'PATCH' && name !== undefined && lost++ === 0) cluster.delete('Pod', name);
      return undefined;
    });
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    await cluster.until(
      'all are marked',
      () => podsOf('v2').length === 4 && podsOf('v2').every(({ metadata }) => metadata.labels?.['role'] === 'active'),
    );
    expect(lost).toBeGreaterThan(0);
    expect(cluster.events('ReconciliationError')).toEqual([]);
  });
});

describe('antiAffinity', () => {
  it('keeps the pods of the new revision off the nodes of the old one, and those of the first off nobody', async () => {
    const shape = { blueGreen: { antiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } } };
    await givenV1(cluster, shape);
    expect(live('v1')?.spec.template.spec).not.toHaveProperty('affinity');
    apply(cluster, 'v2', shape);
    await promoted(cluster, 'v2');
    expect(JSON.stringify(live('v2')?.spec.template.spec?.['affinity'])).toContain(hashOf(live('v1')));
  });
});
