import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject, Service } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Rollout, Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { apply, givenV1, promoted, waits } from './given.ts';
import { released } from './released.ts';
import { IMAGE, rollout, service, UNROUTED, virtualService } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

async function givenV2AtItsPause(): Promise<void> {
  await givenV1(cluster, { steps: STEPS });
  apply(cluster, 'v2', { steps: STEPS });
  await waits(cluster);
  expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
}

const marks = (): string[] =>
  Object.keys(cluster.find('VirtualService', 'web')?.metadata.annotations ?? {}).filter((name) =>
    name.startsWith('sluice.dev/'),
  );
const isHandedBack = (): boolean =>
  cluster.selected('web-stable') === undefined &&
  cluster.selected('web-canary') === undefined &&
  cluster.weights()?.canary === 0 &&
  marks().length === 0;

describe('what is no longer driven is handed back', () => {
  it('when its Rollout is deleted by hand', async () => {
    await givenV2AtItsPause();
    cluster.delete('Rollout', 'web');
    await cluster.until('it is handed back', isHandedBack, 5_000);
    expect(cluster.events('HandedBack')).toContain(
      'HandedBack: No Rollout drives it any more: all its traffic goes to the stable destination',
    );
  });

  it('when it was deleted while no process was there', async () => {
    await givenV2AtItsPause();
    cluster.close();
    cluster.delete('Rollout', 'web');
    await cluster.run(60_000);
    expect(isHandedBack()).toBe(false);
    await cluster.start();
    await cluster.until('it is handed back', isHandedBack, 5_000);
  });

  it('the weights before the selectors', async () => {
    await givenV2AtItsPause();
    cluster.journal.length = 0;
    cluster.delete('Rollout', 'web');
    await cluster.until('it is handed back', isHandedBack, 5_000);
    const writes = cluster.journal.filter((line) => /PATCH .*(virtualservices|services)\/web/.test(line));
    expect(writes[0]).toContain('virtualservices/web');
    expect(writes.length).toBe(3);
  });

  it('when the Rollout names another canary Service', async () => {
    await givenV2AtItsPause();
    cluster.create(service('web-next'));
    cluster.edit<Rollout & KubeObject>('Rollout', 'web', ({ spec }) => {
      if (spec.strategy.canary) spec.strategy.canary.canaryService = 'web-next';
    });
    await cluster.until('the old one is free', () => cluster.selected('web-canary') === undefined, 5_000);
    expect(cluster.selected('web-stable')).toBeDefined();
  });

  it('when the strategy drops its router', async () => {
    await givenV2AtItsPause();
    cluster.edit<Rollout & KubeObject>('Rollout', 'web', ({ spec }) => {
      delete spec.strategy.canary?.trafficRouting;
    });
    await cluster.until('the route is free', () => cluster.weights()?.canary === 0 && marks().length === 0, 5_000);
  });

  it('but never a hash that another controller wrote', async () => {
    await givenV1(cluster, { steps: STEPS });
    cluster.create(service('argo'));
    cluster.edit<KubeObject & { spec: { selector: Record<string, string> } }>('Service', 'argo', ({ spec }) => {
      spec.selector[POD_TEMPLATE_HASH] = '6f8c9d7b5';
    });
    await cluster.run(60_000);
    expect(cluster.selected('argo')).toBe('6f8c9d7b5');
  });

  it('and nothing that is driven', async () => {
    await givenV2AtItsPause();
    cluster.close();
    await cluster.start();
    await cluster.run(60_000);
    expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    expect(cluster.selected('web-stable')).toBeDefined();
  });
});

describe('sluice release', () => {
  const run = (options: Parameters<typeof released>[1]): Promise<string[]> => released(cluster, options);

  interface Pod extends KubeObject {
    status?: { conditions?: { type: string; status: string }[] };
  }
  const isReady = ({ status, metadata }: Pod): boolean =>
    metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

  /** Versions of the ready pods that a Service selects. */
  function behind(name: string): string[] {
    const { selector = {} } = cluster.find<Service & KubeObject>('Service', name)?.spec ?? {};
    const pods = cluster.server.store.list({ group: '', kind: 'Pod' }, { namespace: 'shop' }) as Pod[];
    return pods
      .filter(isReady)
      .filter(({ metadata }) => Object.entries(selector).every(([key, value]) => metadata.labels?.[key] === value))
      .map(imageOf);
  }
  const imageOf = (pod: Pod): string =>
    (pod['spec'] as { containers: { image: string }[] }).containers[0]?.image.split(':')[1] ?? '';

  /** What a client meets, noted before each request of the command. */
  function watchTraffic(): { failing: string[]; candidate: number[] } {
    const seen = { failing: [] as string[], candidate: [] as number[] };
    cluster.server.intercept(({ method, path }) => {
      const { stable, canary } = cluster.weights() ?? { stable: 100, canary: 0 };
      const [stablePods, canaryPods] = [behind('web-stable'), behind('web-canary')];
      if ((stable > 0 && stablePods.length === 0) || (canary > 0 && canaryPods.length === 0))
        seen.failing.push(`${method} ${path}`);
      const share = (pods: string[]): number =>
        pods.filter((version) => version !== 'v1').length / Math.max(1, pods.length);
      seen.candidate.push(stable * share(stablePods) + canary * share(canaryPods));
      return undefined;
    });
    return seen;
  }

  async function givenV2Promoted(): Promise<void> {
    await givenV2AtItsPause();
    cluster.annotate('promote', 'full');
    await promoted(cluster, 'v2');
  }

  it('says what it would hand back, and does nothing, with --dry-run', async () => {
    await givenV2Promoted();
    await cluster.run(60_000);
    cluster.close();
    const lines = await run({ dryRun: true });
    expect(lines[0]).toBe('would hand back VirtualService shop/web: all its traffic goes to the stable destination');
    expect(lines.length).toBe(3);
    expect(isHandedBack()).toBe(false);
  });

  it('hands everything back while the Rollouts are still there', async () => {
    await givenV2Promoted();
    await cluster.run(60_000);
    cluster.close();
    await run({});
    expect(isHandedBack()).toBe(true);
    expect(await run({ namespace: 'shop', rollouts: ['web'] })).toEqual(['nothing is driven']);
  });

  it('refuses in the middle of a release, and says what to do, since Services that are let go of would select its pods', async () => {
    await givenV2AtItsPause();
    cluster.close();
    for (const options of [{}, { dryRun: true }, { namespace: 'shop', rollouts: ['web'] }])
      await expect(run(options)).rejects.toThrow(
        /^Rollout shop\/web: besides its stable revision \S+ there is 1 pod of revision \S+.*would select.*--abort.*controller/s,
      );
    expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    expect(behind('web-stable')).toEqual(['v1', 'v1', 'v1', 'v1']);
  });

  it('takes a release back first with --abort: no request fails, and none reaches the candidate any more', async () => {
    await givenV2AtItsPause();
    cluster.close();
    const seen = watchTraffic();
    const lines = await run({ abort: true });
    expect(lines[0]).toMatch(
      /^took back Rollout shop\/web: all traffic goes to its stable revision \S+, the pods of \S+ are gone$/,
    );
    expect(isHandedBack()).toBe(true);
    expect(seen.failing).toEqual([]);
    const from = seen.candidate.indexOf(0);
    expect(Math.max(...seen.candidate.slice(0, from))).toBe(25);
    expect(seen.candidate.slice(from).every((share) => share === 0)).toBe(true);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 0 });
    expect(behind('web-stable')).toEqual(['v1', 'v1', 'v1', 'v1']);
  });

  it('leaves word of the abort: a controller that comes back does not go on with the release', async () => {
    await givenV2AtItsPause();
    cluster.close();
    await run({ abort: true });
    await cluster.start();
    await cluster.until('it is aborted', () => cluster.rollout().status?.abort === true, 60_000);
    expect(cluster.rollout().status?.history?.at(-1)).toMatchObject({
      reason: 'taken back by sluice release',
      command: { by: 'sluice-release' },
    });
    expect(cluster.weights()?.canary).toBe(0);
  });

  it('says with --dry-run what it would take back with --abort', async () => {
    await givenV2AtItsPause();
    cluster.close();
    const lines = await run({ abort: true, dryRun: true });
    expect(lines[0]).toMatch(
      /^would take back Rollout shop\/web, until all traffic goes to its stable revision \S+, .* gone$/,
    );
    expect(lines[1]).toMatch(/^would hand back VirtualService shop\/web/);
    expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    expect(cluster.pods()).toEqual({ v1: 4, v2: 1 });
  });

  it('waits with --abort for the pods of a revision that was promoted away from', async () => {
    await givenV2Promoted();
    cluster.close();
    expect(cluster.pods()).toEqual({ v1: 4, v2: 4 });
    await expect(run({})).rejects.toThrow('there are 4 pods of revision');
    await run({ abort: true });
    expect(isHandedBack()).toBe(true);
    expect(cluster.pods()).toEqual({ v1: 0, v2: 4 });
    expect(cluster.rollout().metadata.annotations?.['sluice.dev/abort']).toBeUndefined();
  });

  it('waits with --abort for pods that an earlier abort left', async () => {
    await givenV2AtItsPause();
    cluster.annotate('abort');
    await cluster.until('it is aborted', () => cluster.rollout().status?.abort === true, 5_000);
    cluster.close();
    expect(cluster.pods()['v2']).toBe(1);
    await expect(run({})).rejects.toThrow('--abort');
    await run({ abort: true });
    expect(isHandedBack()).toBe(true);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 0 });
  });

  it('brings the stable pods up first where the pods are the traffic', async () => {
    const shape = { steps: STEPS, canary: { trafficRouting: undefined } };
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    cluster.close();
    expect(cluster.pods()).toEqual({ v1: 3, v2: 1 });
    const seen = watchTraffic();
    await run({ abort: true });
    expect(seen.failing).toEqual([]);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 0 });
    expect(behind('web-stable')).toEqual(['v1', 'v1', 'v1', 'v1']);
  });

  it('does so with subsets in place of Services', async () => {
    const subsets = (): (string | undefined)[] =>
      (cluster.find('DestinationRule', 'web')?.['spec'] as Rule | undefined)?.subsets.map(
        ({ labels }) => labels?.[POD_TEMPLATE_HASH],
      ) ?? [];
    interface Rule {
      subsets: { name: string; labels?: Record<string, string> }[];
    }
    const route = virtualService() as { spec: { http: { route: object[] }[] } };
    const to = (subset: string, percent: number): object => ({ destination: { host: 'web', subset }, weight: percent });
    if (route.spec.http[0]) route.spec.http[0].route = [to('stable', 100), to('canary', 0)];
    const rule = { subsets: [{ name: 'stable' }, { name: 'canary' }] };
    cluster.create(route);
    cluster.create({
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { host: 'web', ...rule },
    });
    const istio = {
      virtualService: { name: 'web' },
      destinationRule: { name: 'web', stableSubsetName: 'stable', canarySubsetName: 'canary' },
    };
    const canary = { canaryService: undefined, stableService: undefined, trafficRouting: { istio } };
    const of = (version: string) => rollout(version, { steps: STEPS, canary: canary as never });
    cluster.create(JSON.parse(JSON.stringify(of('v1'))) as object);
    await cluster.start();
    await promoted(cluster, 'v1');
    apply(cluster, 'v2', { steps: STEPS, canary: canary as never });
    await waits(cluster);
    cluster.close();
    await expect(run({})).rejects.toThrow('--abort');
    const during: (string | undefined)[][] = [];
    cluster.server.intercept(({ method, path }) => {
      if (method === 'PATCH' && path.includes('/replicasets/')) during.push(subsets());
      return undefined;
    });
    const stable = cluster.rollout().status?.stableRS;
    await run({ abort: true });
    expect(during).toEqual([[stable, stable]]);
    expect(subsets()).toEqual([undefined, undefined]);
    expect(cluster.weights()?.canary).toBe(0);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 0 });
  });

  it('has nothing to refuse where nothing is bound', async () => {
    const shape = { steps: STEPS, canary: UNROUTED as never };
    await givenV1(cluster, shape);
    apply(cluster, 'v2', shape);
    await waits(cluster);
    cluster.close();
    expect(await run({})).toEqual(['nothing is driven']);
  });

  it('takes nothing down while the stable revision cannot carry the traffic, or a route cannot be changed', async () => {
    await givenV2AtItsPause();
    cluster.workloads.crash(IMAGE('v1'));
    await cluster.run(1_000);
    cluster.close();
    await expect(run({ abort: true })).rejects.toThrow(/web: .*0 of 4 pods of its stable revision/);
    expect(cluster.weights()).toEqual({ stable: 75, canary: 25 });
    cluster.workloads.mend(IMAGE('v1'));
    await cluster.run(1_000);
    cluster.edit<KubeObject & { spec: { http: { name: string }[] } }>('VirtualService', 'web', ({ spec }) => {
      if (spec.http[0]) spec.http[0].name = 'main';
    });
    await expect(run({ abort: true })).rejects.toThrow(/VirtualService shop\/web/);
    expect(cluster.pods()).toEqual({ v1: 4, v2: 1 });
  });

  it('lets the first revision go as it is: there is no other', async () => {
    for (const object of [
      service('web-stable'),
      service('web-canary'),
      virtualService(),
      rollout('v1', { steps: STEPS }),
    ])
      cluster.create(object);
    cluster.workloads.broken.add(IMAGE('v1'));
    await cluster.start();
    await cluster.until('its pods are there', () => cluster.pods()['v1'] === 4, 60_000);
    cluster.close();
    await run({});
    expect(cluster.selected('web-stable')).toBeUndefined();
  });

  it('names a Rollout that there is not', async () => {
    await givenV1(cluster, { steps: STEPS });
    await expect(run({ namespace: 'shop', rollouts: ['wob'] })).rejects.toThrow(
      'there is no Rollout wob in namespace shop',
    );
  });
});
