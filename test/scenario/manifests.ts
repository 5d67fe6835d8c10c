// What the users of the scenarios declare: a shop whose web Rollout goes 10 → 25 → 50 → 100 with an analysis at each step.
import { dump } from 'js-yaml';
import type { Canary, RolloutSpec, Step } from '../../src/api/rollout.ts';

type Json = Record<string, unknown>;

export const IMAGE = (version: string): string => `registry.example.com/shop/web:${version}`;

export const yaml = (...objects: object[]): string =>
  objects.map((object) => dump(object, { noRefs: true })).join('---\n');

export const analysisStep: Step = {
  analysis: { templates: [{ templateName: 'success-rate' }], args: [{ name: 'service', value: 'web-canary' }] },
};

export const WEIGHTS = [10, 25, 50, 100];

const STEPS: Step[] = WEIGHTS.flatMap((setWeight) => [{ setWeight }, analysisStep]);

export interface Shape {
  steps?: Step[];
  canary?: Partial<Canary>;
  spec?: Partial<RolloutSpec>;
}

/** With Services and a VirtualService unless `canary` says otherwise. */
export function rollout(version: string, shape: Shape = {}): object {
  const labels = { app: 'web' };
  const container = { name: 'web', image: IMAGE(version), envFrom: [{ configMapRef: { name: 'web-config' } }] };
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas: 4,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
      ...shape.spec,
      strategy: { canary: { ...ROUTED, steps: shape.steps ?? STEPS, ...shape.canary } },
    },
  };
}

const ROUTED: Canary = {
  canaryService: 'web-canary',
  stableService: 'web-stable',
  trafficRouting: { istio: { virtualService: { name: 'web', routes: ['primary'] } } },
};

/** Overrides that leave the traffic to the numbers of pods. */
export const UNROUTED = { canaryService: undefined, stableService: undefined, trafficRouting: undefined };

export const service = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});

export const virtualService = (): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    hosts: ['web.shop.example.com'],
    http: [
      {
        name: 'primary',
        route: [
          { destination: { host: 'web-stable' }, weight: 100 },
          { destination: { host: 'web-canary' }, weight: 0 },
        ],
      },
    ],
  },
});

export const httpRoute = (): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    rules: [
      {
        backendRefs: [
          { name: 'web-stable', port: 80, weight: 100 },
          { name: 'web-canary', port: 80, weight: 0 },
        ],
      },
    ],
  },
});

export const template = (metric: Json = {}, provider: Json = {}): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'success-rate', namespace: 'shop' },
  spec: {
    args: [{ name: 'service' }],
    metrics: [
      {
        name: 'success-rate',
        initialDelay: '2s',
        interval: '1s',
        count: 2,
        successCondition: 'result[0] >= 0.95',
        provider: { prometheus: { query: 'success_rate{service="{{args.service}}"}', ...provider } },
        ...metric,
      },
    ],
  },
});

export const config = (greeting: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'web-config', namespace: 'shop' },
  data: { GREETING: greeting },
});

export const application = (spec: Json = {}): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Application',
  metadata: { name: 'shop', namespace: 'shop' },
  spec: {
    source: { repoURL: 'https://git.example.com/acme/shop.git', path: 'deploy', interval: '10s' },
    sync: { prune: true },
    writeBack: { onAbort: 'Commit' },
    ...spec,
  },
});

/** Files of the repository that declare the whole shop. */
export const shop = (version: string, greeting = 'hello'): Record<string, string> => ({
  'deploy/config.yaml': yaml(config(greeting)),
  'deploy/rollout.yaml': yaml(rollout(version)),
  'deploy/services.yaml': yaml(service('web-stable'), service('web-canary')),
  'deploy/virtual-service.yaml': yaml(virtualService()),
  'deploy/analysis.yaml': yaml(template()),
});
