// Kinds of routers are followed from when a Rollout names them, and one that cannot be had holds up nobody but those who name it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import { Cluster } from './cluster.ts';
import { apply, givenV1, promoted } from './given.ts';
import { httpRoute, rollout, service } from './manifests.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const other = (): { status?: { phase?: string; message?: string } } => cluster.find('Rollout', 'other') ?? {};

/** A Rollout beside the shop's, with Services of its own, whose route is an HTTPRoute. */
function createOther(): void {
  const routed = { trafficRouting: { gatewayAPI: { httpRoute: 'web' } } };
  for (const object of [service('web-stable'), service('web-canary'), httpRoute(), rollout('v1', { canary: routed })])
    cluster.create(JSON.parse(JSON.stringify(object).replaceAll('"web', '"other')) as KubeObject);
}

describe('a kind of router', () => {
  it('is not watched before a Rollout names it', async () => {
    let watches = 0;
    cluster.server.intercept(({ path }) => {
      if (path.includes('/httproutes') && path.includes('watch=')) watches++;
      return undefined;
    });
    await givenV1(cluster);
    await cluster.run(600_000);
    expect(watches).toBe(0);
    createOther();
    await cluster.until('it is', () => watches > 0);
  });

  it('that may not be read is told of by who names it, at the start as well, and the others go on', async () => {
    const isBack = { now: false };
    cluster.server.intercept(({ path }) => (path.includes('/httproutes') && !isBack.now ? { fail: 403 } : undefined));
    createOther();
    await givenV1(cluster);
    apply(cluster, 'v2');
    await promoted(cluster, 'v2');
    await cluster.until(
      'it is told',
      () => other().status?.message?.includes('HTTPRoute objects cannot be watched') ?? false,
    );
    expect(other().status).toMatchObject({ phase: 'Degraded' });
    expect(other().status?.message).toContain(
      'needs the verbs get, list, watch and patch on httproutes.gateway.networking.k8s.io',
    );
    isBack.now = true;
    await cluster.until('it goes on', () => other().status?.phase === 'Healthy');
  });

  it('whose definition comes later is found by itself', async () => {
    const isThere = { now: false };
    cluster.server.intercept(({ path }) => (path.includes('/httproutes') && !isThere.now ? { fail: 404 } : undefined));
    createOther();
    await givenV1(cluster);
    await cluster.until('it is told', () => other().status?.message?.includes('does not serve HTTPRoute') ?? false);
    isThere.now = true;
    await cluster.until('it goes on', () => other().status?.phase === 'Healthy');
  });
});
