// The bootstrap of an Envoy that is a gateway of Istio's mesh: everything else it fetches from istiod, as plain text on loopback. The
// node's id and metadata are those that Istio's agent sends (https://istio.io, proxy configuration; pkg/bootstrap there).
import { PORTS } from '../cluster/addresses.ts';
import { ISTIO } from '../install/versions.ts';
import type { Pod } from './pod.ts';

/** Bounds in milliseconds; fine enough around the limits that releases are judged by. */
const BUCKETS = [0.5, 1, 5, 10, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 1000, 2500, 5000, 10_000, 30_000];

/** Istio's names for statistics end in a semicolon, so that a service's dots do not end the tag. */
const STATS_TAGS = [
  { tag_name: 'cluster_name', regex: '^cluster(\\.(.+);)' },
  { tag_name: 'response_code', regex: '_rq(_(\\d{3}))$' },
  { tag_name: 'response_code_class', regex: '_rq(_(\\dxx))$' },
];

const address = (host: string, port: number): object => ({ socket_address: { address: host, port_value: port } });

function node(pod: Pod, ip: string): object {
  const { name, namespace = 'default', labels = {} } = pod.metadata;
  return {
    id: `router~${ip}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    cluster: `${labels['app'] ?? name}.${namespace}`,
    metadata: {
      CLUSTER_ID: 'Kubernetes',
      NAME: name,
      NAMESPACE: namespace,
      LABELS: labels,
      ISTIO_VERSION: `${ISTIO}.0`,
      MESH_ID: 'cluster.local',
      SERVICE_ACCOUNT: 'default',
      INSTANCE_IPS: ip,
      WORKLOAD_NAME: labels['app'] ?? name,
    },
  };
}

const HTTP2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  },
};

function istiodCluster(): object {
  const endpoint = { address: address('127.0.0.1', PORTS.istiodXds) };
  return {
    name: 'xds-grpc',
    alt_stat_name: 'xds-grpc;',
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: 'xds-grpc', endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    typed_extension_protocol_options: HTTP2,
  };
}

export function envoyBootstrap(pod: Pod, ip: string): object {
  const source = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  return {
    node: node(pod, ip),
    admin: { address: address(ip, PORTS.envoyAdmin) },
    stats_flush_on_admin: true, // else histograms are merged every 5 s only
    stats_config: {
      use_all_default_tags: false,
      stats_tags: STATS_TAGS,
      histogram_bucket_settings: [{ match: { safe_regex: { regex: '.*' } }, buckets: BUCKETS }],
    },
    dynamic_resources: {
      lds_config: source,
      cds_config: source,
      ads_config: {
        api_type: 'DELTA_GRPC',
        set_node_on_first_message_only: true,
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
      },
    },
    static_resources: { clusters: [istiodCluster()] },
  };
}
