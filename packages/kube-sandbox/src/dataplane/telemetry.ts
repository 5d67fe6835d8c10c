// What a mesh counts of its requests: Istio's two standard metrics as the source reports them, in the text format a metrics store scrapes.
import { exposeSample } from '../metrics/exposition.ts';

/** One request, carried or refused. Empty texts are counted as `unknown`, as a mesh does. */
export interface RequestRecord {
  /** The Service the request was sent to. */
  service: string;
  namespace: string;
  workload: string;
  version: string;
  podHash: string;
  status: number;
  /** Envoy's flags: `-` for an answer from a pod, UH no healthy pod, UF no connection, UC lost connection, NR no route, NC no such Service. */
  flags: string;
  durationMs: number;
}

/** Upper bounds of the histogram's buckets in milliseconds, as Istio's proxies have them. */
const BUCKETS_MS = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000].concat([
  300_000, 600_000, 1_800_000, 3_600_000,
]);

interface Series {
  labels: Record<string, string>;
  requests: number;
  sumMs: number;
  /** Requests per bucket, not added up; the last one has no upper bound. */
  buckets: number[];
}

export interface Telemetry {
  record(request: RequestRecord): void;
  /** The text format: what a scrape of this target reads. */
  expose(): string;
}

const orUnknown = (text: string): string => (text === '' ? 'unknown' : text);

function labelsOf(request: RequestRecord): Record<string, string> {
  const { service, namespace } = request;
  return {
    reporter: 'source',
    destination_service: service === '' ? 'unknown' : `${service}.${namespace}.svc.cluster.local`,
    destination_service_name: orUnknown(service),
    destination_service_namespace: orUnknown(namespace),
    destination_workload: orUnknown(request.workload),
    destination_workload_namespace: request.workload === '' ? 'unknown' : orUnknown(namespace),
    destination_version: orUnknown(request.version),
    destination_pod_hash: orUnknown(request.podHash),
    response_code: String(request.status),
    request_protocol: 'http',
    response_flags: request.flags,
  };
}

const keyOf = (r: RequestRecord): string =>
  `${r.namespace}/${r.service}/${r.workload}/${r.version}/${r.podHash}/${r.status}/${r.flags}`;

function exposeHistogram({ labels, requests, sumMs, buckets }: Series): string[] {
  const name = 'istio_request_duration_milliseconds';
  let below = 0;
  const lines = BUCKETS_MS.map((bound, i) => {
    below += buckets[i] ?? 0;
    return exposeSample(`${name}_bucket`, { ...labels, le: String(bound) }, below);
  });
  return [
    ...lines,
    exposeSample(`${name}_bucket`, { ...labels, le: '+Inf' }, requests),
    exposeSample(`${name}_sum`, labels, sumMs),
    exposeSample(`${name}_count`, labels, requests),
  ];
}

class Counters implements Telemetry {
  readonly #series = new Map<string, Series>();

  record(request: RequestRecord): void {
    const key = keyOf(request);
    let series = this.#series.get(key);
    if (series === undefined) {
      const buckets = BUCKETS_MS.map(() => 0).concat(0);
      series = { labels: labelsOf(request), requests: 0, sumMs: 0, buckets };
      this.#series.set(key, series);
    }
    const { durationMs } = request;
    const within = BUCKETS_MS.findIndex((bound) => durationMs <= bound);
    const bucket = within === -1 ? BUCKETS_MS.length : within;
    series.requests++;
    series.sumMs += durationMs;
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
  }

  expose(): string {
    const all = [...this.#series.values()];
    const lines = [
      '# TYPE istio_requests_total counter',
      ...all.map(({ labels, requests }) => exposeSample('istio_requests_total', labels, requests)),
      '# TYPE istio_request_duration_milliseconds histogram',
      ...all.flatMap(exposeHistogram),
    ];
    return `${lines.join('\n')}\n`;
  }
}

export function createTelemetry(): Telemetry {
  return new Counters();
}
