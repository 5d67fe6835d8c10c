import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Canary, Step } from '../../src/api/rollout.ts';
import { GitError } from '../../src/git/types.ts';
import { Cluster } from './cluster.ts';
import { aborted, apply, givenV1, givenV1FromGit, promoted, shaped, weight } from './given.ts';
import { analysisStep, IMAGE, rollout, service, shop, template, virtualService } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 10 }, analysisStep, { setWeight: 50 }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

/** The Rollout says what is wrong, and nothing of what runs has changed. */
async function refused(field: string, words: RegExp): Promise<void> {
  await cluster.until('it is refused', () => cluster.condition(cluster.rollout(), 'InvalidSpec'));
  await cluster.run(30_000);
  const { message, phase } = cluster.rollout().status ?? {};
  expect(phase).toBe('Degraded');
  expect(message).toContain(`InvalidSpec: ${field}`);
  expect(message).toMatch(words);
  expect(cluster.condition(cluster.rollout(), 'InvalidSpec')).toMatchObject({ status: 'True', reason: 'InvalidSpec' });
  expect(cluster.events('InvalidSpec')[0]).toMatch(words);
}

function v1Serves(): void {
  expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
  expect(cluster.pods()['v1']).toBe(4);
  expect(cluster.selected('web-stable')).toBe(cluster.rollout().status?.stableRS);
}

describe('an invalid Rollout', () => {
  const cases: [string, Partial<Canary>, Step[], string, RegExp][] = [
    [
      'names a Service that does not exist',
      { canaryService: 'web-new' },
      STEPS,
      'spec.strategy.canary.canaryService',
      /Service web-new does not exist in namespace shop; create it, or name another/,
    ],
    [
      'names a VirtualService that does not exist',
      { trafficRouting: { istio: { virtualService: { name: 'shop' } } } },
      STEPS,
      'spec.strategy.canary.trafficRouting',
      /VirtualService shop does not exist in namespace shop/,
    ],
    [
      'names a route that the VirtualService does not have',
      { trafficRouting: { istio: { virtualService: { name: 'web', routes: ['secondary'] } } } },
      STEPS,
      'spec.strategy.canary.trafficRouting',
      /secondary.*primary/,
    ],
    [
      'names an AnalysisTemplate that does not exist',
      {},
      [{ setWeight: 10 }, { analysis: { templates: [{ templateName: 'latency' }] } }],
      'spec.strategy.canary.steps[1].analysis',
      /latency/,
    ],
    [
      'leaves out an argument that its template asks for',
      {},
      [{ setWeight: 10 }, { analysis: { templates: [{ templateName: 'success-rate' }] } }],
      'spec.strategy.canary.steps[1].analysis',
      /service/,
    ],
  ];

  it.each(cases)(
    'that %s: the field and what to do are named, v1 keeps serving, and mending it helps',
    async (...one) => {
      const [, canary, steps, field, words] = one;
      await givenV1(cluster);
      apply(cluster, 'v2', { canary, steps });
      await refused(field, words);
      v1Serves();
      expect(cluster.pods()).toEqual({ v1: 4 });
      apply(cluster, 'v2');
      await promoted(cluster, 'v2');
      expect(cluster.condition(cluster.rollout(), 'InvalidSpec')).toBeUndefined();
    },
  );

  it('heals by itself when what it names appears', async () => {
    await givenV1(cluster);
    apply(cluster, 'v2', { canary: { canaryService: 'web-new' } });
    await refused('spec.strategy.canary.canaryService', /web-new/);
    cluster.create(service('web-new'));
    cluster.edit<KubeObject>('VirtualService', 'web', (object) => {
      object.spec = JSON.parse(JSON.stringify(object.spec).replace('web-canary', 'web-new')) as unknown;
    });
    await cluster.until('v2 is promoted', () => cluster.rollout().status?.phase === 'Healthy');
    expect(cluster.rollout().status?.images).toBe(IMAGE('v2'));
  });

  it.each<[string, Step, () => void]>([
    [
      'a template',
      { analysis: { templates: [{ templateName: 'latency' }], args: [{ name: 'service', value: 'web-canary' }] } },
      () => {
        const late = template() as KubeObject;
        cluster.create({ ...late, metadata: { ...late.metadata, name: 'latency' } });
      },
    ],
    [
      'a label that an argument is read from',
      {
        analysis: {
          templates: [{ templateName: 'success-rate' }],
          args: [{ name: 'service', valueFrom: { fieldRef: { fieldPath: "metadata.labels['serves']" } } }],
        },
      },
      () =>
        cluster.edit<KubeObject>('Rollout', 'web', ({ metadata }) => void (metadata.labels = { serves: 'web-canary' })),
    ],
  ])('heals by itself when what its analysis needs appears: %s', async (_what, step, appear) => {
    await givenV1(cluster);
    apply(cluster, 'v2', { steps: [{ setWeight: 10 }, step] });
    await refused('spec.strategy.canary.steps[1].analysis', /latency|serves/);
    await cluster.run(60_000);
    appear();
    await promoted(cluster, 'v2');
  });

  it('that was valid until somebody deleted its route: it stops where it is, says so, and goes on when the route is back', async () => {
    await givenV1(cluster);
    apply(cluster, 'v2');
    await weight(cluster, 25);
    cluster.delete('VirtualService', 'web');
    await refused('spec.strategy.canary.trafficRouting', /VirtualService web does not exist/);
    cluster.create(virtualService());
    await promoted(cluster, 'v2');
  });

  it('that becomes invalid in the middle of a release does not keep a bad revision in service', async () => {
    await givenV1(cluster);
    apply(cluster, 'v2');
    await weight(cluster, 25);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.5);
    apply(cluster, 'v2', { steps: [{ analysis: { templates: [{ templateName: 'latency' }] } }] });
    await aborted(cluster);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 25, 0]);
  });

  it('is refused at the door where the schema can tell', async () => {
    await givenV1(cluster);
    const steps = [{ setWeight: 10, pause: {} }] as Step[];
    expect(() =>
      cluster.create({ ...rollout('v1', { steps }), metadata: { name: 'other', namespace: 'shop' } }),
    ).toThrow(/a step is exactly one of/);
  });
});

describe('an analysis', () => {
  const metric = (over: Record<string, unknown>) => givenV1(cluster, { steps: STEPS }, over);

  it.each([
    ['does not parse', 'result[0] >=', /1:|offset|column|expected|unexpected/i],
    ['calls what there is not', 'fetch(result)', /fetch/],
  ])('whose condition %s is refused before anything is released', async (_what, successCondition, words) => {
    await givenV1(cluster, { steps: [] });
    cluster.edit<KubeObject>('AnalysisTemplate', 'success-rate', (object) => {
      const spec = object.spec as { metrics: { successCondition: string }[] };
      if (spec.metrics[0]) spec.metrics[0].successCondition = successCondition;
    });
    apply(cluster, 'v2', { steps: STEPS });
    await refused('spec.strategy.canary.steps[1].analysis', words);
    v1Serves();
  });

  it('whose query has no data does not pass: the release is aborted, and says that there was no data', async () => {
    await metric({});
    cluster.prometheus.script = () => [];
    apply(cluster, 'v2', { steps: STEPS });
    await cluster.until('it is decided', () => ['Degraded', 'Paused'].includes(cluster.rollout().status?.phase ?? ''));
    expect(cluster.audit.weights.get(IMAGE('v2'))).not.toContain(50);
    expect(cluster.rollout().status?.message).toMatch(/no data/i);
  });

  it('that waits for data says so on the Rollout, without a write for each look', async () => {
    await metric({ noData: 'Ignore' });
    cluster.prometheus.script = () => [];
    apply(cluster, 'v2', { steps: STEPS });
    const message = (): string | undefined => cluster.rollout().status?.canary?.currentStepAnalysisRunStatus?.message;
    await cluster.until('it is told', () => /^no data yet: .* answered an empty vector/.test(message() ?? ''));
    await cluster.run(5_000);
    const [{ resourceVersion }, asked] = [cluster.rollout().metadata, cluster.prometheus.queries.length];
    await cluster.run(60_000);
    expect(cluster.prometheus.queries.length).toBeGreaterThan(asked + 3);
    expect(cluster.rollout().metadata.resourceVersion).toBe(resourceVersion);
    cluster.prometheus.script = () => [1];
    await cluster.until('it goes on', () => message() === undefined);
  });

  it.each([[Number.NaN], [Infinity]])('whose query answers %d does not pass', async (answer) => {
    await metric({});
    cluster.prometheus.script = () => [answer];
    apply(cluster, 'v2', { steps: STEPS });
    await aborted(cluster);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0]);
  });

  it('cannot reach Prometheus: after so many errors in a row the release is aborted, never passed', async () => {
    await metric({ consecutiveErrorLimit: 2 });
    cluster.prometheus.script = () =>
      Object.assign(new Error('connect ECONNREFUSED 10.0.0.2:9090'), { code: 'ECONNREFUSED' });
    apply(cluster, 'v2', { steps: STEPS });
    await aborted(cluster);
    expect(cluster.prometheus.queries).toHaveLength(3);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0]);
    expect(cluster.rollout().status?.message).toMatch(/success-rate.*(unreachable|ECONNREFUSED|reach)/i);
  });

  it('survives an outage of Prometheus that is shorter than that', async () => {
    await metric({ consecutiveErrorLimit: 4 });
    let failures = 3;
    cluster.prometheus.script = () => (failures-- > 0 ? new Error('connect ECONNREFUSED') : undefined);
    apply(cluster, 'v2', { steps: STEPS });
    await promoted(cluster, 'v2');
  });
});

describe('a repository', () => {
  it('with malformed YAML: the file and line are named, and the last good commit stays applied', async () => {
    await givenV1FromGit(cluster);
    const good = cluster.commits()[0]?.oid ?? '';
    cluster.push({ 'deploy/config.yaml': 'apiVersion: v1\nkind: ConfigMap\ndata: { GREETING: [oops\n' }, 'Oops');
    await cluster.until('it is refused', () => cluster.application().status?.phase === 'Failed');
    const ready = cluster.condition(cluster.application(), 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'InvalidManifest' });
    expect(ready?.['message']).toMatch(/deploy\/config\.yaml:\d+/);
    expect(ready?.['message']).toContain(`${good.slice(0, 7)} stays applied`);
    expect(cluster.greeting()).toBe('hello');
    cluster.push(shop('v1', 'better'), 'Mended');
    await cluster.until('it is mended', () => cluster.application().status?.phase === 'Synced');
    expect(cluster.greeting()).toBe('better');
  });

  it('that is out of reach: what runs goes on, and the Application says why nothing new comes', async () => {
    await givenV1FromGit(cluster);
    cluster.repository.failure = new GitError('unreachable', 'connect ECONNREFUSED 10.0.0.1:443');
    await cluster.until('it is noticed', () => cluster.application().status?.phase === 'Failed');
    expect(cluster.condition(cluster.application(), 'Ready')).toMatchObject({ reason: 'GitUnreachable' });
    expect(cluster.rollout().status?.phase).toBe('Healthy');
    cluster.repository.failure = undefined;
    cluster.push(shop('v2'), 'Deploy v2');
    await promoted(cluster, 'v2');
    expect(cluster.application().status?.phase).toBe('Synced');
  });

  it('that declares nothing any more: nothing is deleted', async () => {
    await givenV1FromGit(cluster);
    const gone = Object.fromEntries(Object.keys(shop('v1')).map((path) => [path, null]));
    cluster.push(gone, 'Remove everything');
    await cluster.until('it is refused', () => cluster.application().status?.phase === 'Failed');
    expect(cluster.condition(cluster.application(), 'Ready')).toMatchObject({ reason: 'SourceNotFound' });
    await cluster.run(60_000);
    expect(cluster.pods()).toEqual({ v1: 4 });
    expect(cluster.greeting()).toBe('hello');
  });

  it('with an invalid Rollout: the API server refuses it, the Application says so, and v1 keeps serving', async () => {
    await givenV1FromGit(cluster);
    cluster.push(shaped('v2', { steps: [{ setWeight: 110 }] }), 'Too much');
    await cluster.until('it is refused', () => cluster.application().status?.phase === 'Failed');
    expect(cluster.application().status?.message).toMatch(/Rollout.*web.*setWeight/);
    v1Serves();
    cluster.push(shop('v2'), 'Just right');
    await promoted(cluster, 'v2');
  });
});

describe('an object that a Rollout needs', () => {
  it('may come later than the Rollout', async () => {
    for (const object of [service('web-stable'), rollout('v1'), template()]) cluster.create(object);
    await cluster.start();
    await cluster.until('it is refused', () => cluster.condition(cluster.rollout(), 'InvalidSpec'));
    cluster.create(virtualService());
    cluster.create(service('web-canary'));
    await promoted(cluster, 'v1');
  });
});
