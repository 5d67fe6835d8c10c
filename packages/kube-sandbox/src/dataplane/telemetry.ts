// What a mesh counts of its requests: Istio's two standard metrics as the source reports them, in the text format a metrics store scrapes.
import { exposeSeries, exposeValue } from '../metrics/exposition.ts';

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

const TOTAL = 'istio_requests_total';
const DURATION = 'istio_request_duration_milliseconds';

interface Series {
  /** How its lines begin. */
  names: { total: string; buckets: string[]; sum: string; count: string };
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

function seriesOf(labels: Record<string, string>): Series {
  const bounds = [...BUCKETS_MS.map(String), '+Inf'];
  return {
    names: {
      total: exposeSeries(TOTAL, labels),
      buckets: bounds.map((le) => exposeSeries(`${DURATION}_bucket`, { ...labels, le })),
      sum: exposeSeries(`${DURATION}_sum`, labels),
      count: exposeSeries(`${DURATION}_count`, labels),
    },
    requests: 0,
    sumMs: 0,
    buckets: bounds.map(() => 0),
  };
}

function exposeHistogram({ names, requests, sumMs, buckets }: Series): string[] {
  let below = 0;
  const lines = names.buckets.map((name, i) => exposeValue(name, (below += buckets[i] ?? 0)));
  return [...lines, exposeValue(names.sum, sumMs), exposeValue(names.count, requests)];
}

class Counters implements Telemetry {
  readonly #series = new Map<string, Series>();

  record(request: RequestRecord): void {
    const key = keyOf(request);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = seriesOf(labelsOf(request));
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
      `# TYPE ${TOTAL} counter`,
      ...all.map(({ names, requests }) => exposeValue(names.total, requests)),
      `# TYPE ${DURATION} histogram`,
      ...all.flatMap(exposeHistogram),
    ];
    return `${lines.join('\n')}\n`;
  }
}

export function createTelemetry(): Telemetry {
  return new Counters();
}
