// A real istiod on loopback, without certificates, webhooks or injection, and the gateway whose Envoy takes its configuration from it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORTS } from './addresses.ts';
import type { Program } from './supervised.ts';

export const MESH_NAMESPACE = 'istio-system';
const GATEWAY_NAME = 'istio-ingressgateway';
export const GATEWAY_LABELS = { istio: 'ingressgateway' };

const MESH = {
  enableTracing: false,
  enablePrometheusMerge: false,
  enableAutoMtls: false,
  rootNamespace: MESH_NAMESPACE,
  trustDomain: 'cluster.local',
  defaultProviders: { metrics: [], tracing: [], accessLogging: [] },
};

/** What needs Istio's own build of Envoy is off: metadata exchange and the ALPN filter. Changes are pushed after 10 ms, not 100. */
const ENVIRONMENT = {
  POD_NAME: 'istiod-0',
  POD_NAMESPACE: MESH_NAMESPACE,
  CLUSTER_ID: 'Kubernetes',
  REVISION: 'default',
  ENABLE_CA_SERVER: 'false',
  PILOT_CERT_PROVIDER: 'none',
  XDS_AUTH: 'false',
  ENABLE_DEBUG_ENDPOINT_AUTH: 'false',
  INJECTION_WEBHOOK_CONFIG_NAME: '',
  VALIDATION_WEBHOOK_CONFIG_NAME: '',
  ENABLE_LEADER_ELECTION: 'false',
  PILOT_ENABLE_METADATA_EXCHANGE: 'false',
  PILOT_ENABLE_ALPN_FILTER: 'false',
  PILOT_DEBOUNCE_AFTER: '10ms',
};

export const ISTIOD_READY = `http://127.0.0.1:${PORTS.istiodHttp}/ready`;

export function istiod(command: string, directory: string, kubeconfig: string): Program {
  const cwd = join(directory, 'istiod');
  mkdirSync(cwd, { recursive: true });
  const mesh = join(cwd, 'mesh.yaml');
  writeFileSync(mesh, JSON.stringify(MESH, undefined, 2)); // JSON is YAML
  return {
    name: 'istiod',
    command,
    cwd,
    env: ENVIRONMENT,
    args: [
      'discovery',
      `--kubeconfig=${kubeconfig}`,
      `--meshConfig=${mesh}`,
      '--domain=cluster.local',
      `--grpcAddr=127.0.0.1:${PORTS.istiodXds}`,
      `--httpAddr=127.0.0.1:${PORTS.istiodHttp}`,
      '--secureGRPCAddr=',
      '--httpsAddr=',
      '--monitoringAddr=',
      '--ctrlz_port=0',
      '--shutdownDuration=1s',
    ],
  };
}

const meta = (name: string): object => ({ name, namespace: MESH_NAMESPACE, labels: { app: name } });

/** The gateway's pod and Service, an Istio Gateway for every host, and the Gateway API's Gateway on the same Envoy. */
export function gatewayObjects(): { kind: string; [field: string]: unknown }[] {
  const labels = { ...GATEWAY_LABELS, app: GATEWAY_NAME };
  const container = {
    name: 'istio-proxy',
    image: 'docker.io/istio/proxyv2:1.31.0',
    ports: [{ containerPort: PORTS.gateway }],
    readinessProbe: { httpGet: { path: '/ready', port: PORTS.envoyAdmin } },
  };
  const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 2, containers: [container] } };
  const service = `${GATEWAY_NAME}.${MESH_NAMESPACE}.svc.cluster.local`;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: MESH_NAMESPACE } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: meta(GATEWAY_NAME),
      spec: { replicas: 1, selector: { matchLabels: GATEWAY_LABELS }, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta(GATEWAY_NAME),
      spec: { selector: GATEWAY_LABELS, ports: [{ name: 'http', port: 80, targetPort: PORTS.gateway }] },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: meta('public'),
      spec: {
        selector: GATEWAY_LABELS,
        servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
      },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: meta('gateway-api'),
      spec: {
        gatewayClassName: 'istio',
        addresses: [{ type: 'Hostname', value: service }],
        listeners: [
          {
            name: 'http',
            port: 80,
            protocol: 'HTTP',
            hostname: '*.gw.example.com',
            allowedRoutes: { namespaces: { from: 'All' } },
          },
        ],
      },
    },
  ];
}
