// A release by weights through a real Envoy: the share of each step, and not one failed request from beginning to end.
import { describe, expect, test } from 'vitest';
import { until } from '../cluster/until.ts';
import {
  destinationRule,
  httpRoute,
  istioCanary,
  istioRoutes,
  rollout,
  service,
  virtualService,
  type WebOptions,
} from '../support/manifests.ts';
import { PODS } from '../kubelet/pod.ts';
import { isHealthy, isPausedAt, promote, read } from '../support/rollouts.ts';
import { tally } from '../support/traffic.ts';
import { begin, type Part, type World } from '../support/world.ts';

const WEIGHTS = [10, 25, 50, 80];
/** At 50 % the share of so many has a standard deviation of 0.6 points, so that 3 points are five of them; of 2,000 they were less than three. */
const REQUESTS = 8000;
const POINTS = 3;
const replicas = 3;

const STEPS = WEIGHTS.flatMap((setWeight) => [{ setWeight }, { pause: {} }]);

interface Router {
  name: string;
  host: string;
  routes: object[];
  canary: object;
  /** Parts it needs beside the gateway. */
  needs?: Part[];
}

const subsets = (destinationRuleName: string) => ({
  name: destinationRuleName,
  canarySubsetName: 'canary',
  stableSubsetName: 'stable',
});

const ROUTERS: Router[] = [
  {
    name: 'Istio by hosts',
    host: 'hosts.example.com',
    routes: istioRoutes('hosts.example.com'),
    canary: istioCanary,
  },
  {
    name: 'Istio by subsets',
    host: 'subsets.example.com',
    routes: [
      service('web'),
      destinationRule('web', {
        subsets: [
          { name: 'stable', labels: { app: 'web' } },
          { name: 'canary', labels: { app: 'web' } },
        ],
      }),
      virtualService('subsets.example.com', [
        { host: 'web', subset: 'stable' },
        { host: 'web', subset: 'canary' },
      ]),
    ],
    canary: { trafficRouting: { istio: { ...istioCanary.trafficRouting.istio, destinationRule: subsets('web') } } },
  },
  {
    name: 'Gateway API',
    host: 'web.gw.example.com',
    routes: [
      service('web-stable'),
      service('web-canary'),
      httpRoute('web.gw.example.com', ['web-stable', 'web-canary']),
    ],
    canary: { ...istioCanary, trafficRouting: { gatewayAPI: { httpRoute: 'web' } } },
    needs: ['gatewayApi'],
  },
];

async function podsOf(world: World, hash: string): Promise<number> {
  const labelSelector = `rollouts-pod-template-hash=${hash}`;
  return (await world.client.list(PODS, { namespace: world.namespace, labelSelector })).items.length;
}

async function release(world: World, canary: object, options: WebOptions): Promise<void> {
  await world.apply(rollout(canary, options));
}

describe.each(ROUTERS)('$name', ({ name, host, routes, canary, needs = [] }) => {
  test('each step has the share of its weight, and no request of the release fails', async (context) => {
    const world = await begin(context, `weights-${host.split('.')[0]}`, ['gateway', ...needs]);
    const strategy = { ...canary, steps: STEPS, scaleDownDelaySeconds: 2 };
    await world.controller();
    await world.apply(...routes);
    await release(world, strategy, { version: 'v1', replicas });
    const first = await isHealthy(world);
    const traffic = world.traffic(host);
    await traffic.works();

    await release(world, strategy, { version: 'v2', replicas });
    const shares: Record<number, number> = {};
    for (const [index, weight] of WEIGHTS.entries()) {
      await isPausedAt(world, 2 * index + 1);
      await traffic.settles('v2', weight);
      shares[weight] = await traffic.share('v2', REQUESTS);
      expect(shares[weight]).toBeGreaterThan(weight - POINTS);
      expect(shares[weight]).toBeLessThan(weight + POINTS);
      await promote(world);
    }
    const healthy = await isHealthy(world);
    expect(healthy.status?.stableRS).toBe(healthy.status?.currentPodHash);
    await until('the pods of v1 to go', async () => (await podsOf(world, first.status?.stableRS ?? '')) === 0);
    expect(await traffic.share('v2', 500)).toBe(100);
    await traffic.stop();

    const shown = Object.entries(shares).map(([weight, share]) => `${weight}: ${share.toFixed(1)}`);
    console.log(`${name}: ${traffic.sent.length} requests, shares in % ${shown.join(', ')}`);
    expect(tally(traffic.sent)).toEqual({ '200': traffic.sent.length });
  });
});

describe('without a router', () => {
  test('the pods behind a plain Service take the share of their number, and no request fails', async (context) => {
    const world = await begin(context, 'weights-pods', ['gateway']);
    const host = 'pods.example.com';
    const canary = {
      steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }],
      maxSurge: 1,
      maxUnavailable: 0,
    };
    await world.controller();
    const evenly = { trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } };
    await world.apply(service('web'), destinationRule('web', evenly), virtualService(host, [{ host: 'web' }]));
    await release(world, canary, { version: 'v1', replicas: 4 });
    await isHealthy(world);
    const traffic = world.traffic(host);
    await traffic.works();

    await release(world, canary, { version: 'v2', replicas: 4 });
    for (const [step, weight] of [
      [1, 25],
      [3, 50],
    ] as const) {
      await isPausedAt(world, step);
      await traffic.settles('v2', weight);
      expect(Math.abs((await traffic.share('v2', REQUESTS)) - weight)).toBeLessThan(POINTS);
      await promote(world);
    }
    await isHealthy(world);
    await until('all to be answered by v2', async () => (await traffic.share('v2', 200)) === 100);
    await traffic.stop();
    expect((await read(world)).status?.weight).toBe(100);
    expect(tally(traffic.sent)).toEqual({ '200': traffic.sent.length });
  });
});
