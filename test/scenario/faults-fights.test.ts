// Faults found by use, and their kind: somebody else writes what Sluice writes.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject, Service } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { apply, givenV1, givenV1FromGit, isPromoted, promoted, shaped, waits, weight } from './given.ts';
import { analysisStep, config, IMAGE, rollout, service, template, virtualService, WEIGHTS } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

type Route = KubeObject & { spec: { http: { route: { weight: number }[] }[] } };
type Scaled = KubeObject & { spec: { replicas: number } };

const shift = (): void =>
  cluster.edit<Route>(
    'VirtualService',
    'web',
    ({ spec }) => {
      const [a, b] = spec.http[0]?.route ?? [];
      if (a && b) [a.weight, b.weight] = [100, 0];
    },
    'other-operator',
  );
const select = (): void =>
  cluster.edit<Service & KubeObject>(
    'Service',
    'web-canary',
    ({ spec }) => void (spec.selector = { app: 'web', [POD_TEMPLATE_HASH]: 'elsewhere' }),
    'other-operator',
  );
const scale = (): void =>
  cluster.edit<Scaled>(
    'ReplicaSet',
    cluster.replicaSet(IMAGE('v1'))?.metadata.name ?? '',
    ({ spec }) => void (spec.replicas = 1),
    'other-operator',
  );

async function fought(by: () => void, seconds = 300): Promise<void> {
  await givenV1(cluster, { steps: STEPS });
  apply(cluster, 'v2', { steps: STEPS });
  await waits(cluster);
  for (let second = 0; second < seconds; second++) {
    by();
    await cluster.run(1_000);
  }
}

describe('a writer that resets every second, for five minutes,', () => {
  const writers: [string, () => void][] = [
    ['the weights', shift],
    ['the selector of a Service', select],
    ['the pods of a ReplicaSet', scale],
  ];

  it.each(writers)('%s is told of: in an Event, a condition and a metric, with its name', async (_what, by) => {
    await fought(by);
    const told = cluster.events().filter((text) => text.includes('other-operator'));
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(3);
    expect(JSON.stringify(cluster.rollout().status?.conditions)).toContain('other-operator');
    const { body } = (await cluster.processes[0]?.metrics.render()) ?? { body: '' };
    expect(body).toMatch(/sluice_\w*(correct|fight|drift)\w*\{[^}]*name="web"[^}]*\} [1-9]/);
  });

  it.each(writers)('%s is corrected within half a minute, and nothing else is done', async (_what, by) => {
    await fought(by);
    await cluster.run(30_000);
    expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    expect(cluster.selected('web-canary')).toBe(cluster.rollout().status?.currentPodHash);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 1 });
    expect(cluster.rollout().status?.step).toBe('1/2');
    const writes = cluster.journal.filter((line) => /^kube (PATCH|PUT|POST|DELETE)/.test(line)).length;
    expect(writes).toBeLessThan(6 * 300);
  });
});

describe('a fight that has ended', () => {
  it('is no longer said, and nothing is written at rest', async () => {
    await fought(shift, 5);
    await cluster.run(30_000);
    const contested = (): unknown => cluster.condition(cluster.rollout(), 'Contested')?.['message'];
    expect(contested()).toMatch(/^other-operator changes the weights of VirtualService web again and again/);
    const writes = (): number => cluster.processes[0]?.writes.length ?? 0;
    const before = writes();
    await cluster.run(10 * 60_000);
    expect(writes()).toBe(before);
    await cluster.until('it is no longer said', () => contested() === undefined);
    await cluster.run(60_000);
    expect(writes()).toBe(before + 1);
    shift();
    await cluster.run(5_000);
    expect(contested()).toBeUndefined();
  });

  it('goes on where a process that has just started finds it', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    cluster.processes[0]?.kill();
    await cluster.start();
    for (let times = 0; times < 5; times++) {
      select();
      await cluster.run(1_000);
    }
    expect(cluster.events('Contested')).toHaveLength(1);
    expect(cluster.rollout().status?.phase).toBe('Paused');
  });
});

describe('one edit by hand', () => {
  it('of the weights is put right without a word of a fight', async () => {
    await givenV1(cluster, { steps: STEPS });
    apply(cluster, 'v2', { steps: STEPS });
    await waits(cluster);
    const before = cluster.events().filter((text) => text.includes('other-operator')).length;
    shift();
    await weight(cluster, 25);
    await cluster.run(60_000);
    expect(cluster.events().filter((text) => text.includes('other-operator'))).toHaveLength(before);
  });
});

describe('a controller that is alone', () => {
  const said = (): string => cluster.processes.flatMap(({ lines }) => lines).join('\n');

  it('is not taken for two: not after a crash, and not where answers are lost or a plugin writes', async () => {
    await givenV1(cluster);
    apply(cluster, 'v2');
    await weight(cluster, 10);
    cluster.processes[0]?.kill();
    await cluster.start();
    let lost = 0;
    cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/rollouts/web/status') && lost++ % 2 === 0 ? { fail: 'after' } : undefined,
    );
    await promoted(cluster, 'v2');
    expect(lost).toBeGreaterThan(3);
    for (let times = 0; times < 4; times++) {
      cluster.signal({ promoteFull: true });
      await cluster.run(5_000);
    }
    expect(said()).not.toMatch(/another controller/i);
  });

  it('is not taken for two where it takes over from another', async () => {
    const services = [service('web-stable'), service('web-canary')];
    for (const object of [config('hello'), ...services, virtualService(), template(), rollout('v1')])
      cluster.create(object);
    for (const name of ['sluice-0', 'sluice-1']) await cluster.start({ name, elect: true });
    await promoted(cluster, 'v1');
    apply(cluster, 'v2');
    await weight(cluster, 25);
    cluster.processes[0]?.kill();
    await promoted(cluster, 'v2');
    expect(said()).not.toMatch(/another controller/i);
  });
});

describe('two controllers that both act, with --leader-elect=false, on one cluster', () => {
  const changes: number[] = [];
  const two = async (start: () => Promise<void>): Promise<void> => {
    await start();
    await cluster.start({ name: 'sluice-1' });
    changes.length = 0;
    cluster.server.store.subscribe({ group: 'networking.istio.io', kind: 'VirtualService' }, () => {
      const canary = cluster.weights()?.canary ?? 0;
      if (canary !== changes.at(-1)) changes.push(canary);
    });
  };

  it('take a good release through its steps, and the weights never flap', async () => {
    await two(() => givenV1(cluster));
    apply(cluster, 'v2');
    await promoted(cluster, 'v2');
    await cluster.run(60_000);
    expect(changes.filter((percent, i) => i === 0 || percent !== changes[i - 1])).toEqual([...WEIGHTS, 0]);
  });

  it('do so from Git, begun once, and leave no hold behind', async () => {
    await two(() => givenV1FromGit(cluster));
    const applied = [cluster.declaredImage()];
    cluster.server.store.subscribe({ group: 'sluice.dev', kind: 'Rollout' }, () => {
      if (cluster.declaredImage() !== applied.at(-1)) applied.push(cluster.declaredImage());
    });
    let records = 0;
    cluster.server.intercept(({ method, path }) => {
      if (method === 'PATCH' && path.includes('/applications/shop/status')) records++;
      // Thousands of writes more would say nothing more.
      if (records > 60) cluster.close();
      return undefined;
    });
    cluster.push(shaped('v2', {}), 'Deploy v2');
    await cluster.until('v2 is promoted, or they fight', () => records > 60 || isPromoted(cluster, 'v2'));
    expect(records).toBeLessThan(60);
    expect(applied).toEqual([IMAGE('v1'), IMAGE('v2')]);
    await cluster.run(60_000);
    expect(cluster.application().status?.holds ?? []).toEqual([]);
    expect(cluster.rollout().metadata.annotations).not.toHaveProperty('sluice.dev/held');
  });

  it('take a bad release back once', async () => {
    await two(() => givenV1(cluster));
    cluster.prometheus.rates.set(IMAGE('v2'), 0.5);
    apply(cluster, 'v2');
    await cluster.until('it is aborted', () => cluster.rollout().status?.abort === true);
    await cluster.run(60_000);
    expect(changes).toEqual([10, 0]);
    expect(cluster.rollout().status?.history?.filter(({ outcome }) => outcome === 'Aborted')).toHaveLength(1);
  });

  it('are one command’s answer', async () => {
    const steps: Step[] = [{ setWeight: 10 }, { pause: {} }, { setWeight: 50 }, { pause: {} }, analysisStep];
    await two(() => givenV1(cluster, { steps }));
    apply(cluster, 'v2', { steps });
    await waits(cluster);
    cluster.annotate('promote');
    await weight(cluster, 50);
    await cluster.run(60_000);
    expect(cluster.rollout().status?.step).toBe('3/5');
    expect(changes).toEqual([10, 50]);
  });

  it('are told of by each of them', async () => {
    await two(() => givenV1(cluster));
    apply(cluster, 'v2');
    await promoted(cluster, 'v2');
    await cluster.run(60_000);
    for (const { lines } of cluster.processes) expect(lines.join('\n')).toMatch(/another (controller|process|writer)/i);
  });
});
