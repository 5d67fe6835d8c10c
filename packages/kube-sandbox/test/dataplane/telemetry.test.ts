import { describe, expect, test } from 'vitest';
import { createTelemetry, type RequestRecord } from '../../src/dataplane/telemetry.ts';
import { parseExposition } from '../../src/metrics/exposition.ts';
import { createMetricsStore } from '../../src/metrics/metrics-store.ts';
import { canaryWorld, virtualService, weighted } from './mesh-world.ts';

const REQUEST: RequestRecord = {
  service: 'web-canary',
  namespace: 'shop',
  workload: 'web',
  version: 'v2',
  podHash: 'bbb',
  status: 200,
  flags: '-',
  durationMs: 3,
};

describe('the metrics of the mesh', () => {
  test('count requests by where they were sent, who answered and how', () => {
    const telemetry = createTelemetry();
    telemetry.record(REQUEST);
    telemetry.record(REQUEST);
    telemetry.record({ ...REQUEST, status: 500 });
    const totals = parseExposition(telemetry.expose()).filter(
      ({ labels }) => labels.get('__name__') === 'istio_requests_total',
    );
    expect(totals.map(({ labels, value }) => [labels.get('response_code'), value])).toEqual([
      ['200', 2],
      ['500', 1],
    ]);
    expect(Object.fromEntries(totals[0]?.labels ?? [])).toEqual({
      __name__: 'istio_requests_total',
      reporter: 'source',
      destination_service: 'web-canary.shop.svc.cluster.local',
      destination_service_name: 'web-canary',
      destination_service_namespace: 'shop',
      destination_workload: 'web',
      destination_workload_namespace: 'shop',
      destination_version: 'v2',
      destination_pod_hash: 'bbb',
      request_protocol: 'http',
      response_code: '200',
      response_flags: '-',
    });
  });

  test('keep a histogram of durations whose buckets add up', () => {
    const telemetry = createTelemetry();
    for (const durationMs of [0, 0.5, 3, 5, 7, 4_000_000]) telemetry.record({ ...REQUEST, durationMs });
    const samples = parseExposition(telemetry.expose());
    const bucket = (le: string): number | undefined =>
      samples.find(({ labels }) => labels.get('__name__')?.endsWith('_bucket') && labels.get('le') === le)?.value;
    expect(['0.5', '1', '5', '10', '3600000', '+Inf'].map(bucket)).toEqual([2, 2, 4, 5, 5, 6]);
    const named = (name: string) => samples.find(({ labels }) => labels.get('__name__') === name)?.value;
    expect(named('istio_request_duration_milliseconds_count')).toBe(6);
    expect(named('istio_request_duration_milliseconds_sum')).toBe(4_000_015.5);
  });

  test('call what no pod answered unknown', () => {
    const telemetry = createTelemetry();
    telemetry.record({ ...REQUEST, workload: '', version: '', podHash: '', status: 503, flags: 'UH' });
    const labels = parseExposition(telemetry.expose())[0]?.labels;
    expect(labels?.get('destination_workload')).toBe('unknown');
    expect(labels?.get('destination_pod_hash')).toBe('unknown');
    expect(labels?.get('destination_service_name')).toBe('web-canary');
  });

  test('scraped into a metrics store, answer the success rate of each revision', async () => {
    const { clock, world } = await canaryWorld();
    const host = 'web.shop.example.com';
    world.apply(virtualService([host], [{ route: weighted(50, 50) }]));
    for (const pod of world.store.list({ group: '', kind: 'Pod' })) {
      const annotations = { 'kube-sandbox/error-rate': '0.5' };
      if (pod.metadata.name.includes('bbb'))
        world.store.update({ group: '', kind: 'Pod' }, { ...pod, metadata: { ...pod.metadata, annotations } });
    }
    const metrics = createMetricsStore({ clock });
    metrics.addTarget({ job: 'mesh', instance: 'gateway', scrape: () => world.gateway.telemetry.expose() });
    for (let second = 0; second < 5; second++) {
      await clock.advance(1000);
      await world.send(200, host);
    }
    await clock.advance(1000);
    const rate = (service: string, more = ''): number => {
      const selector = `istio_requests_total{reporter="source",destination_service_name="${service}"${more}}`;
      const value = metrics.query(`sum(rate(${selector}[5s]))`);
      return value.type === 'vector' ? (value.samples[0]?.value ?? Number.NaN) : Number.NaN;
    };
    const success = (service: string): number => rate(service, ',response_code!~"5.*"') / rate(service);
    expect(success('web-stable')).toBe(1);
    expect(Math.abs(success('web-canary') - 0.5)).toBeLessThan(0.08);
    metrics.stop();
  });
});
