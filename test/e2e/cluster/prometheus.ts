// A real Prometheus that scrapes Envoys and pods every second. A plain Envoy counts under names of its own; the relabelling below gives its
// counters the standard names of Istio's telemetry, so that the queries of the docs run as they stand.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORTS } from './addresses.ts';
import type { Program } from './supervised.ts';

const from = (source: string | string[], regex: string, target: string, replacement = '$1'): object => ({
  source_labels: [source].flat(),
  regex,
  target_label: target,
  replacement,
});
const keep = (source: string | string[], regex: string): object => ({
  source_labels: [source].flat(),
  regex,
  action: 'keep',
});

const CLUSTER = 'cluster_name';
const NAME = '__name__';
/** `external_` leaves mirrored requests out. */
const COUNTER = 'envoy_cluster_external_upstream_rq';

const TO_ISTIO = [
  keep([NAME, 'response_code_class'], `${COUNTER}(_time_(bucket|count|sum))?;`),
  keep(CLUSTER, String.raw`outbound\|.*\.svc\.cluster\.local`),
  from(CLUSTER, String.raw`outbound\|\d+\|[^|]*\|(.+)`, 'destination_service'),
  from(CLUSTER, String.raw`outbound\|\d+\|[^|]*\|([^.]+)\..+`, 'destination_service_name'),
  from(CLUSTER, String.raw`outbound\|\d+\|[^|]*\|[^.]+\.([^.]+)\..+`, 'destination_service_namespace'),
  from(CLUSTER, String.raw`outbound\|\d+\|([^|]+)\|.+`, 'destination_version'),
  { target_label: 'reporter', replacement: 'source' },
  from(NAME, COUNTER, NAME, 'istio_requests_total'),
  from(NAME, `${COUNTER}_time_(bucket|count|sum)`, NAME, 'istio_request_duration_milliseconds_$1'),
];

function scrape(job: string, targets: string, rest: { path: string; relabel: object[]; metrics?: object[] }): object {
  return {
    job_name: job,
    metrics_path: rest.path,
    file_sd_configs: [{ files: [targets] }],
    relabel_configs: [
      ...rest.relabel,
      from('__meta_kubernetes_pod_name', '(.+)', 'pod'),
      from('__meta_kubernetes_namespace', '(.+)', 'namespace'),
    ],
    metric_relabel_configs: rest.metrics ?? [],
  };
}

const CONTAINER = '__meta_kubernetes_pod_container_name';
const ENVOYS = [
  keep(CONTAINER, 'istio-proxy'),
  from('__meta_kubernetes_pod_ip', '(.+)', '__address__', `$1:${PORTS.envoyAdmin}`),
];

function configuration(targets: string): object {
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      scrape('istio', targets, { path: '/stats/prometheus', relabel: ENVOYS, metrics: TO_ISTIO }),
      scrape('pods', targets, { path: '/metrics', relabel: [keep(CONTAINER, 'web')] }),
    ],
  };
}

export function prometheus(command: string, directory: string, targets: string): Program {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'prometheus.yml');
  writeFileSync(file, JSON.stringify(configuration(targets), undefined, 2)); // JSON is YAML
  return {
    name: 'prometheus',
    command,
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(directory, 'prometheus-data')}`,
      `--web.listen-address=127.0.0.1:${PORTS.prometheus}`,
      '--log.level=warn',
    ],
  };
}
