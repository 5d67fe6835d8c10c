// Objects of the scenarios. The pods run a stock Node image and take their program from a ConfigMap, so that any cluster can run them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The program of the pods; every namespace of a scenario has it. */
export const programConfigMap: object = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'web-program' },
  data: { program: readFileSync(join(import.meta.dirname, '../programs/web.mjs'), 'utf8') },
};
const PROGRAM = { name: 'PROGRAM', valueFrom: { configMapKeyRef: { name: 'web-program', key: 'program' } } };
const POD_NAME = { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };

export interface WebOptions {
  version: string;
  /** Further environment, as ERROR_RATE. */
  env?: Record<string, string>;
  replicas?: number;
  app?: string;
  /** A ConfigMap whose data is environment of the pods, too. */
  config?: string;
}

const envOf = (values: Record<string, string>): object[] =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

export function podTemplate({ version, env = {}, app = 'web', config }: WebOptions): object {
  const container = {
    name: 'web',
    image: 'docker.io/library/node:20-alpine',
    command: ['sh', '-c', 'exec node --input-type=module -e "$PROGRAM"'],
    env: [...envOf({ VERSION: version, ...env }), POD_NAME, PROGRAM],
    ...(config === undefined ? {} : { envFrom: [{ configMapRef: { name: config } }] }),
    ports: [{ containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 },
    lifecycle: { preStop: { sleep: { seconds: 1 } } }, // proxies let go of the pod first
  };
  return { metadata: { labels: { app } }, spec: { terminationGracePeriodSeconds: 5, containers: [container] } };
}

/** A Rollout with this `strategy.canary`. */
export function rollout(canary: object, options: WebOptions): object {
  const { app = 'web', replicas = 2 } = options;
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Rollout',
    metadata: { name: app },
    spec: { replicas, selector: { matchLabels: { app } }, template: podTemplate(options), strategy: { canary } },
  };
}

export const service = (name: string, app = 'web'): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});

interface Destination {
  host: string;
  subset?: string;
}

/** One http route, named `primary`, behind the suite's gateway. */
export const virtualService = (host: string, destinations: Destination[], name = 'web'): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name },
  spec: {
    hosts: [host],
    gateways: ['istio-system/public'],
    http: [
      {
        name: 'primary',
        route: destinations.map((destination, place) => ({ destination, weight: place === 0 ? 100 : 0 })),
      },
    ],
  },
});

/** Of a `strategy.canary` whose weights are those of `istioRoutes`. */
export const istioCanary = {
  stableService: 'web-stable',
  canaryService: 'web-canary',
  trafficRouting: { istio: { virtualService: { name: 'web', routes: ['primary'] } } },
};

/** Both Services, and the route between them. */
export const istioRoutes = (host: string): object[] => [
  service('web-stable'),
  service('web-canary'),
  virtualService(host, [{ host: 'web-stable' }, { host: 'web-canary' }]),
];

export const destinationRule = (host: string, spec: object): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: host },
  spec: { host, ...spec },
});

export const httpRoute = (host: string, backends: string[], name = 'web'): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name },
  spec: {
    parentRefs: [{ name: 'gateway-api', namespace: 'istio-system' }],
    hostnames: [host],
    rules: [
      { backendRefs: backends.map((backend, place) => ({ name: backend, port: 80, weight: place === 0 ? 100 : 0 })) },
    ],
  },
});
