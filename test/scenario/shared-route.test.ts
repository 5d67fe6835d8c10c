// Two Rollouts that share a VirtualService, each by a route of its own: what one notes there, and what is handed back of it, is its own.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Canary, Rollout, Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { rollout, service } from './manifests.ts';
import { released } from './released.ts';

interface Http {
  name: string;
  route: { destination: { host: string }; weight: number }[];
}
type Route = KubeObject & { spec: { http: Http[] } };

const HOUR = 3_600_000;
const STEPS: Step[] = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: {} }];
const NAMES = ['web', 'api'] as const;
type Name = (typeof NAMES)[number];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

/** The shop's manifest for one of the two. */
const named = <T>(name: Name, object: object): T =>
  JSON.parse(JSON.stringify(object).replaceAll('"web"', `"${name}"`).replaceAll('web-', `${name}-`)) as T;

const declared = (name: Name, version: string, canary: Partial<Canary> = {}): KubeObject => {
  const object = named<KubeObject>(name, rollout(version, { steps: STEPS, canary }));
  const { strategy } = object.spec as { strategy: { canary: Canary } };
  strategy.canary.trafficRouting = { istio: { virtualService: { name: 'web', routes: [name] } } };
  return object;
};

const entry = (name: Name): Http => ({
  name,
  route: [
    { destination: { host: `${name}-stable` }, weight: 100 },
    { destination: { host: `${name}-canary` }, weight: 0 },
  ],
});
const virtualService = (name: string, http: Http[]): Route => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: 'shop' },
  spec: { http },
});

const http = (): Http[] => cluster.find<Route>('VirtualService', 'web')?.spec.http ?? [];
const share = (name: Name): number | undefined => http().find((each) => each.name === name)?.route[1]?.weight;
const marks = (): string => JSON.stringify(cluster.find('VirtualService', 'web')?.metadata.annotations ?? {});
const of = (name: Name): Rollout | undefined => cluster.find<Rollout>('Rollout', name);
const stands = (name: Name, phase: string): Promise<void> =>
  cluster.until(`${name} is ${phase}`, () => {
    const found = of(name);
    return found?.status?.phase === phase && Number(found.status.observedGeneration) === found.metadata.generation;
  });
const apply = (name: Name, version: string, canary: Partial<Canary> = {}): void =>
  cluster.edit<KubeObject>('Rollout', name, (object) => void (object.spec = declared(name, version, canary).spec));
const annotate = (name: Name, verb: string, value: string): void =>
  cluster.edit('Rollout', name, ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [`sluice.dev/${verb}`]: value };
  });

/** Writes of all processes in a while, Events aside; what writes without an end is killed, so that the story ends. */
async function writesIn(ms: number): Promise<string[]> {
  const before = cluster.processes.map(({ writes }) => writes.length);
  let count = 0;
  cluster.server.intercept(({ method }) => {
    if (method !== 'GET' && ++count > 300) for (const each of cluster.processes) each.kill();
    return undefined;
  });
  await cluster.run(ms);
  return cluster.processes
    .flatMap(({ writes }, at) => writes.slice(before[at]))
    .filter((line) => !line.includes('/events'));
}

async function givenBoth(shapes: Partial<Record<Name, Partial<Canary>>> = {}): Promise<void> {
  cluster.create(virtualService('web', NAMES.map(entry)));
  for (const name of NAMES) {
    for (const side of ['stable', 'canary']) cluster.create(named(name, service(`web-${side}`)));
    cluster.create(declared(name, 'v1', shapes[name]));
  }
  await cluster.start();
  for (const name of NAMES) await stands(name, 'Healthy');
}

/** Both are at their first step. */
async function givenBothAt20(shapes: Partial<Record<Name, Partial<Canary>>> = {}): Promise<void> {
  await givenBoth(shapes);
  for (const name of NAMES) {
    apply(name, 'v2', shapes[name]);
    await stands(name, 'Paused');
  }
  expect([share('web'), share('api')]).toEqual([20, 20]);
}

async function aborted(name: Name): Promise<void> {
  annotate(name, 'abort', 'bad');
  await cluster.until(`${name} is aborted`, () => of(name)?.status?.abort === true && share(name) === 0);
}

const hashOf = (name: Name): string => of(name)?.status?.currentPodHash ?? '';

describe('a verdict on a route that two Rollouts share', () => {
  it('is each one’s own: two that are aborted rest', async () => {
    await givenBothAt20();
    for (const name of NAMES) await aborted(name);
    await cluster.run(120_000);
    expect(await writesIn(HOUR)).toEqual([]);
    for (const name of NAMES) expect(of(name)?.status?.phase).toBe('Degraded');
  });

  it('stays while the other one goes on, and is found by a process that knows of nothing else', async () => {
    await givenBothAt20();
    await aborted('web');
    annotate('api', 'promote', 'true');
    await cluster.until('the other goes on', () => share('api') === 60);
    expect(marks()).toContain(`${hashOf('web')}-2`);
    cluster.processes[0]?.kill();
    cluster.edit<Rollout & KubeObject>('Rollout', 'web', (object) => void delete object.status);
    await cluster.start();
    await cluster.until('it is known', () => of('web')?.status?.abort === true);
    await cluster.run(120_000);
    expect([share('web'), share('api')]).toEqual([0, 60]);
  });

  it('goes with the next release of its own Rollout alone', async () => {
    await givenBothAt20();
    for (const name of NAMES) await aborted(name);
    apply('web', 'v3');
    await stands('web', 'Paused');
    expect(marks()).not.toContain(`${hashOf('web')}-`);
    expect(marks()).toContain(`${hashOf('api')}-2`);
  });
});

describe('a route that two Rollouts share is handed back by Rollout', () => {
  it.each(['web', 'api'] as const)(
    '%s is deleted with a fifth of the requests: its share and marks go, the other’s stay',
    async (gone) => {
      const stays = gone === 'web' ? 'api' : 'web';
      await givenBothAt20();
      cluster.delete('Rollout', gone);
      await cluster.until('it is handed back', () => share(gone) === 0, 10_000);
      await cluster.run(60_000);
      expect([share(gone), share(stays)]).toEqual([0, 20]);
      expect(marks()).not.toContain(`shop/${gone}`);
      expect(marks()).toContain(`shop/${stays}`);
      expect(cluster.events('HandedBack').join('\n')).toContain(
        `Rollout shop/${gone} does not drive it any more: all its traffic goes to the stable destination`,
      );
      expect(await writesIn(HOUR)).toEqual([]);
    },
  );

  it('a Rollout that names another one lets go of its share', async () => {
    await givenBothAt20();
    cluster.create(virtualService('other', [entry('api')]));
    cluster.edit<KubeObject>('Rollout', 'api', (object) => {
      object.spec = JSON.parse(
        JSON.stringify(declared('api', 'v2').spec).replace('"name":"web","routes"', '"name":"other","routes"'),
      ) as unknown;
    });
    await cluster.until('it is handed back', () => share('api') === 0, 10_000);
    await cluster.run(60_000);
    expect(share('web')).toBe(20);
    expect(marks()).not.toContain('shop/api');
    expect(marks()).toContain('shop/web');
  });

  it('while no process was there', async () => {
    await givenBothAt20();
    cluster.close();
    cluster.delete('Rollout', 'api');
    await cluster.start();
    await cluster.until('it is handed back', () => share('api') === 0, 10_000);
    await cluster.run(60_000);
    expect(share('web')).toBe(20);
  });

  it('both are gone: both shares are back, and no mark is left', async () => {
    await givenBothAt20();
    for (const name of NAMES) cluster.delete('Rollout', name);
    await cluster.until('it is handed back', () => marks() === '{}', 10_000);
    expect([share('web'), share('api')]).toEqual([0, 0]);
  });

  it('one that leaves Git says that it is retired once its share is back, and not before', async () => {
    await givenBothAt20();
    const at: (number | undefined)[] = [];
    cluster.server.intercept(({ method, path, body }) => {
      const isRecord = method === 'PATCH' && path.includes('/rollouts/api/status');
      const isSaid = isRecord && /retired\W+true/.test(JSON.stringify(body));
      if (isSaid) at.push(share('api'));
      return undefined;
    });
    annotate('api', 'retire', 'shop/shop');
    await cluster.until('it is retired', () => of('api')?.status?.retired === true, 30_000);
    expect(at[0]).toBe(0);
    expect([share('web'), marks().includes('shop/api')]).toEqual([20, false]);
  });

  it('by sluice release of one of them, too', async () => {
    await givenBothAt20();
    annotate('api', 'promote', 'full');
    await stands('api', 'Healthy');
    await cluster.run(600_000);
    apply('api', 'v3');
    await stands('api', 'Paused');
    cluster.close();
    await released(cluster, { namespace: 'shop', abort: true, rollouts: ['api'] });
    expect([share('web'), share('api')]).toEqual([20, 0]);
    expect(marks()).toContain('shop/web');
    expect(marks()).not.toContain('shop/api');
    expect(cluster.selected('web-stable')).toBeDefined();
    expect(cluster.selected('api-stable')).toBeUndefined();
  });
});

describe('what an earlier version has noted', () => {
  const bare = (name: Name, rejected?: string): void =>
    cluster.edit(
      'VirtualService',
      'web',
      ({ metadata }) => {
        const { canaryService, stableService, trafficRouting } =
          (declared(name, 'v1').spec as Rollout['spec']).strategy.canary ?? {};
        const driver = { rollout: `shop/${name}`, canaryService, stableService, trafficRouting };
        metadata.annotations = {
          ...metadata.annotations,
          'sluice.dev/driven-by': JSON.stringify(driver),
          ...(rejected !== undefined && { 'sluice.dev/rejected': rejected }),
        };
      },
      'sluice-controller',
    );

  it('is handed back', async () => {
    await givenBothAt20();
    cluster.close();
    bare('api', `${hashOf('api')}-2`);
    cluster.delete('Rollout', 'api');
    await cluster.start();
    await cluster.until('it is handed back', () => share('api') === 0, 10_000);
    await cluster.run(60_000);
    expect(marks()).not.toContain('api');
    expect(share('web')).toBe(20);
  });

  it('is believed, is not rewritten for its own sake, and stays when the other Rollout writes', async () => {
    await givenBothAt20();
    await aborted('api');
    await cluster.run(120_000);
    cluster.close();
    bare('api', `${hashOf('api')}-2`);
    await cluster.start();
    await cluster.run(60_000);
    expect(await writesIn(HOUR)).toEqual([]);
    annotate('web', 'promote', 'true');
    await cluster.until('the other goes on', () => share('web') === 60);
    expect(marks()).toContain(`${hashOf('api')}-2`);
    await cluster.run(60_000);
    expect(of('api')?.status?.abort).toBe(true);
    cluster.delete('Rollout', 'api');
    await cluster.until('its marks go', () => !marks().includes('api'), 10_000);
  });
});
