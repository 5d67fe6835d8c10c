// Somebody who undoes each write of Sluice as soon as it is made: it is put right on and on, ever more slowly, and an abort waits for nothing.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject, Service } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { apply, givenV1, waits, weight } from './given.ts';

type Route = KubeObject & { spec: { http: { route: { weight: number }[] }[] } };

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }];
const MINUTE = 60_000;

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

const neighbour = { on: true };

const put = (canary: number): void =>
  cluster.edit<Route>(
    'VirtualService',
    'web',
    ({ spec }) => {
      const [stable, other] = spec.http[0]?.route ?? [];
      if (stable && other) [stable.weight, other.weight] = [100 - canary, canary];
    },
    'neighbour',
  );

/** From now on the weights are what the neighbour wants them to be. */
function undoes(canary: number): void {
  neighbour.on = true;
  const undo = (): void => {
    if (neighbour.on && cluster.weights()?.canary !== canary) put(canary);
  };
  cluster.server.store.subscribe({ group: 'networking.istio.io', kind: 'VirtualService' }, undo);
  undo();
}

/** Writes of this process to the route, by when they were made; what writes without an end is killed, so that the story ends. */
function writesToRoute(): number[] {
  const at: number[] = [];
  cluster.server.intercept(({ method, path }) => {
    if (method === 'PATCH' && path.includes('/virtualservices/web') && at.push(cluster.clock.now()) > 300)
      for (const each of cluster.processes) each.kill();
    return undefined;
  });
  return at;
}

async function givenV2At25(): Promise<void> {
  await givenV1(cluster, { steps: STEPS });
  apply(cluster, 'v2', { steps: STEPS });
  await waits(cluster);
}

const contested = (): unknown => cluster.condition(cluster.rollout(), 'Contested')?.['message'];

describe('weights that a neighbour puts back after each write', () => {
  it('are written at once for the first times, then ever more seldom, and the neighbour is named', async () => {
    await givenV2At25();
    const at = writesToRoute();
    const from = cluster.clock.now();
    undoes(0);
    await cluster.run(10 * MINUTE);
    expect(at.filter((time) => time - from < 500).length).toBeGreaterThanOrEqual(2);
    expect(at.length).toBeGreaterThan(20);
    expect(at.length).toBeLessThan(60);
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
    expect(contested()).toMatch(/^neighbour changes the weights of VirtualService web again and again/);
  });

  it('are right half a minute after the neighbour stops', async () => {
    await givenV2At25();
    undoes(0);
    await cluster.run(10 * MINUTE);
    neighbour.on = false;
    await cluster.until('they are right', () => cluster.weights()?.canary === 25, 31_000);
  });

  it('are put right at once where that happens now and then', async () => {
    await givenV2At25();
    for (let times = 0; times < 5; times++) {
      put(0);
      await cluster.until('they are right', () => cluster.weights()?.canary === 25, 1_000);
      await cluster.run(16 * MINUTE);
    }
  });

  it('do not hold up an abort: its write is made at once', async () => {
    await givenV2At25();
    undoes(40);
    await cluster.run(10 * MINUTE);
    neighbour.on = false;
    put(40);
    cluster.annotate('abort', 'bad');
    await cluster.until('it is back', () => cluster.weights()?.canary === 0, 1_000);
  });

  it('are taken from a rejected revision every second, though the neighbour gives them to it each time', async () => {
    await givenV2At25();
    undoes(40);
    await cluster.run(10 * MINUTE);
    cluster.annotate('abort', 'bad');
    await cluster.run(5_000);
    const at = writesToRoute();
    await cluster.run(MINUTE);
    expect(at.length).toBeGreaterThanOrEqual(55);
    expect(at.length).toBeLessThanOrEqual(65);
    // What the neighbour has sent to the revision that was rejected is no fault of Sluice's.
    cluster.audit.violations.length = 0;
  });

  it('do not hold up the next step of a release', async () => {
    await givenV2At25();
    undoes(0);
    await cluster.run(10 * MINUTE);
    neighbour.on = false;
    cluster.annotate('promote');
    await weight(cluster, 50);
  });
});

describe('a selector that a neighbour puts back after each write', () => {
  it('is written ever more seldom, and pods are not taken away meanwhile', async () => {
    await givenV2At25();
    const select = (): void => {
      if (cluster.selected('web-canary') !== 'elsewhere')
        cluster.edit<Service & KubeObject>(
          'Service',
          'web-canary',
          ({ spec }) => void (spec.selector = { app: 'web', [POD_TEMPLATE_HASH]: 'elsewhere' }),
          'neighbour',
        );
    };
    cluster.server.store.subscribe({ group: '', kind: 'Service' }, select);
    let writes = 0;
    cluster.server.intercept(({ method, path }) => {
      if (method === 'PATCH' && path.includes('/services/web-canary') && ++writes > 300)
        for (const each of cluster.processes) each.kill();
      return undefined;
    });
    select();
    await cluster.run(10 * MINUTE);
    expect(writes).toBeLessThan(60);
    expect(contested()).toContain('Service web-canary');
    cluster.audit.violations.length = 0;
  });
});
