import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Canary, Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { aborted, apply, givenV1, promoted, waits, weight } from './given.ts';
import { IMAGE, rollout, template, virtualService, type Shape } from './manifests.ts';

const PAUSED: Step[] = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

describe('without a router', () => {
  /** As JSON leaves them out. */
  const unrouted = (steps: Step[]): Shape => ({
    steps,
    canary: {
      canaryService: undefined,
      stableService: undefined,
      trafficRouting: undefined,
    } as unknown as Partial<Canary>,
  });

  async function givenUnroutedV1(steps: Step[]): Promise<void> {
    cluster.create(template());
    cluster.create(JSON.parse(JSON.stringify(rollout('v1', unrouted(steps)))) as object);
    await cluster.start();
    await promoted(cluster, 'v1');
  }

  it('the numbers of pods share the traffic out, and the status tells the weight that comes of them', async () => {
    await givenUnroutedV1(PAUSED);
    apply(cluster, 'v2', unrouted(PAUSED));
    await waits(cluster);
    expect(cluster.pods()).toEqual({ v1: 3, v2: 1 });
    expect(cluster.rollout().status?.weight).toBe(25);
    cluster.annotate('promote');
    await cluster.until('the second pause', () => cluster.rollout().status?.step === '3/4');
    expect(cluster.pods()).toEqual({ v1: 2, v2: 2 });
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    expect(cluster.pods()).toEqual({ v1: 0, v2: 4 });
  });

  it('an abort brings the pods of the stable revision back', async () => {
    await givenUnroutedV1(PAUSED);
    apply(cluster, 'v2', unrouted(PAUSED));
    await waits(cluster);
    cluster.annotate('abort');
    await cluster.until('v1 is whole', () => cluster.pods()['v1'] === 4 && cluster.pods()['v2'] === 0);
    expect(cluster.rollout().status?.phase).toBe('Degraded');
  });
});

describe('another router', () => {
  it('an HTTPRoute is shifted like a VirtualService', async () => {
    const canary = { trafficRouting: { gatewayAPI: { httpRoute: 'web' } } };
    const weights = (): number[] => {
      const { rules } =
        cluster.find<KubeObject & { spec: { rules: { backendRefs: { weight: number }[] }[] } }>('HTTPRoute', 'web')
          ?.spec ?? {};
      return rules?.[0]?.backendRefs.map((ref) => ref.weight) ?? [];
    };
    await givenV1(cluster, { canary, steps: PAUSED });
    apply(cluster, 'v2', { canary, steps: PAUSED });
    await waits(cluster);
    expect(weights()).toEqual([75, 25]);
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    cluster.annotate('abort');
    await cluster.until('it is aborted', () => cluster.rollout().status?.abort === true);
    expect(weights()).toEqual([100, 0]);
  });

  it('the subsets of a DestinationRule follow the revisions', async () => {
    const canary = {
      canaryService: undefined,
      stableService: undefined,
      trafficRouting: {
        istio: {
          virtualService: { name: 'web' },
          destinationRule: { name: 'web', canarySubsetName: 'canary', stableSubsetName: 'stable' },
        },
      },
    } as unknown as Partial<Canary>;
    const of = (subset: string, percent: number): object => ({ destination: { host: 'web', subset }, weight: percent });
    const route = {
      ...virtualService(),
      spec: { hosts: ['web'], http: [{ route: [of('stable', 100), of('canary', 0)] }] },
    };
    cluster.create(route);
    cluster.create({
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        host: 'web',
        subsets: [
          { name: 'stable', labels: { app: 'web' } },
          { name: 'canary', labels: { app: 'web' } },
        ],
      },
    });
    cluster.create(JSON.parse(JSON.stringify(rollout('v1', { canary, steps: PAUSED }))) as object);
    const subsets = (): (string | undefined)[] =>
      cluster
        .find<KubeObject & { spec: { subsets: { labels: Record<string, string> }[] } }>('DestinationRule', 'web')
        ?.spec.subsets.map(({ labels }) => labels[POD_TEMPLATE_HASH]) ?? [];
    await cluster.start();
    await promoted(cluster, 'v1');
    const v1 = cluster.rollout().status?.stableRS;
    expect(subsets()).toEqual([v1, v1]);
    apply(cluster, 'v2', { canary, steps: PAUSED });
    await waits(cluster);
    const v2 = cluster.rollout().status?.currentPodHash;
    expect(subsets()).toEqual([v1, v2]);
    expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    cluster.annotate('promote', 'full');
    await promoted(cluster, 'v2');
    expect(subsets()).toEqual([v2, v2]);
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
  });
});

describe('background analysis', () => {
  const canary = {
    analysis: {
      templates: [{ templateName: 'success-rate' }],
      args: [{ name: 'service', value: 'web-canary' }],
      startingStep: 1,
    },
  };
  const steps: Step[] = [{ setWeight: 10 }, { pause: { duration: '5m' } }, { setWeight: 50 }];

  it('goes on while the steps do, and aborts in the middle of a pause', async () => {
    await givenV1(cluster, { steps: [] }, { count: undefined });
    apply(cluster, 'v2', { canary, steps });
    await waits(cluster);
    await cluster.run(30_000);
    expect(cluster.rollout().status?.canary?.currentBackgroundAnalysisRunStatus?.status).toBe('Running');
    cluster.prometheus.rates.set(IMAGE('v2'), 0.8);
    await aborted(cluster);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0]);
  });

  it('ends with the release that it watches', async () => {
    await givenV1(cluster, { steps: [] }, { count: undefined });
    apply(cluster, 'v2', { canary, steps });
    await promoted(cluster, 'v2');
    await cluster.run(10_000);
    const asked = cluster.prometheus.queries.length;
    await cluster.run(600_000);
    expect(cluster.prometheus.queries).toHaveLength(asked);
    expect(cluster.runs().map((run) => (run.status as { phase: string }).phase)).toEqual(['Successful']);
  });
});

describe('the pods', () => {
  it('of the canary follow setCanaryScale apart from the traffic', async () => {
    const steps: Step[] = [{ setCanaryScale: { replicas: 3 } }, { setWeight: 10 }, { pause: {} }];
    await givenV1(cluster, { steps });
    apply(cluster, 'v2', { steps });
    await waits(cluster);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 3 });
    expect(cluster.weights()).toEqual({ stable: 90, canary: 10 });
  });

  it('of a bad image never get traffic; the release is stuck, and says what it waits for', async () => {
    await givenV1(cluster, { spec: { progressDeadlineSeconds: 60 } });
    cluster.workloads.broken.add(IMAGE('v2'));
    apply(cluster, 'v2', { spec: { progressDeadlineSeconds: 60 } });
    await cluster.until('it is stuck', () => cluster.rollout().status?.phase === 'Degraded', 90_000);
    expect(cluster.rollout().status?.message).toMatch(/no progress for 60s; 0 of 1 pods of revision/);
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    cluster.workloads.mend(IMAGE('v2'));
    await promoted(cluster, 'v2');
  });

  it('of a bad image end the release where progressDeadlineAbort says so', async () => {
    const spec = { progressDeadlineSeconds: 60, progressDeadlineAbort: true };
    await givenV1(cluster, { spec });
    cluster.workloads.broken.add(IMAGE('v2'));
    apply(cluster, 'v2', { spec });
    await aborted(cluster);
    expect(cluster.rollout().status?.message).toContain('no progress for 60s (progressDeadlineSeconds)');
    await cluster.until('they are removed', () => cluster.pods()['v2'] === 0, 40_000);
  });

  it('of the canary that die take the traffic with them, until they are back', async () => {
    await givenV1(cluster, { steps: PAUSED });
    apply(cluster, 'v2', { steps: PAUSED });
    await waits(cluster);
    cluster.workloads.crash(IMAGE('v2'));
    await cluster.until('the traffic is back', () => cluster.weights()?.canary === 0, 10_000);
    cluster.workloads.mend(IMAGE('v2'));
    await weight(cluster, 25);
    expect(cluster.rollout().status?.step).toBe('1/4');
  });

  it('of the old revision stay for scaleDownDelaySeconds, of an aborted one for abortScaleDownDelaySeconds', async () => {
    const canary = { scaleDownDelaySeconds: 120, abortScaleDownDelaySeconds: 60 };
    await givenV1(cluster, { canary, steps: [] });
    apply(cluster, 'v2', { canary, steps: PAUSED });
    await waits(cluster);
    cluster.annotate('abort');
    await aborted(cluster);
    await cluster.run(55_000);
    expect(cluster.pods()['v2']).toBe(1);
    await cluster.run(10_000);
    expect(cluster.pods()['v2']).toBe(0);
    apply(cluster, 'v3', { canary, steps: [] });
    await promoted(cluster, 'v3');
    await cluster.run(115_000);
    expect(cluster.pods()['v1']).toBe(4);
    await cluster.run(10_000);
    expect(cluster.pods()).toEqual({ v1: 0, v2: 0, v3: 4 });
  });

  it('of a rejected revision stay where abortScaleDownDelaySeconds is 0', async () => {
    const canary = { abortScaleDownDelaySeconds: 0 };
    await givenV1(cluster, { canary, steps: PAUSED });
    apply(cluster, 'v2', { canary, steps: PAUSED });
    await waits(cluster);
    cluster.annotate('abort');
    await aborted(cluster);
    await cluster.run(3_600_000);
    expect(cluster.pods()['v2']).toBe(1);
  });

  it('are as many as replicas says, also when that changes in the middle', async () => {
    await givenV1(cluster, { steps: PAUSED });
    apply(cluster, 'v2', { steps: PAUSED });
    await waits(cluster);
    apply(cluster, 'v2', { steps: PAUSED, spec: { replicas: 8 } });
    await cluster.until('both follow', () => cluster.pods()['v1'] === 8 && cluster.pods()['v2'] === 2);
    expect(cluster.rollout().status?.step).toBe('1/4');
    cluster.annotate('promote', 'full');
    await promoted(cluster, 'v2');
    expect(cluster.pods()['v2']).toBe(8);
  });
});

describe('spec.paused', () => {
  it('stops a release where it is, and lets it go on when it is gone', async () => {
    const steps: Step[] = [{ setWeight: 10 }, { pause: { duration: 60 } }, { setWeight: 50 }];
    await givenV1(cluster, { steps });
    apply(cluster, 'v2', { steps });
    await weight(cluster, 10);
    apply(cluster, 'v2', { steps, spec: { paused: true } });
    await cluster.run(600_000);
    expect(cluster.weights()?.canary).toBe(10);
    expect(cluster.rollout().status?.phase).toBe('Paused');
    apply(cluster, 'v2', { steps });
    await promoted(cluster, 'v2');
  });
});

describe('a change of mind', () => {
  it('back to the stable revision in the middle: no steps, all traffic on it, nothing is degraded', async () => {
    await givenV1(cluster, { steps: PAUSED });
    apply(cluster, 'v2', { steps: PAUSED });
    await waits(cluster);
    apply(cluster, 'v1', { steps: PAUSED });
    await promoted(cluster, 'v1');
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    expect(cluster.rollout().status?.history?.at(-1)?.outcome).toBe('RolledBack');
  });
});
