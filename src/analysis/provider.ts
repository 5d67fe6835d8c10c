// The door to metric stores: what each provider offers, and the errors it may throw. The providers are in providers/.
import type { Metric } from '../api/analysis.ts';
import type { MetricValue } from './value.ts';

export interface MetricProvider {
  /**
   * One measurement. Placeholders in the metric are substituted before.
   * Throws `ProviderError` with a message for people, which holds no credentials.
   */
  measure(metric: Metric, namespace: string, signal: AbortSignal): Promise<MetricValue>;
}

export type ProviderName = keyof Metric['provider'];

/** The providers there are, by the field of `provider` that asks for them. */
export type Providers = Readonly<Record<ProviderName, MetricProvider>>;

/** Reads one key of a Secret; rejects with a message for people where there is none. */
export type ReadSecret = (namespace: string, name: string, key: string) => Promise<string>;

/** A measurement that could not be made: the store is unreachable, refuses the query, or answers what nobody can read. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
}

/** The provider a metric asks for, or undefined where it names none that there is. */
export function providerOf(providers: Providers, metric: Metric): MetricProvider | undefined {
  const names = Object.keys(metric.provider) as ProviderName[];
  const chosen = names.find((name) => metric.provider[name] !== undefined && Object.hasOwn(providers, name));
  return chosen === undefined ? undefined : providers[chosen];
}
