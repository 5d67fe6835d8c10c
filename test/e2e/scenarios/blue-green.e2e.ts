// A release that is switched, through a real Envoy: the switch is one write, so is the switch back, and no request fails in either.
import { describe, expect, test } from 'vitest';
import { RESOURCES, POD_TEMPLATE_HASH } from '../../../src/api/names.ts';
import type { Service } from '../../../src/api/k8s.ts';
import { until } from '../cluster/until.ts';
import { analysisOf, analysisTemplate, p99 } from '../support/analysis.ts';
import { apiProxy, type ApiProxy } from '../support/api-proxy.ts';
import { httpRoute, rollout, service, virtualService, type WebOptions } from '../support/manifests.ts';
import { isHealthy, isPausedAt, promote, read, waitFor } from '../support/rollouts.ts';
import { tally, type Traffic } from '../support/traffic.ts';
import { begin, type Part, type World } from '../support/world.ts';

const BRISK_MS = 10;
const ACTIVE = 'web-active';
const PREVIEW = 'web-preview';
const SERVICES = [service(ACTIVE), service(PREVIEW)];
const BLUE_GREEN = {
  activeService: ACTIVE,
  previewService: PREVIEW,
  scaleDownDelaySeconds: 2,
  abortScaleDownDelaySeconds: 2,
};

function switched(blueGreen: object, options: WebOptions): object {
  const { spec, ...rest } = rollout({}, { replicas: 3, ...options }) as { spec: object };
  return { ...rest, spec: { ...spec, strategy: { blueGreen: { ...BLUE_GREEN, ...blueGreen } } } };
}

async function selects({ client, namespace }: World, name: string): Promise<string | undefined> {
  const found = await client.get<Service>(RESOURCES.services, name, namespace);
  return found?.spec.selector?.[POD_TEMPLATE_HASH];
}

/** Writes to the Service that serves, so far. */
const switches = ({ asked }: ApiProxy): number =>
  asked.filter(({ method, path }) => method === 'PATCH' && path.includes(`/services/${ACTIVE}`)).length;

async function expectNoFailure(traffic: Traffic): Promise<void> {
  await traffic.stop();
  expect(tally(traffic.sent)).toEqual({ '200': traffic.sent.length });
  expect(traffic.sent.length).toBeGreaterThan(500);
}

interface Way {
  name: string;
  host: string;
  route: object;
  needs?: Part[];
  /** Beside what all have. */
  more?: object;
}

const WAYS: Way[] = [
  {
    name: 'behind a VirtualService',
    host: 'switch-vs.example.com',
    route: virtualService('switch-vs.example.com', [{ host: ACTIVE }]),
  },
  {
    name: 'behind an HTTPRoute',
    host: 'switch-gw.gw.example.com',
    route: httpRoute('switch-gw.gw.example.com', [ACTIVE]),
    needs: ['gatewayApi'],
  },
  {
    name: 'without a preview beside it, known by its EndpointSlices alone',
    host: 'switch-plain.example.com',
    route: virtualService('switch-plain.example.com', [{ host: ACTIVE }]),
    more: { previewService: undefined },
  },
];

describe.each(WAYS)('a Service $name', ({ host, route, needs = [], more = {} }) => {
  test('is switched in one write, and no request fails', async (context) => {
    const world = await begin(context, host.split('.')[0] ?? '', ['gateway', ...needs]);
    const proxy = await apiProxy(world);
    await world.controller({ kubeconfig: proxy.kubeconfig });
    const manual = { autoPromotionEnabled: false, ...more };
    await world.apply(...SERVICES, route, switched(manual, { version: 'v1' }));
    const first = await isHealthy(world);
    const traffic = world.traffic(host);
    await traffic.works();
    traffic.pause = BRISK_MS;

    const before = switches(proxy);
    await world.apply(switched(manual, { version: 'v2' }));
    const { status } = await isPausedAt(world, 1);
    expect(await selects(world, ACTIVE)).toBe(first.status?.stableRS);
    expect(await selects(world, PREVIEW)).toBe('previewService' in more ? undefined : status?.currentPodHash);
    expect(await traffic.share('v1', 200)).toBe(100);
    await promote(world);
    await isHealthy(world);
    expect(switches(proxy) - before).toBe(1);
    expect(await selects(world, ACTIVE)).toBe(status?.currentPodHash);
    await until('all to be answered by v2', async () => (await traffic.share('v2', 200)) === 100);
    await until('the pods of v1 to go', async () => (await read(world)).status?.replicas === 3);
    expect(await traffic.share('v2', 500)).toBe(100);
    await expectNoFailure(traffic);
  });
});

describe('a postPromotionAnalysis that fails', () => {
  test('switches back in one write, and no request fails', async (context) => {
    const world = await begin(context, 'switch-back', ['gateway', 'Prometheus']);
    const host = 'switch-back.example.com';
    const proxy = await apiProxy(world);
    await world.controller({ kubeconfig: proxy.kubeconfig });
    const template = analysisTemplate({
      name: 'latency',
      query: p99('4s'),
      successCondition: 'result[0] < 100',
      initialDelay: '3s',
      count: 10,
      noData: 'Ignore',
    });
    const judged = { postPromotionAnalysis: analysisOf('latency', world.namespace, ACTIVE) };
    const route = virtualService(host, [{ host: ACTIVE }]);
    await world.apply(...SERVICES, route, template, switched(judged, { version: 'v1' }));
    const first = await isHealthy(world);
    const traffic = world.traffic(host);
    await traffic.works();
    traffic.pause = BRISK_MS;

    const before = switches(proxy);
    await world.apply(switched(judged, { version: 'v2', env: { LATENCY_MS: '250' } }));
    const { status } = await waitFor(world, 'aborted', ({ abort }) => abort === true);
    expect(status?.message).toMatch(/^RolloutAborted: .*latency/);
    expect(switches(proxy) - before).toBe(2);
    expect(await selects(world, ACTIVE)).toBe(first.status?.stableRS);
    await until('all to be answered by v1', async () => (await traffic.share('v1', 200)) === 100);
    await until('the pods of v2 to go', async () => (await read(world)).status?.replicas === 3);
    expect(await traffic.share('v1', 500)).toBe(100);
    expect(traffic.sent.filter(({ version }) => version === 'v2').length).toBeGreaterThan(0);
    await expectNoFailure(traffic);
  });
});

describe('a switch that a router leads', () => {
  test('shows the new revision by a header, moves the requests by weights, and none fails', async (context) => {
    const world = await begin(context, 'switch-routed', ['gateway']);
    const host = 'switch-routed.example.com';
    const proxy = await apiProxy(world);
    await world.controller({ kubeconfig: proxy.kubeconfig });
    const routed = {
      autoPromotionEnabled: false,
      trafficRouting: { istio: { virtualService: { name: 'web' } } },
      previewRoute: { match: [{ headerName: 'x-preview', headerValue: { exact: 'yes' } }] },
      promotionSteps: [{ setWeight: 40 }, { pause: {} }],
    };
    const route = virtualService(host, [{ host: ACTIVE }, { host: PREVIEW }]);
    await world.apply(...SERVICES, route, switched(routed, { version: 'v1' }));
    await isHealthy(world);
    const traffic = world.traffic(host);
    const looks = world.traffic(host);
    looks.headers = { 'x-preview': 'yes' };
    await Promise.all([traffic.works(), looks.works()]);
    traffic.pause = BRISK_MS;

    const before = switches(proxy);
    await world.apply(switched(routed, { version: 'v2' }));
    await isPausedAt(world, 1);
    await until('the header to lead to v2', async () => (await looks.share('v2', 200)) === 100);
    expect(await traffic.share('v1', 200)).toBe(100);
    await promote(world);
    await isPausedAt(world, 3);
    await traffic.settles('v2', 40);
    expect(await looks.share('v2', 200)).toBe(100);
    await promote(world);
    const { status } = await isHealthy(world);
    expect(switches(proxy) - before).toBe(1);
    expect(await selects(world, ACTIVE)).toBe(status?.stableRS);
    await until('all to be answered by v2', async () => (await traffic.share('v2', 200)) === 100);
    await until('the pods of v1 to go', async () => (await read(world)).status?.replicas === 3);
    await expectNoFailure(traffic);
    await expectNoFailure(looks);
  });
});
