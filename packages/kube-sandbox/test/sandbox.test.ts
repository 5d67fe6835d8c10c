// The parts as one cluster: what a client declares becomes pods, requests, counts and an answer to a query, by one clock and one seed.
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../src/random.ts';
import { createSandbox, type Sandbox } from '../src/sandbox.ts';
import { VirtualClock } from '../src/virtual-clock.ts';
import { widget, widgetCrd } from './apiserver/widget.ts';

const named = { metadata: { name: 'web', namespace: 'default' } };
const labels = { app: 'web' };
const container = { name: 'web', image: 'web:v1', env: [{ name: 'ERROR_RATE', value: '0.25' }] };

function open(seed: number): { clock: VirtualClock; cluster: Sandbox } {
  const clock = new VirtualClock();
  return { clock, cluster: createSandbox({ clock, random: seededRandom(seed), crds: [widgetCrd] }) };
}

/** Three pods, one request in four of which fails, visited for two minutes. */
async function visited(seed: number): Promise<{ clock: VirtualClock; cluster: Sandbox }> {
  const { clock, cluster } = open(seed);
  const template = { metadata: { labels }, spec: { containers: [container] } };
  const spec = { replicas: 3, selector: { matchLabels: labels }, template };
  cluster.store.create(
    { group: 'apps', kind: 'Deployment' },
    { apiVersion: 'apps/v1', kind: 'Deployment', ...named, spec },
  );
  cluster.store.create(
    { group: '', kind: 'Service' },
    { apiVersion: 'v1', kind: 'Service', ...named, spec: { selector: labels, ports: [{ port: 80 }] } },
  );
  await clock.advance(1_000);
  cluster.startLoad({ host: 'web', rps: 20 });
  await clock.advance(120_000);
  return { clock, cluster };
}

function scalar(cluster: Sandbox, query: string): number {
  const value = cluster.metrics.query(query);
  return value.type === 'vector' ? (value.samples[0]?.value ?? Number.NaN) : Number.NaN;
}

describe('the clock', () => {
  it('steps to the next moment at which something is due, and runs all of it', async () => {
    const clock = new VirtualClock(0);
    const ran: string[] = [];
    clock.after(5, () => {
      ran.push('a');
      clock.after(0, () => ran.push('armed on the way'));
    });
    clock.after(5, () => ran.push('b'));
    clock.after(9, () => ran.push('later'));
    expect([await clock.step(8), clock.now(), ran.join()]).toEqual([true, 5, 'a,b,armed on the way']);
    expect([await clock.step(8), clock.now(), clock.pending]).toEqual([false, 5, 1]);
  });
});

describe('a cluster in virtual time', () => {
  it('answers by PromQL what its own pods did to the requests that were routed to them', async () => {
    const { cluster } = await visited(1);
    const failed = scalar(
      cluster,
      'sum(rate(istio_requests_total{response_code="500"}[1m])) / sum(rate(istio_requests_total[1m]))',
    );
    expect(failed).toBeGreaterThan(0.2);
    expect(failed).toBeLessThan(0.3);
    expect(scalar(cluster, 'sum(rate(istio_requests_total[1m]))')).toBeCloseTo(20, 0);
  });

  it('is the same to the letter from the same seed', async () => {
    const [one, same, other] = [await visited(1), await visited(1), await visited(2)].map(({ cluster }) => [
      cluster.store.list({ group: '', kind: 'Pod' }),
      cluster.gateway.telemetry.expose(),
    ]);
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('serves the definitions that it was given, and those of the routes that it reads', async () => {
    const { cluster } = open(1);
    const { status } = await cluster.api.transport().request({
      method: 'POST',
      path: '/apis/example.com/v1/namespaces/default/widgets',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(widget('a')),
    });
    expect(status).toBe(201);
    const crds = cluster.store.list({ group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' });
    expect(crds.map(({ metadata }) => metadata.name)).toEqual([
      'destinationrules.networking.istio.io',
      'httproutes.gateway.networking.k8s.io',
      'virtualservices.networking.istio.io',
      'widgets.example.com',
    ]);
  });

  it('leaves no timer behind when it is stopped, with requests under way', async () => {
    const { clock, cluster } = await visited(1);
    const [pod] = cluster.store.list({ group: '', kind: 'Pod' });
    if (pod === undefined) throw new Error('there is no pod');
    const annotations = { ...pod.metadata.annotations, 'kube-sandbox/latency-ms': '60000' };
    cluster.store.update({ group: '', kind: 'Pod' }, { ...pod, metadata: { ...pod.metadata, annotations } });
    await clock.advance(1_000);
    await cluster.stop();
    expect(clock.pending).toBe(0);
  });
});
