// Faults found by use, and their kind: what the API server refuses, and what a Rollout that cannot go on says of itself.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { aborted, apply, givenV1, givenV1FromGit, promoted, shaped, waits, weight } from './given.ts';
import { analysisStep, IMAGE, rollout, service, template, virtualService } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 10 }, { pause: {} }];
const ANALYSED: Step[] = [{ setWeight: 10 }, analysisStep, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const WORDS = 'Invalid value: "integer": must be a string';

/** Writes of Sluice to a path are refused until it is taken back. Counts them. */
function refused(
  method: string,
  path: string,
  code: number,
  { dryRuns = true } = {},
): { count: number; end: () => void } {
  const seen = { count: 0, end: () => {} };
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Invalid', code, message: WORDS };
  seen.end = cluster.server.intercept((request) => {
    const isSluice = (request.headers?.['user-agent'] ?? '').startsWith('sluice');
    if (!isSluice || request.method !== method || !request.path.split('?')[0]?.includes(path)) return undefined;
    if (!dryRuns && request.path.includes('dryRun=')) return undefined;
    seen.count++;
    return { fail: code, body };
  });
  return seen;
}

function saysSo(): void {
  const { status, metadata } = cluster.rollout();
  expect(status?.phase).toBe('Degraded');
  expect(status?.message).toContain(WORDS);
  expect(status?.observedGeneration).toBe(String(metadata.generation));
  expect(cluster.condition(cluster.rollout(), 'Healthy')).toMatchObject({ status: 'False' });
  expect(cluster.events('ReconciliationError').filter((text) => text.includes(WORDS))).toHaveLength(1);
}

const degraded = (): Promise<void> =>
  cluster.until('it is told', () => cluster.rollout().status?.phase === 'Degraded', 60_000);

describe('what the API server refuses shows on the Rollout in its own words, and is not tried again hot:', () => {
  it.each([
    ['a ReplicaSet that does not fit', 'POST', '/replicasets', 422],
    ['a ReplicaSet beyond a quota', 'POST', '/replicasets', 403],
    ['the scale of a ReplicaSet', 'PATCH', '/replicasets/', 403],
    ['a Service', 'PATCH', '/services/', 422],
    ['a route', 'PATCH', '/virtualservices/', 403],
    ['an analysis run', 'POST', '/analysisruns', 422],
    ['an analysis run for want of a right', 'POST', '/analysisruns', 403],
  ])('%s', async (_what, method, path, code) => {
    // Without pods of v1 to scale, the scale is of v1 itself.
    await givenV1(cluster, { steps: ANALYSED });
    const refusals = refused(method, path, code);
    const replicas = path === '/replicasets/' ? 6 : 4;
    apply(cluster, 'v2', { steps: ANALYSED, spec: { replicas } });
    await degraded();
    await cluster.run(5_000);
    saysSo();
    await cluster.run(1_200_000);
    saysSo();
    expect(refusals.count).toBeLessThan(40);
    refusals.end();
    apply(cluster, 'v2', { steps: ANALYSED, spec: { replicas, minReadySeconds: 1 } });
    await waits(cluster);
    expect(cluster.condition(cluster.rollout(), 'ReconciliationError')).toBeUndefined();
  });

  it('the ReplicaSet of a first revision', async () => {
    for (const object of [service('web-stable'), service('web-canary'), virtualService(), template()])
      cluster.create(object);
    const refusals = refused('POST', '/replicasets', 422);
    cluster.create(rollout('v1', { steps: STEPS }));
    await cluster.start();
    await degraded();
    saysSo();
    await cluster.run(1_200_000);
    saysSo();
    expect(refusals.count).toBeLessThan(40);
  });

  it('and where Git declares it, its commit is refused by a dry run before anything of it is applied', async () => {
    await givenV1FromGit(cluster, { steps: STEPS });
    refused('POST', '/replicasets', 422);
    cluster.push(shaped('v2', { steps: STEPS }, 'hello from v2'), 'Deploy v2');
    await cluster.until('it is refused', () => cluster.application().status?.phase === 'Failed', 60_000);
    await cluster.run(60_000);
    expect(cluster.application().status?.message).toMatch(/^deploy\/rollout\.yaml:1: .*must be a string/);
    expect(cluster.declaredImage()).toBe(IMAGE('v1'));
    expect(cluster.greeting()).toBe('hello');
    expect(cluster.rollout().status?.phase).toBe('Healthy');
  });

  it('and where a dry run did not show it, on the Application, too', async () => {
    await givenV1FromGit(cluster, { steps: STEPS });
    refused('POST', '/replicasets', 422, { dryRuns: false });
    cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await degraded();
    await cluster.run(60_000);
    saysSo();
    const condition = () => cluster.condition(cluster.application(), 'Degraded');
    expect(condition()).toMatchObject({ status: 'True', reason: 'RolloutDegraded' });
    expect(condition()?.['message']).toContain(WORDS);
    cluster.push(shaped('v1', { steps: STEPS }), 'Back to v1');
    await promoted(cluster, 'v1');
    await cluster.until('it is told', () => condition()?.['status'] === 'False', 60_000);
  });
});

describe('the progress deadline', () => {
  const spec = { progressDeadlineSeconds: 60, progressDeadlineAbort: true };

  it('counts while the ReplicaSet is refused', async () => {
    await givenV1(cluster, { steps: STEPS, spec });
    refused('POST', '/replicasets', 422);
    apply(cluster, 'v2', { steps: STEPS, spec });
    await cluster.until('it is aborted', () => cluster.rollout().status?.abort === true, 120_000);
  });

  it('that aborts names the pods that did not come', async () => {
    await givenV1(cluster, { steps: STEPS, spec });
    cluster.workloads.broken.add(IMAGE('v2'));
    apply(cluster, 'v2', { steps: STEPS, spec });
    await aborted(cluster);
    expect(cluster.rollout().status?.history?.at(-1)?.reason).toMatch(/0 of 1 pods/);
  });

  it('that aborts names the quota that kept them away', async () => {
    await givenV1(cluster, { steps: STEPS, spec });
    cluster.workloads.broken.add(IMAGE('v2'));
    apply(cluster, 'v2', { steps: STEPS, spec });
    await cluster.until('its ReplicaSet has a pod', () => cluster.replicaSet(IMAGE('v2'))?.status?.replicas === 1);
    const rs = cluster.replicaSet(IMAGE('v2')) as unknown as KubeObject;
    const failed = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota: small' };
    cluster.server.store.updateStatus(
      { group: 'apps', kind: 'ReplicaSet' },
      { ...rs, status: { ...(rs.status as object), conditions: [failed] } },
    );
    await aborted(cluster);
    expect(cluster.rollout().status?.history?.at(-1)?.reason).toContain('exceeded quota: small');
  });
});

describe('an invalid spec', () => {
  it('is told with its prefix once, in message, condition and Event', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS, canary: { canaryService: 'nowhere' } });
    await degraded();
    const { message = '' } = cluster.rollout().status ?? {};
    const condition = String(cluster.condition(cluster.rollout(), 'InvalidSpec')?.['message']);
    for (const text of [message, condition, ...cluster.events('InvalidSpec')])
      expect(text.match(/InvalidSpec/g)?.length ?? 0).toBeLessThanOrEqual(1);
    const healthy = String(cluster.condition(cluster.rollout(), 'Healthy')?.['message']);
    expect(healthy.match(/InvalidSpec/g)?.length ?? 0).toBeLessThanOrEqual(1);
  });
});

describe('spec.restartAt', () => {
  const restartAt = (at: string): object => ({ restartAt: at });
  const pods = (): (string | undefined)[] =>
    cluster.server.store.list({ group: '', kind: 'Pod' }, { namespace: 'shop' }).map(({ metadata }) => metadata.uid);

  it('replaces the pods that are older, as Argo Rollouts does', async () => {
    await givenV1(cluster, { steps: STEPS });
    await cluster.run(60_000);
    const old = new Set(pods());
    apply(cluster, 'v1', { steps: STEPS, spec: restartAt(new Date(cluster.clock.now()).toISOString()) });
    await cluster.until('every pod is new', () => pods().length === 4 && pods().every((uid) => !old.has(uid)), 300_000);
    const fresh = new Set(pods());
    await cluster.run(600_000);
    expect(new Set(pods())).toEqual(fresh);
  });

  it('that lies ahead waits for its time', async () => {
    await givenV1(cluster, { steps: STEPS });
    const old = new Set(pods());
    apply(cluster, 'v1', { steps: STEPS, spec: restartAt(new Date(cluster.clock.now() + 600_000).toISOString()) });
    await cluster.run(300_000);
    expect(new Set(pods())).toEqual(old);
    await cluster.until('every pod is new', () => pods().every((uid) => !old.has(uid)), 600_000);
  });
});

describe('a refusal that is over', () => {
  it('is taken off the Rollout, which goes on', async () => {
    await givenV1(cluster, { steps: STEPS });
    const refusals = refused('PATCH', '/virtualservices/', 403);
    apply(cluster, 'v2', { steps: STEPS });
    await degraded();
    refusals.end();
    cluster.edit('VirtualService', 'web', ({ metadata }) => void (metadata.labels = { touched: 'yes' }));
    await weight(cluster, 10);
    cluster.annotate('promote', 'full');
    await promoted(cluster, 'v2');
    expect(cluster.condition(cluster.rollout(), 'ReconciliationError')).toBeUndefined();
  });
});
