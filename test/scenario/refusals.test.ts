import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { apply, givenV1, promoted, waits, weight } from './given.ts';

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

type Route = KubeObject & { spec: { http: { name: string }[] } };
const annotate = (annotations: Record<string, string>): void =>
  cluster.edit('Rollout', 'web', ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, ...annotations };
  });
const invalid = (message: string) => ({
  fail: 422,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Invalid', code: 422, message },
});
const writesTo = (path: RegExp): number => cluster.journal.filter((line) => path.test(line)).length;

async function givenV2AtItsPause(): Promise<void> {
  await givenV1(cluster, { steps: STEPS });
  apply(cluster, 'v2', { steps: STEPS });
  await waits(cluster);
}

describe('an abort', () => {
  it('is recorded and moves what can be moved, though its route can no longer be found', async () => {
    await givenV2AtItsPause();
    const stable = cluster.selected('web-stable');
    cluster.edit<Route>('VirtualService', 'web', ({ spec }) => {
      if (spec.http[0]) spec.http[0].name = 'main';
    });
    cluster.annotate('abort', 'bad');
    await cluster.until('it is on record', () => cluster.rollout().status?.abort === true, 5_000);
    await cluster.until(
      'the canary side serves the stable revision',
      () => cluster.selected('web-canary') === stable,
      5_000,
    );
    expect(cluster.rollout().status?.history?.at(-1)).toMatchObject({ outcome: 'Aborted', reason: 'bad' });
    expect(cluster.condition(cluster.rollout(), 'ReconciliationError')?.['message']).toContain(
      'the weights cannot be set',
    );
    const until = cluster.journal.length;
    await cluster.run(600_000);
    expect(cluster.journal.length - until).toBeLessThan(100);
  });

  it('works whatever is written into the annotations that Sluice keeps', async () => {
    await givenV2AtItsPause();
    annotate({
      'sluice.dev/command': '{"verb":"promote","value":"full"}',
      'sluice.dev/held': '{"rejected": 7}',
      'sluice.dev/revision': 'null',
    });
    await cluster.run(5_000);
    expect(cluster.weights()?.canary).toBe(25);
    expect(cluster.condition(cluster.rollout(), 'InvalidAnnotation')?.['message']).toContain('sluice.dev/');
    cluster.annotate('abort', 'bad');
    await cluster.until('it is aborted', () => cluster.weights()?.canary === 0, 5_000);
    await cluster.until('it is answered', () => cluster.rollout().status?.lastCommand?.verb === 'abort', 5_000);
  });
});

describe('any number of steps', () => {
  it('in a row make progress that is on record, and each weight is written once', async () => {
    const steps: Step[] = [...Array.from({ length: 25 }, (_, n) => ({ setWeight: n + 1 })), { pause: {} }];
    await givenV1(cluster, { steps });
    cluster.journal.length = 0;
    apply(cluster, 'v2', { steps });
    await waits(cluster);
    expect(cluster.rollout().status?.step).toBe('25/26');
    expect(cluster.weights()?.canary).toBe(25);
    await cluster.run(60_000);
    expect(writesTo(/PATCH .*virtualservices/)).toBeLessThanOrEqual(25);
  });
});

describe('what the API server refuses', () => {
  it('is on the object in its own words, and is not tried again hot', async () => {
    await givenV1(cluster, { steps: STEPS });
    const refusals = { count: 0 };
    cluster.server.intercept((request) => {
      if (request.method !== 'POST' || !request.path.includes('/replicasets')) return undefined;
      refusals.count++;
      return invalid('spec.template.spec.containers[0].env[0].value: Invalid value: must be a string');
    });
    apply(cluster, 'v2', { steps: STEPS });
    await cluster.until('it says so', () => cluster.rollout().status?.phase === 'Degraded', 60_000);
    const { status, metadata } = cluster.rollout();
    expect(status?.message).toContain('the ReplicaSet cannot be created');
    expect(cluster.condition(cluster.rollout(), 'Healthy')?.['status']).toBe('False');
    expect(status?.observedGeneration).toBe(String(metadata.generation));
    await cluster.run(600_000);
    expect(refusals.count).toBeLessThan(20);
    expect(cluster.events('ReconciliationError').length).toBe(1);
    apply(cluster, 'v1', { steps: STEPS });
    await promoted(cluster, 'v1');
    expect(cluster.condition(cluster.rollout(), 'ReconciliationError')).toBeUndefined();
  });
});

describe('a run that is being deleted', () => {
  it('holds no pass up: the release is aborted all the same', async () => {
    const steps: Step[] = [{ setWeight: 25 }, { pause: {} }];
    const analysis = {
      templates: [{ templateName: 'success-rate' }],
      args: [{ name: 'service', value: 'web-canary' }],
    };
    await givenV1(cluster, { steps, canary: { analysis } }, { count: 1000 });
    apply(cluster, 'v2', { steps, canary: { analysis } });
    await weight(cluster, 25);
    await cluster.until('it measures', () => cluster.runs().length > 0);
    cluster.close();
    const [run] = cluster.runs();
    cluster.edit('AnalysisRun', run?.metadata.name ?? '', ({ metadata }) => {
      metadata.finalizers = ['example.com/keep'];
    });
    cluster.delete('AnalysisRun', run?.metadata.name ?? '');
    await cluster.start();
    cluster.annotate('abort', 'bad');
    await cluster.until(
      'it is aborted',
      () => cluster.weights()?.canary === 0 && cluster.rollout().status?.abort === true,
    );
    await cluster.run(10_000);
    expect(cluster.events('ReconciliationError')).toEqual([]);
  });
});

describe('a route of another namespace', () => {
  it('is refused by name, and nothing is written there', async () => {
    await givenV1(cluster, { steps: STEPS });
    const trafficRouting = { istio: { virtualService: { name: 'web.team-b', routes: ['primary'] } } };
    apply(cluster, 'v2', { steps: STEPS, canary: { trafficRouting } });
    await cluster.until('it says so', () => cluster.rollout().status?.phase === 'Degraded', 60_000);
    expect(cluster.rollout().status?.message).toContain('--cross-namespace-routes=shop');
    expect(writesTo(/team-b/)).toBe(0);
  });
});

describe('a selector whose write was refused again and again', () => {
  it('is written at once when its Service was mended', async () => {
    await givenV1(cluster, { steps: STEPS });
    const locked = { on: true };
    cluster.server.intercept(({ method, path }) =>
      locked.on && method === 'PATCH' && path.includes('/services/web-canary') ? invalid('it is locked') : undefined,
    );
    apply(cluster, 'v2', { steps: STEPS });
    await cluster.run(30 * 60_000);
    expect(cluster.condition(cluster.rollout(), 'ReconciliationError')?.['message']).toContain('it is locked');
    const before = writesTo(/PATCH .*\/services\/web-canary/);
    await cluster.run(60_000);
    // One try, which looks at the live object before it gives up.
    expect(writesTo(/PATCH .*\/services\/web-canary/) - before).toBeLessThan(3);
    locked.on = false;
    cluster.edit('Service', 'web-canary', ({ metadata }) => {
      metadata.labels = { ...metadata.labels, locked: 'no' };
    });
    await cluster.until('it goes on', () => cluster.weights()?.canary === 25, 5_000);
  });
});
