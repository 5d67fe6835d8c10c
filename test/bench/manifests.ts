// What the bench declares: Rollouts with Istio weights, their Services and VirtualServices, and one template of analysis.
export type Step = { setWeight: number } | { pause: Record<string, never> };

/** A wave's rollouts go through three weights without a wait. */
export const WAVE_STEPS: readonly Step[] = [{ setWeight: 10 }, { setWeight: 50 }, { setWeight: 90 }];
/** The probe's first weight, where it stays with its analysis running. */
export const PROBE_WEIGHT = 20;
export const PROBE_STEPS: readonly Step[] = [{ setWeight: PROBE_WEIGHT }, { pause: {} }];
export const ISTIO = 'networking.istio.io/v1alpha3';
/** Longer than a wave: what removes old pods is no part of it, however fast it is. */
const SCALE_DOWN_DELAY_S = 60;
const TEMPLATE = 'success-rate';

export interface Declared {
  /** Group and version of the Rollout. */
  apiVersion: string;
  name: string;
  steps: readonly Step[];
  /** Judged by the template while it takes traffic. */
  analysed: boolean;
  /** Default `1`. */
  revision?: string;
}

export const service = (name: string, app: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 80 }], selector: { app } },
});

export const virtualService = (name: string): object => ({
  apiVersion: ISTIO,
  kind: 'VirtualService',
  metadata: { name },
  spec: {
    hosts: [name],
    http: [
      {
        name: 'primary',
        route: [
          { destination: { host: `${name}-stable` }, weight: 100 },
          { destination: { host: `${name}-canary` }, weight: 0 },
        ],
      },
    ],
  },
});

export const rollout = ({ apiVersion, name, steps, analysed, revision: rev = '1' }: Declared): object => ({
  apiVersion,
  kind: 'Rollout',
  metadata: { name },
  spec: {
    replicas: 2,
    revisionHistoryLimit: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations: { rev } },
      spec: { containers: [{ name: 'app', image: 'nginx:1' }] },
    },
    strategy: {
      canary: {
        canaryService: `${name}-canary`,
        scaleDownDelaySeconds: SCALE_DOWN_DELAY_S,
        stableService: `${name}-stable`,
        trafficRouting: { istio: { virtualService: { name, routes: ['primary'] } } },
        ...(analysed ? { analysis: { templates: [{ templateName: TEMPLATE }], startingStep: 1 } } : {}),
        steps,
      },
    },
  },
});

export const template = (apiVersion: string, prometheus: string): object => ({
  apiVersion,
  kind: 'AnalysisTemplate',
  metadata: { name: TEMPLATE },
  spec: {
    metrics: [
      {
        name: 'success-rate',
        interval: '1s',
        failureLimit: 0,
        successCondition: 'result[0] >= 0.95',
        provider: { prometheus: { address: prometheus, query: 'up' } },
      },
    ],
  },
});

/** A change of the template that makes a new revision, by a name for it. */
export const revision = (name: string): object => ({
  spec: { template: { metadata: { annotations: { rev: name } } } },
});
