// Analysis templates of the scenarios, around the queries of the docs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOC = readFileSync(join(import.meta.dirname, '../../../docs/analysis.md'), 'utf8');

/** The query that docs/analysis.md recommends for Istio, over a shorter window. */
export function documentedSuccessRate(window: string): string {
  const section = DOC.slice(DOC.indexOf('## A query that is right for Istio'));
  const lines = /query: \|\n([\s\S]*?)\n```/
    .exec(section)?.[1]
    ?.split('\n')
    .map((line) => line.trim());
  if (lines === undefined) throw new Error('docs/analysis.md has no query for Istio any more');
  return lines.join('\n').replaceAll('[1m]', `[${window}]`);
}

/** The 99th percentile of the answers' duration in milliseconds. */
export const p99 = (window: string): string =>
  `histogram_quantile(0.99, sum by (le) (rate(istio_request_duration_milliseconds_bucket{reporter="source",destination_service_name="{{args.service}}",destination_service_namespace="{{args.namespace}}"}[${window}])))`;

export interface MetricOptions {
  name: string;
  query: string;
  successCondition: string;
  interval?: string;
  initialDelay?: string;
  count?: number;
  failureLimit?: number;
  noData?: string;
}

export function analysisTemplate({ name, query, ...metric }: MetricOptions): object {
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name },
    spec: {
      args: [{ name: 'service' }, { name: 'namespace' }],
      metrics: [{ name, interval: '1s', ...metric, provider: { prometheus: { query } } }],
    },
  };
}

/** How a step or a strategy names a template, asking about this Service. */
export const analysisOf = (templateName: string, namespace: string, service = 'web-canary'): object => ({
  templates: [{ templateName }],
  args: [
    { name: 'service', value: service },
    { name: 'namespace', value: namespace },
  ],
});
