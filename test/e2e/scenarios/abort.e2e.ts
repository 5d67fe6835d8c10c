// A bad release is caught by a real Prometheus that scrapes a real Envoy, and everything is put back: traffic, cluster, Git.
import { describe, expect, test } from 'vitest';
import { until } from '../cluster/until.ts';
import { analysisOf, analysisTemplate, documentedSuccessRate, p99 } from '../support/analysis.ts';
import { GREETING, greetingOf, liveGreeting } from '../support/greeting.ts';
import { istioCanary, istioRoutes, rollout } from '../support/manifests.ts';
import { startRepository } from '../support/repository.ts';
import { isHealthy, read, waitFor } from '../support/rollouts.ts';
import { tally, type Sent, type Traffic } from '../support/traffic.ts';
import { watchWeights, type WeightSeen } from '../support/weights-seen.ts';
import { begin } from '../support/world.ts';

/** Some 400 requests a second. */
const BRISK_MS = 20;

/** What the bad version answered before and after its weight of 0 was written. */
function reached(traffic: Traffic, weights: readonly WeightSeen[], version: string) {
  const zeroAt = weights.at(-1)?.at ?? 0;
  const to = (which: (sent: Sent) => boolean): Sent[] => traffic.sent.filter((s) => s.version === version && which(s));
  const late = to((s) => s.at > zeroAt);
  const lastMs = Math.max(0, ...late.map((s) => s.at - zeroAt));
  return { before: to((s) => s.at <= zeroAt).length, after: late.length, lastMs: Math.round(lastMs) };
}

describe('a release that fails a tenth of its requests', () => {
  test('is aborted, and traffic, cluster and Git are back at the revision before it', async (context) => {
    const world = await begin(context, 'abort-errors', ['gateway', 'Prometheus']);
    const repository = await startRepository(world);
    const canary = {
      ...istioCanary,
      steps: [{ setWeight: 20 }, { analysis: analysisOf('success-rate', world.namespace) }],
    };
    const template = analysisTemplate({
      name: 'success-rate',
      query: documentedSuccessRate('4s'),
      successCondition: 'result[0] >= 0.95',
      initialDelay: '3s',
      count: 10,
      noData: 'Ignore',
    });
    await world.controller();
    const v1 = repository.declare(
      'v1',
      ...istioRoutes('errors.example.com'),
      greetingOf('hello'),
      template,
      rollout(canary, { version: 'v1', config: GREETING }),
    );
    await isHealthy(world);
    const traffic = world.traffic('errors.example.com');
    await traffic.works();
    traffic.pause = BRISK_MS;
    const weights = await watchWeights(world);

    const bad = rollout(canary, { version: 'v2', env: { ERROR_RATE: '0.1' }, config: GREETING });
    const v2 = repository.declare('v2, which fails', greetingOf('hello again'), bad);
    const held = await repository.applicationIs('Held', (status) => (status.holds ?? []).length > 0);
    expect(held.status?.holds?.[0]).toMatchObject({ rejected: { commit: v2 }, stable: { commit: v1 } });
    const reason = held.status?.holds?.[0]?.reason ?? '';
    expect(reason).toMatch(/^success-rate 0\.\d+ < 0\.95$/);
    await repository.applicationIs(
      'Synced',
      (status) => status.phase === 'Synced' && (status.holds ?? []).length === 0,
    );
    await isHealthy(world);

    expect((await read(world)).spec.template).toEqual(
      (repository.declared('Rollout', 'web') as { spec: { template: unknown } }).spec.template,
    );
    expect(await liveGreeting(world)).toBe('hello');
    expect(repository.git('diff', '--stat', v1, 'main')).toBe('');
    expect(repository.git('log', '-1', '--format=%s', 'main')).toBe(`Revert web to ${v1.slice(0, 7)}: ${reason}`);
    expect(repository.git('notes', '--ref=sluice', 'show', v2)).toContain('Aborted');
    expect(await traffic.share('v1', 200)).toBe(100);
    await traffic.stop();

    expect(weights.map((w) => w.canary)).toEqual([0, 20, 0]);
    const late = reached(traffic, weights, 'v2');
    console.log(
      `requests to the bad revision: ${late.before} before weight 0 was written, ${late.after} after it, the last ${late.lastMs} ms after`,
    );
    expect(late.before).toBeGreaterThan(0);
    expect(tally(traffic.sent.filter((s) => s.version !== 'v2'))).toEqual({ '200': expect.any(Number) });
  });
});

describe('a release that is slow', () => {
  test('is aborted by its 99th percentile, which the stable revision keeps', async (context) => {
    const world = await begin(context, 'abort-latency', ['gateway', 'Prometheus']);
    const analysis = analysisOf('latency', world.namespace);
    const canary = { ...istioCanary, steps: [{ setWeight: 20 }, { analysis }, { setWeight: 50 }] };
    const template = analysisTemplate({
      name: 'latency',
      query: p99('4s'),
      successCondition: 'result[0] < 200',
      initialDelay: '3s',
      count: 3,
      noData: 'Ignore',
    });
    await world.controller();
    await world.apply(...istioRoutes('latency.example.com'), template, rollout(canary, { version: 'v1' }));
    await isHealthy(world);
    const traffic = world.traffic('latency.example.com');
    await traffic.works();
    traffic.pause = BRISK_MS;

    await world.apply(rollout(canary, { version: 'v2' }));
    const good = await isHealthy(world);
    await world.apply(rollout(canary, { version: 'v3', env: { LATENCY_MS: '250' } }));
    const aborted = await waitFor(world, 'Degraded', (status) => status.phase === 'Degraded');
    expect(aborted.status?.message).toMatch(/latency \d+(\.\d+)? >= 200/);
    expect(aborted.status?.stableRS).toBe(good.status?.stableRS);
    await traffic.settles('v2', 100);
    await traffic.stop();
    expect(tally(traffic.sent)).toEqual({ '200': traffic.sent.length });
  });
});

describe('a healthy release with half a request a second', () => {
  test('is not aborted for lack of data, and is promoted', async (context) => {
    const world = await begin(context, 'low-traffic', ['gateway', 'Prometheus']);
    const analysis = analysisOf('success-rate', world.namespace);
    const canary = { ...istioCanary, steps: [{ setWeight: 10 }, { analysis }] };
    const template = analysisTemplate({
      name: 'success-rate',
      query: documentedSuccessRate('10s'),
      successCondition: 'result[0] >= 0.95',
      count: 5,
      noData: 'Ignore',
    });
    await world.controller();
    await world.apply(...istioRoutes('quiet.example.com'), template, rollout(canary, { version: 'v1' }));
    await isHealthy(world);

    // Nobody is awake yet: the first measurements have nothing to look at.
    await world.apply(rollout(canary, { version: 'v2' }));
    const measured = (): Promise<string> =>
      world.kubectl('get', 'analysisruns', '-o', 'jsonpath={..measurements[*].message}');
    await until('a measurement without data', async () => (await measured()).includes('does not count'));
    const traffic = world.traffic('quiet.example.com');
    traffic.pause = 1600; // 8 connections: 5 requests a second in all
    const healthy = await isHealthy(world, { within: 120_000 });
    expect(healthy.status?.stableRS).toBe(healthy.status?.currentPodHash);
    await traffic.stop();
    const runs = await world.kubectl('get', 'analysisruns', '-o', 'jsonpath={.items[*].status.phase}');
    expect(runs).toBe('Successful');
    expect(tally(traffic.sent)).toEqual({ '200': traffic.sent.length });
  });
});
