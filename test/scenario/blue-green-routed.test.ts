// Blue-green through a router: who asks for the new revision by a header is shown it, and the traffic goes over by weights.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlueGreen } from '../../src/api/rollout.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import {
  aborted,
  ACTIVE,
  active,
  apply,
  blueGreen,
  files,
  givenV1,
  judged,
  PREVIEW,
  previewed,
  serves,
  waits,
  writesTo,
} from './blue-green.ts';
import { Cluster } from './cluster.ts';
import { promoted } from './given.ts';
import { application, IMAGE, virtualService, yaml } from './manifests.ts';

interface Http {
  name?: string;
  match?: { headers?: object }[];
  route: { destination: { host: string }; weight?: number }[];
}
type Route = KubeObject & { spec: { http: Http[] } };

const HEADER = { headerName: 'x-preview', headerValue: { exact: 'yes' } };
const ROUTED: Partial<BlueGreen> = {
  trafficRouting: { istio: { virtualService: { name: 'web', routes: ['primary'] } } },
};
const route = (): object =>
  JSON.parse(
    JSON.stringify(virtualService()).replaceAll('web-stable', ACTIVE).replaceAll('web-canary', PREVIEW),
  ) as object;

let cluster: Cluster;
/** Percent on the preview Service, each time it changed. */
let shares: number[];
beforeEach(async () => {
  cluster = await Cluster.open();
  shares = [];
});
afterEach(() => cluster.end());

const http = (): Http[] => cluster.find<Route>('VirtualService', 'web')?.spec.http ?? [];
const share = (): number => http().find(({ name }) => name === 'primary')?.route[1]?.weight ?? NaN;
const previews = (): Http[] => http().filter(({ name }) => name !== 'primary');
const weighs = (percent: number): Promise<void> => cluster.until(`${percent} %`, () => share() === percent);

async function given(shape: Partial<BlueGreen>): Promise<void> {
  cluster.create(route());
  cluster.server.store.subscribe({ group: 'networking.istio.io', kind: 'VirtualService' }, () => {
    if (share() !== shares.at(-1)) shares.push(share());
  });
  await givenV1(cluster, { blueGreen: { ...ROUTED, ...shape } });
  shares.length = 0;
}
const release = (version: string, shape: Partial<BlueGreen>): void =>
  apply(cluster, version, { blueGreen: { ...ROUTED, ...shape } });

describe('a preview route', () => {
  const shape = { autoPromotionEnabled: false, previewRoute: { match: [HEADER] } };

  it('sends requests with the header to the preview Service, also between releases, and the others nowhere else', async () => {
    await given(shape);
    await cluster.until('the preview is there', () => previews().length === 1);
    expect(previews()).toEqual([
      {
        name: 'sluice-preview-primary',
        match: [{ headers: { 'x-preview': { exact: 'yes' } } }],
        route: [{ destination: { host: PREVIEW } }],
      },
    ]);
    expect([active(cluster), previewed(cluster), share()]).toEqual(['v1', 'v1', 0]);
    release('v2', shape);
    await waits(cluster);
    expect([active(cluster), previewed(cluster), share()]).toEqual(['v1', 'v2', 0]);
  });

  it('leads to the stable revision until a pod of the new one is available', async () => {
    await given(shape);
    cluster.workloads.broken.add(IMAGE('v2'));
    release('v2', shape);
    await cluster.run(60_000);
    expect([previewed(cluster), cluster.readyBehind(PREVIEW)]).toEqual(['v1', 4]);
    cluster.workloads.mend(IMAGE('v2'));
    await waits(cluster);
    expect(previewed(cluster)).toBe('v2');
  });

  it('follows the header that is declared, and goes with it', async () => {
    await given(shape);
    release('v1', { ...shape, previewRoute: { match: [{ ...HEADER, headerName: 'x-team' }] } });
    await cluster.until('the other header', () => JSON.stringify(previews()).includes('x-team'));
    expect(previews()).toHaveLength(1);
    release('v1', { autoPromotionEnabled: false });
    await cluster.until('no preview', () => previews().length === 0);
    expect(http()).toHaveLength(1);
  });

  it('is put back when somebody takes it away, and follows the route that it is a copy of', async () => {
    await given(shape);
    cluster.edit<Route>(
      'VirtualService',
      'web',
      ({ spec }) => void (spec.http = spec.http.filter(({ name }) => name === 'primary')),
    );
    await cluster.until('it is back', () => previews().length === 1);
    cluster.edit<Route>('VirtualService', 'web', ({ spec }) => {
      for (const each of spec.http) if (each.name === 'primary') Object.assign(each, { timeout: '7s' });
    });
    await cluster.until('it follows', () => JSON.stringify(previews()).includes('7s'));
    expect(http()).toHaveLength(2);
  });

  it('is handed back with the Rollout', async () => {
    await given(shape);
    cluster.delete('Rollout', 'web');
    await cluster.until('it is gone', () => previews().length === 0);
    expect(Object.keys(cluster.find<Route>('VirtualService', 'web')?.metadata.annotations ?? {})).toEqual([]);
  });

  it('stays when the route is applied from Git again', async () => {
    const declared = (version: string, hosts: string): Record<string, string> => ({
      ...files(version, { blueGreen: { ...ROUTED, ...shape } }),
      'deploy/route.yaml': yaml(JSON.parse(JSON.stringify(route()).replace('web.shop.example.com', hosts)) as object),
    });
    cluster.push(declared('v1', 'web.shop.example.com'), 'Deploy v1');
    cluster.create(application());
    await cluster.start();
    await promoted(cluster, 'v1');
    await cluster.until('the preview is there', () => previews().length === 1);
    cluster.push(declared('v1', 'shop.example.com'), 'Move the shop');
    await cluster.until('it moved', () =>
      JSON.stringify(cluster.find('VirtualService', 'web')).includes('"shop.example.com"'),
    );
    expect(previews()).toHaveLength(1);
    await cluster.run(60_000);
    expect(cluster.application().status?.phase).toBe('Synced');
    const [process] = cluster.processes;
    const before = process?.writes.length;
    await cluster.run(600_000);
    expect(process?.writes.slice(before)).toEqual([]);
  });
});

describe('traffic that goes over by weights', () => {
  const shape: Partial<BlueGreen> = {
    promotionSteps: [
      { setWeight: 20 },
      { analysis: judged(PREVIEW) },
      { setWeight: 60 },
      { pause: { duration: '30s' } },
    ],
    postPromotionAnalysis: judged(ACTIVE),
  };

  it('does so in the steps that are declared, on all pods of the new revision, and then in one write of the Service', async () => {
    await given(shape);
    const before = writesTo(cluster, ACTIVE);
    release('v2', shape);
    await weighs(20);
    expect([active(cluster), cluster.readyBehind(PREVIEW)]).toEqual(['v1', 4]);
    expect(cluster.rollout().status).toMatchObject({ phase: 'Progressing', weight: 20, step: '2/5' });
    await weighs(60);
    await promoted(cluster, 'v2');
    expect([active(cluster), share()]).toEqual(['v2', 0]);
    expect(writesTo(cluster, ACTIVE) - before).toBe(1);
    expect(shares).toEqual([20, 60, 0]);
    expect(cluster.rollout().status?.blueGreen).toMatchObject({ activeSelector: cluster.rollout().status?.stableRS });
  });

  it('begins with no measurement before the preview Service selects the new revision', async () => {
    const measured = { ...shape, prePromotionAnalysis: judged(PREVIEW) };
    await given(measured);
    const heal = cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes(`/services/${PREVIEW}`) ? { fail: 403 } : undefined,
    );
    release('v2', measured);
    await cluster.until('all of its pods are there', () => cluster.pods()['v2'] === 4);
    await cluster.run(60_000);
    expect([cluster.runs(), previewed(cluster), share()]).toEqual([[], 'v1', 0]);
    expect(cluster.rollout().status).toMatchObject({ step: '0/6' });
    expect(cluster.rollout().status?.message).toMatch(/^ReconciliationError: a selector cannot be switched: /);
    heal();
    await promoted(cluster, 'v2');
  });

  it('waits for a person first, where one is asked for', async () => {
    const manual = { ...shape, autoPromotionEnabled: false, previewReplicaCount: 1 };
    await given(manual);
    release('v2', manual);
    await waits(cluster);
    expect([share(), cluster.pods()]).toEqual([0, { v1: 4, v2: 1 }]);
    cluster.annotate('promote');
    await weighs(20);
    expect(cluster.readyBehind(PREVIEW)).toBe(4);
    await promoted(cluster, 'v2');
  });

  it('comes back at once when a step is bad, before anything else is written', async () => {
    await given(shape);
    cluster.prometheus.rates.set(IMAGE('v2'), 0.5);
    release('v2', shape);
    await aborted(cluster);
    await cluster.run(60_000);
    expect([active(cluster), share(), cluster.rollout().status?.phase]).toEqual(['v1', 0, 'Degraded']);
    expect(shares).toEqual([20, 0]);
    expect(cluster.find<Route>('VirtualService', 'web')?.metadata.annotations).toHaveProperty('sluice.dev/rejected');
  });

  it('comes back when it is bad after the switch, while the old pods are warm', async () => {
    await given(shape);
    cluster.prometheus.script = (query) => (query.includes(ACTIVE) && active(cluster) === 'v2' ? [0.5] : undefined);
    release('v2', shape);
    await serves(cluster, 'v2');
    await aborted(cluster);
    await cluster.until('v1 serves', () => active(cluster) === 'v1');
    expect(share()).toBe(0);
    expect(cluster.readyBehind(ACTIVE)).toBe(4);
  });

  it('is refused without a router or a preview Service, with what to write', async () => {
    cluster.create(route());
    const create = (bad: Partial<BlueGreen>): string => {
      try {
        cluster.create(blueGreen('v1', { blueGreen: bad }));
        return '';
      } catch (error) {
        return String(error);
      }
    };
    expect(create({ promotionSteps: [{ setWeight: 10 }] })).toContain('needs trafficRouting');
    expect(create({ previewRoute: { match: [HEADER] } })).toContain('needs trafficRouting');
    expect(create({ ...ROUTED, previewService: undefined })).toContain('needs a previewService');
    expect(create({ ...ROUTED, promotionSteps: [{ setWeight: 10, pause: {} }] })).toContain('exactly one of');
    await cluster.start();
  });
});
