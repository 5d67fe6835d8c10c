// Faults found by use, and their kind: traffic that stays, flaps or is told wrongly when one part of a pass cannot be carried out.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Canary, Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { apply, givenV1, promoted, waits, weight } from './given.ts';
import { analysisStep, IMAGE, UNROUTED } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 25 }, { pause: {} }];
const BACKGROUND: Partial<Canary> = {
  analysis: { templates: [{ templateName: 'success-rate' }], args: [{ name: 'service', value: 'web-canary' }] },
};

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

type Route = KubeObject & { spec: { http: { name: string; route: { weight: number }[] }[] } };
const writesTo = (path: RegExp): number => cluster.journal.filter((line) => path.test(line)).length;
const refuse = (message: string, code = 422) => ({
  fail: code,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Invalid', code, message },
});

async function givenV2AtItsPause(canary: Partial<Canary> = {}, metric = {}): Promise<void> {
  await givenV1(cluster, { steps: STEPS, canary }, metric);
  apply(cluster, 'v2', { steps: STEPS, canary });
  await waits(cluster);
}

/** Somebody renames the route: its weights can neither be read nor set. */
const renameRoute = (): void =>
  cluster.edit<Route>('VirtualService', 'web', ({ spec }) => {
    if (spec.http[0]) spec.http[0].name = 'main';
  });

/** What can be moved is moved. Returns what is on record. */
async function backAsFarAsItGoes(): Promise<string> {
  await cluster.until('it is on record', () => cluster.rollout().status?.abort === true, 30_000);
  await cluster.until('both sides serve v1', () => cluster.selected('web-canary') === cluster.selected('web-stable'));
  const { outcome, reason } = cluster.rollout().status?.history?.at(-1) ?? {};
  return `${outcome}: ${reason}`;
}

describe('a verdict while a part of the way back cannot be gone', () => {
  it('of the background analysis is recorded though the route was renamed', async () => {
    await givenV2AtItsPause(BACKGROUND, { count: 1000 });
    renameRoute();
    cluster.prometheus.rates.set(IMAGE('v2'), 0.5);
    expect(await backAsFarAsItGoes()).toMatch(/^Aborted: .*success-rate/);
  });

  it('of a person is recorded though the route was deleted', async () => {
    await givenV2AtItsPause();
    cluster.delete('VirtualService', 'web');
    cluster.annotate('abort', 'bad');
    expect(await backAsFarAsItGoes()).toMatch(/^Aborted: .*bad/);
  });

  it.each([
    ['a right that was taken away', 403],
    ['an admission webhook', 422],
  ])('is recorded, and the Service moved, though the weights are refused by %s', async (_what, code) => {
    await givenV2AtItsPause();
    cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/virtualservices/') ? refuse('no weights today', code) : undefined,
    );
    cluster.annotate('abort', 'bad');
    expect(await backAsFarAsItGoes()).toMatch(/^Aborted: .*bad/);
    expect(JSON.stringify(cluster.rollout().status?.conditions)).toContain('no weights today');
  });

  it('moves the weights, and is recorded, though the Service is refused', async () => {
    await givenV2AtItsPause();
    cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/services/') ? refuse('no selectors today', 403) : undefined,
    );
    cluster.annotate('abort', 'bad');
    await weight(cluster, 0);
    await cluster.until('it is on record', () => cluster.rollout().status?.abort === true, 30_000);
    expect(JSON.stringify(cluster.rollout().status?.conditions)).toContain('no selectors today');
  });

  it('moves the other route when one of two cannot be', async () => {
    const trafficRouting = { istio: { virtualServices: [{ name: 'web', routes: ['primary'] }, { name: 'second' }] } };
    await givenV1(cluster, { steps: STEPS });
    const second = structuredClone(cluster.find<Route>('VirtualService', 'web'));
    cluster.create({ ...second, metadata: { name: 'second', namespace: 'shop' } });
    apply(cluster, 'v2', { steps: STEPS, canary: { trafficRouting } });
    await waits(cluster);
    const canaryOf = (name: string) => cluster.find<Route>('VirtualService', name)?.spec.http[0]?.route[1]?.weight;
    expect([canaryOf('web'), canaryOf('second')]).toEqual([25, 25]);
    renameRoute();
    cluster.annotate('abort', 'bad');
    await cluster.until('the other is back', () => canaryOf('second') === 0, 30_000);
    await cluster.until('it is on record', () => cluster.rollout().status?.abort === true, 30_000);
  });
});

describe('a status', () => {
  it('does not say that a revision has no traffic because its weight cannot be read any more', async () => {
    await givenV2AtItsPause();
    renameRoute();
    await cluster.until('it is noticed', () => cluster.rollout().status?.phase === 'Degraded', 30_000);
    expect(cluster.rollout().status?.weight).toBe(25);
    cluster.annotate('abort', 'bad');
    // Whatever the route sends to the canary side, both sides serve v1 by then.
    expect(await backAsFarAsItGoes()).toMatch(/^Aborted: .*bad/);
    expect(cluster.rollout().status?.weight).toBe(0);
  });

  /** Somebody shifts a route that nobody else may write any more. */
  async function shiftedForGood(stable: number, canary: number): Promise<unknown> {
    await givenV2AtItsPause();
    cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/virtualservices/') ? refuse('frozen', 403) : undefined,
    );
    cluster.edit<Route>('VirtualService', 'web', ({ spec }) => {
      const [a, b] = spec.http[0]?.route ?? [];
      if (a && b) [a.weight, b.weight] = [stable, canary];
    });
    await cluster.run(30_000);
    const { weight: told, canary: sides } = cluster.rollout().status ?? {};
    return [told, sides?.weights?.canary.weight, sides?.weights?.stable.weight];
  }

  it('counts what somebody has sent to the new revision', async () => {
    expect(await shiftedForGood(10, 90)).toEqual([90, 90, 10]);
  });

  it('counts what somebody has taken from the new revision', async () => {
    expect(await shiftedForGood(90, 10)).toEqual([10, 10, 90]);
  });

  it('does not say that all traffic is on the stable revision while the canary alone can serve it', async () => {
    await givenV2AtItsPause();
    cluster.workloads.crash(IMAGE('v1'));
    cluster.annotate('abort', 'bad');
    await cluster.until('it is on record', () => cluster.rollout().status?.abort === true, 30_000);
    await cluster.run(5_000);
    expect(cluster.rollout().status?.weight).toBe(cluster.weights()?.canary);
  });
});

describe('any number of steps in a row', () => {
  const many: [string, Step[], Partial<Canary>][] = [
    ['of setWeight', Array.from({ length: 60 }, (_, n) => ({ setWeight: n + 1 })), {}],
    ['of setCanaryScale', Array.from({ length: 60 }, (_, n) => ({ setCanaryScale: { replicas: 1 + (n % 3) } })), {}],
    ['of short pauses', Array.from({ length: 60 }, () => ({ pause: { duration: '1s' } })), {}],
    ['of the same weight', Array.from({ length: 60 }, () => ({ setWeight: 20 })), {}],
    ['without a router', Array.from({ length: 40 }, (_, n) => ({ setWeight: n + 1 })), UNROUTED],
  ];

  it.each(many)('%s are gone through once, and come to rest', async (_what, steps, canary) => {
    const all: Step[] = [...steps, { pause: {} }];
    await givenV1(cluster, { steps: all, canary });
    cluster.journal.length = 0;
    apply(cluster, 'v2', { steps: all, canary });
    const end = `${steps.length}/${all.length}`;
    await cluster.until('it waits at its end', () => cluster.rollout().status?.step === end);
    await waits(cluster);
    const seen = cluster.audit.weights.get(IMAGE('v2')) ?? [];
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(writesTo(/PATCH .*virtualservices/)).toBeLessThanOrEqual(steps.length);
    const before = cluster.journal.length;
    await cluster.run(600_000);
    expect(cluster.journal.slice(before).filter((line) => /kube (PATCH|POST|PUT|DELETE)/.test(line))).toEqual([]);
  });

  it('of analyses are each measured once', async () => {
    const steps: Step[] = Array.from({ length: 25 }, () => analysisStep);
    await givenV1(cluster, { steps }, { initialDelay: '0s', count: 1, interval: undefined });
    apply(cluster, 'v2', { steps });
    await promoted(cluster, 'v2');
    expect(cluster.prometheus.queries).toHaveLength(25);
  });
});
