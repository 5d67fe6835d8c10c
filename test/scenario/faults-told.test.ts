// Faults found by use, and their kind: what people and machines are told: statuses, metrics, logs, and what is the same revision.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Step } from '../../src/api/rollout.ts';
import { GitError } from '../../src/git/types.ts';
import { Cluster } from './cluster.ts';
import { aborted, apply, givenV1, givenV1FromGit, isReverted, promoted, shaped, waits } from './given.ts';
import { IMAGE, rollout, shop, yaml } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

type Template = { metadata: { labels: Record<string, string> }; spec: Record<string, unknown> };
type Declared = KubeObject & { spec: { template: Template } };
type Container = Record<string, unknown>;

/** v1 with its template written in another way. */
function respelled(change: (container: Container, template: Template) => void): Declared {
  const object = structuredClone(rollout('v1', { steps: STEPS })) as Declared;
  const { template } = object.spec;
  change((template.spec['containers'] as Container[])[0] ?? {}, template);
  return object;
}

describe('a template that means the same is the same revision', () => {
  const half = (container: Container): void => void (container['resources'] = { requests: { cpu: '0.5' } });
  const spellings: [string, (c: Container) => void, (c: Container, t: Template) => void][] = [
    ['cpu: 0.5 → 500m', half, (c) => void (c['resources'] = { requests: { cpu: '500m' } })],
    [
      'memory: 1024Mi → 1Gi',
      (c) => void (c['resources'] = { limits: { memory: '1024Mi' } }),
      (c) => void (c['resources'] = { limits: { memory: '1Gi' } }),
    ],
    ['a default written out', () => {}, (c) => void (c['imagePullPolicy'] = 'IfNotPresent')],
    ['a default of the pod written out', () => {}, (_c, t) => void (t.spec['restartPolicy'] = 'Always')],
    ['an empty list of env', () => {}, (c) => void (c['env'] = [])],
  ];

  const changed = async (
    before: (c: Container) => void,
    after: (c: Container, t: Template) => void,
  ): Promise<unknown[]> => {
    await givenV1(cluster, { steps: STEPS });
    const put = (object: Declared): void =>
      cluster.edit<KubeObject>('Rollout', 'web', (live) => void (live.spec = structuredClone(object.spec)));
    put(respelled(before));
    await cluster.run(5_000);
    cluster.annotate('promote', 'full');
    await cluster.until('it rests', () => cluster.rollout().status?.phase === 'Healthy');
    const stable = cluster.rollout().status?.stableRS;
    const pods = cluster.replicaSets().length;
    put(respelled((c, t) => [before(c), after(c, t)]));
    await cluster.run(120_000);
    const { phase, stableRS, currentPodHash } = cluster.rollout().status ?? {};
    return [phase, stableRS === stable, currentPodHash === stable, cluster.replicaSets().length - pods];
  };

  it.each(spellings)('%s', async (_what, before, after) => {
    expect(await changed(before, after)).toEqual(['Healthy', true, true, 0]);
  });

  it.each<[string, (c: Container) => void]>([
    ['cpu: 0.5 → 501m', (c) => void (c['resources'] = { requests: { cpu: '501m' } })],
    ['another pull policy', (c) => void (c['imagePullPolicy'] = 'Always')],
  ])('and one that does not, is not: %s', async (_what, after) => {
    expect(await changed(half, after)).toEqual(['Paused', true, false, 1]);
  });
});

describe('metrics', () => {
  const metrics = async (): Promise<string> => (await cluster.processes.at(-1)?.metrics.render())?.body ?? '';
  const value = (body: string, series: RegExp): number =>
    Math.max(0, ...[...body.matchAll(new RegExp(`^${series.source}[^ ]* (\\S+)$`, 'gm'))].map((m) => Number(m.at(-1))));

  it('count a repository that cannot be reached', async () => {
    await givenV1FromGit(cluster);
    cluster.repository.failure = new GitError('unreachable', 'connect ECONNREFUSED');
    await cluster.run(60_000);
    expect(value(await metrics(), /sluice_git_fetch_errors_total/)).toBeGreaterThan(0);
  });

  it('count passes that fail', async () => {
    await givenV1(cluster, { steps: STEPS });
    cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/virtualservices/') ? { fail: 500 } : undefined,
    );
    apply(cluster, 'v2', { steps: STEPS });
    await cluster.run(60_000);
    expect(value(await metrics(), /sluice_reconcile_errors_total\{controller="rollout"/)).toBeGreaterThan(0);
  });

  it('count drift that is put back, and reverts that are pushed', async () => {
    await givenV1FromGit(cluster, { steps: STEPS }, { sync: { selfHeal: true }, writeBack: { onAbort: 'Commit' } });
    cluster.edit<KubeObject>('ConfigMap', 'web-config', (object) => void (object['data'] = { GREETING: 'by hand' }));
    await cluster.until('it is put back', () => cluster.greeting() === 'hello', 10_000);
    cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await waits(cluster);
    cluster.annotate('abort', 'bad');
    await cluster.until('it is reverted', () => cluster.log()[0]?.startsWith('Revert'));
    await cluster.run(10_000);
    const body = await metrics();
    expect(value(body, /sluice_\w*drift\w*/)).toBeGreaterThan(0);
    expect(value(body, /sluice_\w*(write_?back|revert)\w*/)).toBeGreaterThan(0);
  });

  it('show the queue of the agent beside the others', async () => {
    await givenV1FromGit(cluster);
    for (const controller of ['rollout', 'analysisrun', 'application'])
      expect(await metrics()).toMatch(new RegExp(`sluice_queue_depth\\{controller="${controller}"`));
  });

  it('spell a verb in one way', async () => {
    await givenV1FromGit(cluster);
    expect(await metrics()).not.toMatch(/verb="[A-Z]+"/);
  });
});

describe('the log', () => {
  const lines = (level: string): Record<string, unknown>[] =>
    cluster.processes
      .flatMap((process) => process.lines)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line['level'] === level);
  const about = (level: string, words: RegExp): number =>
    lines(level).filter((line) => words.test(JSON.stringify(line))).length;

  it('has a line for each release, promotion and abort', async () => {
    await givenV1(cluster, { steps: STEPS });
    for (const version of ['v2', 'v3', 'v4']) {
      apply(cluster, version, { steps: STEPS });
      await waits(cluster);
      cluster.annotate('promote', 'full');
      await promoted(cluster, version);
    }
    apply(cluster, 'v5', { steps: STEPS });
    await waits(cluster);
    cluster.annotate('abort', 'bad');
    await aborted(cluster);
    await cluster.run(10_000);
    expect(about('info', /promoted/i)).toBeGreaterThanOrEqual(4);
    expect(about('info', /abort/i)).toBeGreaterThanOrEqual(1);
  });

  it('has no stack trace, and no error, for a mistake of a user or a conflict', async () => {
    await givenV1(cluster, { steps: STEPS });
    let conflicts = 5;
    cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/rollouts/web') && conflicts-- > 0 ? { fail: 409 } : undefined,
    );
    apply(cluster, 'v2', { steps: STEPS, canary: { canaryService: 'nowhere' } });
    await cluster.run(60_000);
    expect(lines('error')).toEqual([]);
    expect(JSON.stringify(lines('warn'))).not.toMatch(/\\n\s+at /);
  });
});

describe('an abort while no stable pod is ready', () => {
  it('does not say that the traffic is on the stable revision', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    cluster.workloads.crash(IMAGE('v1'));
    cluster.annotate('abort', 'bad');
    await cluster.until('it is on record', () => cluster.rollout().status?.abort === true);
    await cluster.run(5_000);
    const { status } = cluster.rollout();
    expect(status?.weight).toBe(cluster.weights()?.canary);
    expect(status?.canary?.weights?.stable.weight).toBe(cluster.weights()?.stable);
    cluster.workloads.mend(IMAGE('v1'));
    await cluster.until(
      'the traffic is back',
      () => cluster.weights()?.canary === 0 && cluster.rollout().status?.weight === 0,
    );
  });

  it('and a state that no chart knows is not taken for rest', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    const { machine } = cluster.rollout().status ?? {};
    cluster.signal({ machine: { ...machine, state: 'updating.dancing' } });
    await cluster.run(5_000);
    expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    expect(cluster.rollout().status?.phase).not.toBe('Healthy');
    cluster.annotate('abort', 'bad');
    await aborted(cluster);
  });
});

describe('the columns of an Application', () => {
  it('name by revision what is applied, whatever happens to the newest commit', async () => {
    await givenV1FromGit(cluster, { steps: STEPS }, { writeBack: { onAbort: 'None' } });
    const v1 = cluster.commits()[0]?.oid;
    const applied = (): string | undefined => cluster.application().status?.revision?.commit;
    expect(applied()).toBe(v1);
    const broken = cluster.push({ 'deploy/config.yaml': 'kind: [' }, 'Oops');
    await cluster.until('it is refused', () => cluster.application().status?.phase === 'Failed');
    expect(applied()).toBe(v1);
    expect(cluster.application().status?.attempted?.commit).toBe(broken);
    const v2 = cluster.push(shaped('v2', { steps: STEPS }), 'Deploy v2');
    await waits(cluster);
    cluster.annotate('abort', 'bad');
    await cluster.until(
      'it is held',
      () => isReverted(cluster, 'v1') && cluster.application().status?.phase === 'Held',
    );
    expect(applied()).toBe(v2);
    expect(cluster.application().status?.holds?.[0]?.stable?.commit).toBe(v1);
  });

  it('and of a Rollout: never more pods available than are wanted', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    const { availableReplicas = 0, replicas = 0 } = cluster.rollout().status ?? {};
    expect(availableReplicas).toBeLessThanOrEqual(replicas);
  });

  it('the first Event of a new Application is no warning', async () => {
    cluster.push({ ...shop('v1'), 'deploy/rollout.yaml': yaml(rollout('v1', { steps: STEPS })) }, 'Deploy v1');
    await givenV1FromGit(cluster, { steps: STEPS });
    await cluster.run(10_000);
    const events = cluster.server.store.list({ group: '', kind: 'Event' }, { namespace: 'shop' });
    const about = events.filter((event) => (event['involvedObject'] as { kind: string }).kind === 'Application');
    expect(about.length).toBeGreaterThan(0);
    expect(about.filter((event) => event['type'] === 'Warning')).toEqual([]);
  });
});
