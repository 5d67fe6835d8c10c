import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject, Service } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Step } from '../../src/api/rollout.ts';
import {
  ACTIVE,
  active,
  apply,
  blueGreen,
  givenV1,
  hashOf,
  judged,
  MANUAL,
  PREVIEW,
  previewed,
  serves,
  waits,
} from './blue-green.ts';
import { Cluster } from './cluster.ts';
import { apply as applyCanary, givenV1 as givenCanaryV1, promoted, waits as pauses } from './given.ts';
import { IMAGE, service, template, virtualService } from './manifests.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const status = () => cluster.rollout().status ?? {};
const manual = { blueGreen: MANUAL };

async function givenV2Waits(): Promise<void> {
  await givenV1(cluster, manual);
  apply(cluster, 'v2', manual);
  await waits(cluster);
}

describe('a change of the strategy in the middle of a release', () => {
  const PAUSED: Step[] = [{ setWeight: 25 }, { pause: {} }];
  const services = { activeService: 'web-stable', previewService: 'web-canary' };

  it('from canary to blue-green begins anew: the router sends everything to the stable revision, then it waits to be switched', async () => {
    await givenCanaryV1(cluster, { steps: PAUSED });
    applyCanary(cluster, 'v2', { steps: PAUSED });
    await pauses(cluster);
    expect(cluster.weights()?.canary).toBe(25);
    apply(cluster, 'v2', { blueGreen: { ...services, ...MANUAL } });
    await waits(cluster);
    await cluster.until('no request of a user reaches the preview', () => cluster.weights()?.canary === 0, 5_000);
    expect([cluster.imageBehind('web-stable'), cluster.imageBehind('web-canary')]).toEqual([IMAGE('v1'), IMAGE('v2')]);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 4 });
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    expect(cluster.imageBehind('web-stable')).toBe(IMAGE('v2'));
    expect(status()).not.toHaveProperty('canary');
  });

  it('from blue-green to canary begins anew with the first step', async () => {
    const shape = { blueGreen: { ...services, ...MANUAL } };
    for (const name of ['web-stable', 'web-canary']) cluster.create(service(name));
    cluster.create(blueGreen('v1', shape));
    cluster.create(virtualService());
    cluster.create(template());
    await cluster.start();
    await promoted(cluster, 'v1');
    apply(cluster, 'v2', shape);
    await waits(cluster);
    applyCanary(cluster, 'v2', { steps: PAUSED });
    await cluster.until('the first step', () => cluster.weights()?.canary === 25);
    expect(status()).toMatchObject({ step: '1/2', weight: 25 });
    expect(status()).not.toHaveProperty('blueGreen');
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
  });

  it('from blue-green to canary while the switch is verified has the stable revision serve first', async () => {
    const shape = { blueGreen: { ...services, postPromotionAnalysis: judged('web-stable') } };
    for (const name of ['web-stable', 'web-canary']) cluster.create(service(name));
    cluster.create(virtualService());
    cluster.create(template({ count: 600 }));
    cluster.create(blueGreen('v1', shape));
    await cluster.start();
    await promoted(cluster, 'v1');
    apply(cluster, 'v2', shape);
    await cluster.until('v2 serves', () => cluster.imageBehind('web-stable') === IMAGE('v2'));
    applyCanary(cluster, 'v2', { steps: PAUSED });
    await cluster.until('the first step', () => cluster.weights()?.canary === 25);
    expect([cluster.imageBehind('web-stable'), cluster.imageBehind('web-canary')]).toEqual([IMAGE('v1'), IMAGE('v2')]);
  });

  it('while nothing is on its way changes nothing for those who use it', async () => {
    await givenCanaryV1(cluster, { steps: PAUSED });
    apply(cluster, 'v1', { blueGreen: services });
    await cluster.run(60_000);
    await promoted(cluster, 'v1');
    expect(cluster.replicaSets()).toHaveLength(1);
    apply(cluster, 'v2', { blueGreen: services });
    await promoted(cluster, 'v2');
    expect(cluster.imageBehind('web-stable')).toBe(IMAGE('v2'));
  });
});

describe('what others change', () => {
  const select = (name: string, hash: string | undefined): void =>
    cluster.edit<KubeObject & Service>('Service', name, ({ spec }) => {
      if (hash === undefined) delete spec.selector?.[POD_TEMPLATE_HASH];
      else spec.selector = { ...spec.selector, [POD_TEMPLATE_HASH]: hash };
    });

  it('the selector of the active Service is put back, at rest and while a release waits', async () => {
    await givenV2Waits();
    const [v1, v2] = [hashOf(cluster.replicaSet(IMAGE('v1'))), hashOf(cluster.replicaSet(IMAGE('v2')))];
    select(ACTIVE, v2);
    await cluster.until('it is put back', () => cluster.selected(ACTIVE) === v1, 5_000);
    select(ACTIVE, undefined);
    await cluster.until('it is put back', () => cluster.selected(ACTIVE) === v1, 5_000);
    select(PREVIEW, v1);
    await cluster.until('it is put back', () => cluster.selected(PREVIEW) === v2, 5_000);
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    select(ACTIVE, v1);
    await cluster.until('it is put back', () => cluster.selected(ACTIVE) === v2, 5_000);
    expect(status()).toMatchObject({ phase: 'Healthy', stableRS: v2 });
  });

  it('a preview Service that is deleted is told of, and holds up the release, not the way back', async () => {
    await givenV2Waits();
    cluster.delete('Service', PREVIEW);
    await cluster.until('it is told', () => status().phase === 'Degraded');
    expect(status().message).toBe(
      `InvalidSpec: spec.strategy.blueGreen.previewService: Service ${PREVIEW} does not exist in namespace shop; create it, or name another`,
    );
    expect(cluster.condition(cluster.rollout(), 'InvalidSpec')).toMatchObject({ status: 'True' });
    cluster.annotate('promote');
    await cluster.run(60_000);
    expect(active(cluster)).toBe('v1');
    cluster.annotate('abort');
    await cluster.until('it is aborted', () => status().abort === true);
    await cluster.run(40_000);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 0 });
  });

  it('a preview Service that is deleted after the switch does not keep it from being taken back', async () => {
    const shape = { blueGreen: { postPromotionAnalysis: judged(ACTIVE) } };
    await givenV1(cluster, shape, { count: 60 });
    apply(cluster, 'v2', shape);
    await serves(cluster, 'v2');
    await cluster.run(5_000);
    cluster.delete('Service', PREVIEW);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    await serves(cluster, 'v1');
    await cluster.until('it is aborted', () => status().abort === true);
  });

  it('a preview Service that comes back is taken up again', async () => {
    await givenV2Waits();
    cluster.delete('Service', PREVIEW);
    await cluster.run(10_000);
    cluster.create(service(PREVIEW));
    await cluster.until('it follows', () => previewed(cluster) === 'v2');
    await waits(cluster);
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
  });

  it('the active Service that is deleted and made again serves what served', async () => {
    await givenV2Waits();
    cluster.delete('Service', ACTIVE);
    await cluster.until('it is told', () => status().phase === 'Degraded');
    cluster.create(service(ACTIVE));
    await serves(cluster, 'v1');
    expect(previewed(cluster)).toBe('v2');
  });

  it('another name of the active Service is bound to what serves, and the old one is left with it', async () => {
    await givenV2Waits();
    cluster.create(service('web-live'));
    apply(cluster, 'v2', { blueGreen: { ...MANUAL, activeService: 'web-live' } });
    await cluster.until('it is bound', () => cluster.imageBehind('web-live') === IMAGE('v1'));
    cluster.annotate('promote');
    await cluster.until('it serves', () => cluster.imageBehind('web-live') === IMAGE('v2'));
  });

  it('replicas follow on both sides while it waits', async () => {
    await givenV2Waits();
    apply(cluster, 'v2', { ...manual, spec: { replicas: 6 } });
    await cluster.until('both follow', () => cluster.pods()['v1'] === 6);
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    expect(cluster.pods()['v2']).toBe(6);
  });

  it('replicas of 0 are no reason to wait', async () => {
    await givenV1(cluster, { spec: { replicas: 0 } });
    apply(cluster, 'v2', { spec: { replicas: 0 } });
    await promoted(cluster, 'v2');
    expect(active(cluster)).toBe('v2');
  });
});

describe('a pause by a person', () => {
  it('holds the switch up though the time is over, and lets it come', async () => {
    const shape = { blueGreen: { autoPromotionSeconds: 30 } };
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    cluster.annotate('pause');
    await cluster.run(120_000);
    expect([active(cluster), status().phase]).toEqual(['v1', 'Paused']);
    cluster.annotate('resume');
    await promoted(cluster, 'v2');
  });

  it('spec.paused does the same', async () => {
    const shape = { blueGreen: { autoPromotionSeconds: 30 } };
    await givenV1(cluster, shape);
    apply(cluster, 'v2', { ...shape, spec: { paused: true } });
    await cluster.run(120_000);
    expect([active(cluster), status().phase]).toEqual(['v1', 'Paused']);
    apply(cluster, 'v2', shape);
    await promoted(cluster, 'v2');
  });
});

describe('a status that is lost', () => {
  it('while a release waits: what serves goes on, and the release begins anew', async () => {
    await givenV2Waits();
    cluster.server.store.updateStatus(
      { group: 'sluice.dev', kind: 'Rollout' },
      { ...(cluster.rollout() as unknown as KubeObject), status: {} },
    );
    await cluster.run(10_000);
    await waits(cluster);
    expect([active(cluster), previewed(cluster)]).toEqual(['v1', 'v2']);
    expect(status().stableRS).toBe(hashOf(cluster.replicaSet(IMAGE('v1'))));
  });
});
