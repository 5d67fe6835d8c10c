// A Rollout that names a route less of an object that it goes on driving: that route goes back to its stable side, and is nobody's.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Canary, Rollout, Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { rollout, service } from './manifests.ts';

interface Http {
  name: string;
  route: { destination: { host: string }; weight: number }[];
}
type Route = KubeObject & { spec: { http: Http[] } };

const HOUR = 3_600_000;
const STEPS: Step[] = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: {} }];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const declared = (version: string, routes: string[], rest: Partial<Canary> = {}, name = 'web'): KubeObject => {
  const object = rollout(version, { steps: STEPS, canary: rest }) as KubeObject & Pick<Rollout, 'spec'>;
  object.metadata.name = name;
  const { canary } = object.spec.strategy;
  if (canary) canary.trafficRouting = { istio: { virtualService: { name: 'web', routes } } };
  return object;
};
const entry = (name: string): Http => ({
  name,
  route: [
    { destination: { host: 'web-stable' }, weight: 100 },
    { destination: { host: 'web-canary' }, weight: 0 },
  ],
});
const virtualService = (names: string[]): Route => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { http: names.map(entry) },
});
const shares = (): Record<string, number | undefined> =>
  Object.fromEntries(
    (cluster.find<Route>('VirtualService', 'web')?.spec.http ?? []).map(({ name, route }) => [name, route[1]?.weight]),
  );
const noted = (): string => cluster.find('VirtualService', 'web')?.metadata.annotations?.['sluice.dev/driven-by'] ?? '';
const apply = (version: string, routes: string[], rest: Partial<Canary> = {}): void =>
  cluster.edit<KubeObject>('Rollout', 'web', (object) => void (object.spec = declared(version, routes, rest).spec));
const stands = (phase: string): Promise<void> =>
  cluster.until(`it is ${phase}`, () => {
    const found = cluster.find<Rollout>('Rollout', 'web');
    return found?.status?.phase === phase && Number(found.status.observedGeneration) === found.metadata.generation;
  });
const command = (verb: string, value: string): void =>
  cluster.edit('Rollout', 'web', ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [`sluice.dev/${verb}`]: value };
  });
const setShare = (name: string, canary: number): void =>
  cluster.edit<Route>('VirtualService', 'web', ({ spec }) => {
    const [stable, other] = spec.http.find((each) => each.name === name)?.route ?? [];
    if (stable && other) [stable.weight, other.weight] = [100 - canary, canary];
  });
/** v2 has a fifth of the requests of two routes. */
async function givenTwoAt20(): Promise<void> {
  cluster.create(virtualService(['a', 'b', 'c']));
  for (const side of ['stable', 'canary']) cluster.create(service(`web-${side}`));
  cluster.create(declared('v1', ['a', 'b']));
  await cluster.start();
  await stands('Healthy');
  apply('v2', ['a', 'b']);
  await stands('Paused');
  expect(shares()).toEqual({ a: 20, b: 20, c: 0 });
}

describe('a route that is no longer named of an object that is', () => {
  it('goes back to the stable side, once, and the others keep their share', async () => {
    await givenTwoAt20();
    apply('v2', ['a']);
    await cluster.until('it is back', () => shares()['b'] === 0, 10_000);
    expect(shares()).toEqual({ a: 20, b: 0, c: 0 });
    expect(noted()).toContain('"routes":["a"]');
    expect(cluster.events('HandedBack').join('\n')).toContain(
      'Rollout shop/web drives less of it: the routes that it names no more go to the stable destination',
    );
    await cluster.run(60_000);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it('does so when the release goes on in the same moment', async () => {
    await givenTwoAt20();
    command('promote', 'true');
    apply('v2', ['a']);
    await cluster.until('the other goes on', () => shares()['a'] === 60);
    await cluster.until('it is back', () => shares()['b'] === 0, 10_000);
    expect(shares()).toEqual({ a: 60, b: 0, c: 0 });
  });

  it('does so when no process was there', async () => {
    await givenTwoAt20();
    cluster.close();
    apply('v2', ['a']);
    await cluster.run(60_000);
    await cluster.start();
    await cluster.until('it is back', () => shares()['b'] === 0, 10_000);
    expect(shares()).toEqual({ a: 20, b: 0, c: 0 });
  });

  it('does so when another is named in its place', async () => {
    await givenTwoAt20();
    apply('v2', ['b', 'c']);
    await cluster.until('they have changed places', () => shares()['a'] === 0 && shares()['c'] === 20, 10_000);
    expect(shares()).toEqual({ a: 0, b: 20, c: 20 });
    await cluster.run(60_000);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it('does so while the release is aborted', async () => {
    await givenTwoAt20();
    apply('v2', ['a']);
    command('abort', 'bad');
    await cluster.until('all is back', () => shares()['a'] === 0 && shares()['b'] === 0, 10_000);
    await cluster.run(60_000);
    expect(await cluster.writesIn(HOUR)).toEqual([]);
  });

  it('is then a person’s: its weights are left alone', async () => {
    await givenTwoAt20();
    apply('v2', ['a']);
    await cluster.until('it is back', () => shares()['b'] === 0, 10_000);
    setShare('b', 50);
    await cluster.run(HOUR);
    expect(shares()).toEqual({ a: 20, b: 50, c: 0 });
  });

  it('is a person’s as well where it had no share when it was let go of', async () => {
    await givenTwoAt20();
    command('promote', 'full');
    await stands('Healthy');
    expect(shares()).toEqual({ a: 0, b: 0, c: 0 });
    apply('v2', ['a']);
    await cluster.run(10_000);
    setShare('b', 50);
    await cluster.run(HOUR);
    expect(shares()).toEqual({ a: 0, b: 50, c: 0 });
  });

  it('is left as it is while it cannot be told what is named now', async () => {
    await givenTwoAt20();
    apply('v2', ['a', 'typo']);
    await cluster.until('it says so', () => /typo/.test(cluster.rollout().status?.message ?? ''));
    await cluster.run(60_000);
    expect(shares()).toEqual({ a: 20, b: 20, c: 0 });
    apply('v2', ['a']);
    await cluster.until('it is back', () => shares()['b'] === 0, 10_000);
  });
});
