// Faults found by use, and their kind: a template that means the same is the same revision, whenever it is written in another way, and
// whatever becomes of the question that the API server is asked.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { RolloutStatus, Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { apply, givenV1, givenV1FromGit, isReverted, promoted, shaped, waits, weight } from './given.ts';
import { IMAGE, rollout, yaml } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

type Json = Record<string, unknown>;
type Declared = KubeObject & { spec: { template: { spec: { containers: Json[] } } } };

/** The Rollout of a version with what its container says besides. */
function written(version: string, container: Json, steps = STEPS): Declared {
  const object = structuredClone(rollout(version, { steps })) as Declared;
  Object.assign(object.spec.template.spec.containers[0] ?? {}, container);
  return object;
}

const put = (object: Declared): void =>
  cluster.edit<KubeObject>('Rollout', 'web', (live) => void (live.spec = structuredClone(object.spec)));

const status = (): RolloutStatus => cluster.rollout().status ?? {};
const observed = (): Promise<void> =>
  cluster.until('the spec is observed', () => {
    return status().observedGeneration === String(cluster.rollout().metadata.generation);
  });

/** Counts dry runs from here on; `fault` answers them. */
function dryRuns(fault: () => { fail: number | 'hang' } | undefined = () => undefined): { count: number } {
  const seen = { count: 0 };
  cluster.server.intercept(({ method, path }) => {
    if (method !== 'POST' || !path.includes('/replicasets') || !path.includes('dryRun=All')) return undefined;
    seen.count++;
    return fault();
  });
  return seen;
}

const SPELLED = { imagePullPolicy: 'IfNotPresent' };

describe('another spelling of a template', () => {
  it('costs one pair of dry runs for each version of the object, and none at rest or after a restart', async () => {
    await givenV1(cluster, { steps: STEPS });
    const asked = dryRuns();
    put(written('v1', SPELLED));
    await observed();
    await cluster.run(120_000);
    expect(asked.count).toBe(2);
    cluster.processes[0]?.kill();
    await cluster.start();
    await cluster.run(120_000);
    expect(asked.count).toBe(2);
    expect(status()).toMatchObject({ phase: 'Healthy', step: '2/2' });
    expect(cluster.replicaSets()).toHaveLength(1);
  });

  it('is not asked about where another image is released: nothing comes before its first write', async () => {
    await givenV1(cluster, { steps: STEPS });
    const asked = dryRuns();
    put(written('v2', { ...SPELLED, env: [{ name: 'CPUS', value: '2' }] }));
    await waits(cluster);
    expect(asked.count).toBe(0);
  });

  it('lets a release go on where it is, with the weight and the step it has', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    const { currentPodHash, machine } = status();
    put(written('v2', SPELLED));
    await observed();
    await cluster.run(60_000);
    expect(status()).toMatchObject({ phase: 'Paused', step: '1/2', currentPodHash });
    expect(status().machine?.attempt).toBe(machine?.attempt);
    expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    cluster.annotate('promote');
    await promoted(cluster, 'v2');
    expect(status().stableRS).toBe(currentPodHash);
    expect(cluster.replicaSets()).toHaveLength(2);
  });

  it('of the stable revision takes a release back at once, as its own does', async () => {
    await givenV1(cluster, { steps: STEPS });
    const stable = status().stableRS;
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    put(written('v1', SPELLED));
    await weight(cluster, 0);
    await cluster.until('it is healthy', () => status().phase === 'Healthy');
    expect(status()).toMatchObject({ stableRS: stable, currentPodHash: stable });
    expect(status().history?.at(-1)?.outcome).toBe('RolledBack');
    expect(cluster.replicaSets()).toHaveLength(2);
  });

  it('of a rejected revision stays rejected', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    cluster.annotate('abort', 'bad');
    await weight(cluster, 0);
    put(written('v2', SPELLED));
    await observed();
    await cluster.run(60_000);
    expect(status()).toMatchObject({ phase: 'Degraded', abort: true });
    expect(cluster.weights()?.canary).toBe(0);
  });

  it('may come with another number of replicas, which is followed', async () => {
    await givenV1(cluster, { steps: STEPS });
    const object = written('v1', SPELLED);
    Object.assign(object.spec, { replicas: 6 });
    put(object);
    await observed();
    await cluster.run(10_000);
    expect(cluster.pods()).toEqual({ v1: 6 });
    expect(status().phase).toBe('Healthy');
  });

  it('is still the same where its ReplicaSet was lost, and made again', async () => {
    await givenV1(cluster, { steps: STEPS });
    const stable = status().stableRS;
    put(written('v1', SPELLED));
    await observed();
    cluster.delete('ReplicaSet', `web-${stable}`);
    await cluster.run(60_000);
    expect(cluster.replicaSets().map(({ metadata }) => metadata.name)).toEqual([`web-${stable}`]);
    expect(status()).toMatchObject({ phase: 'Healthy', stableRS: stable, currentPodHash: stable });
  });

  it('is told from another revision though the status was lost', async () => {
    await givenV1(cluster, { steps: STEPS });
    const stable = status().stableRS;
    put(written('v1', SPELLED));
    await observed();
    cluster.processes[0]?.kill();
    const { status: _lost, ...object } = cluster.rollout() as unknown as KubeObject;
    cluster.server.store.updateStatus({ group: 'sluice.dev', kind: 'Rollout' }, { ...object, status: {} });
    await cluster.start();
    await cluster.until('it is healthy', () => status().phase === 'Healthy');
    expect(status()).toMatchObject({ stableRS: stable, currentPodHash: stable });
    expect(cluster.replicaSets()).toHaveLength(1);
  });

  it('is as good as the first one to Git: a bad release comes back to it', async () => {
    await givenV1FromGit(cluster, { steps: STEPS }, { sync: { selfHeal: true }, writeBack: { onAbort: 'None' } });
    const stable = status().stableRS;
    cluster.push({ ...shaped('v1', {}), 'deploy/rollout.yaml': yaml(written('v1', SPELLED)) }, 'Write it out');
    const commit = cluster.commits()[0]?.oid;
    await cluster.until('it is applied', () => cluster.application().status?.revision?.commit === commit);
    await observed();
    await cluster.run(30_000);
    expect(cluster.application().status?.phase).toBe('Synced');
    expect(status()).toMatchObject({ phase: 'Healthy', stableRS: stable, currentPodHash: stable });
    cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await waits(cluster);
    cluster.annotate('abort', 'bad');
    await cluster.until('it is back', () => isReverted(cluster, 'v1') && cluster.weights()?.canary === 0);
    await cluster.run(30_000);
    expect(cluster.application().status?.holds?.[0]?.stable?.commit).toBe(commit);
    expect(status()).toMatchObject({ stableRS: stable, currentPodHash: stable });
    expect(cluster.pods()).toMatchObject({ v1: 4 });
  });
});

describe('a template that the server will not compare', () => {
  it.each([
    ['is refused', 422],
    ['is forbidden', 403],
    ['meets a server error', 500],
  ])('and %s is taken by its spelling: it is released, and nothing goes round', async (_what, fail) => {
    await givenV1(cluster, { steps: STEPS });
    const asked = dryRuns(() => ({ fail }));
    put(written('v1', SPELLED));
    await waits(cluster);
    await cluster.run(60_000);
    expect(status()).toMatchObject({ phase: 'Paused', step: '1/2' });
    expect(asked.count).toBeLessThanOrEqual(6);
  });

  it('is Degraded with the server’s words where its pods are refused as well', async () => {
    await givenV1(cluster, { steps: STEPS });
    put(written('v1', { env: [{ name: 'PORT', value: '8080' }] }));
    await waits(cluster);
    put(written('v1', { env: [{ name: 'PORT', value: 8080 }] }));
    await cluster.until('it is said', () => status().phase === 'Degraded');
    expect(status().message).toMatch(/ReplicaSet cannot be created/);
  });

  it('holds up no abort, and claims nothing of the new spec, while the server is silent', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    const generation = status().observedGeneration;
    dryRuns(() => ({ fail: 'hang' }));
    put(written('v2', SPELLED));
    await cluster.run(1_000);
    expect(status()).toMatchObject({ phase: 'Paused', step: '1/2', observedGeneration: generation });
    cluster.annotate('promote');
    await cluster.run(1_000);
    expect(status()).toMatchObject({ step: '1/2', observedGeneration: generation });
    expect(cluster.rollout().metadata.annotations).toHaveProperty('sluice.dev/promote');
    cluster.annotate('abort', 'bad');
    await cluster.run(100);
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    expect(status().abort).toBe(true);
  });

  it('is released by its spelling when the server was silent for long', async () => {
    await givenV1(cluster, { steps: STEPS });
    dryRuns(() => ({ fail: 'hang' }));
    put(written('v1', SPELLED));
    await waits(cluster);
    expect(status().step).toBe('1/2');
    expect(cluster.replicaSets()).toHaveLength(2);
    expect(cluster.declaredImage()).toBe(IMAGE('v1'));
  });
});
