// The door to metric stores: what each provider offers, and the errors it may throw. The providers are in providers/.
import type { Metric } from '../api/analysis.ts';
import type { SecretOrigin } from '../ports/egress.ts';
import type { Redactor } from './redactor.ts';
import type { MetricValue } from './value.ts';

export interface MeasureContext {
  /** Of the run: where Secrets are. */
  namespace: string;
  signal: AbortSignal;
  /** The Secrets whose values are in the metric: they may be sent only where they may go. */
  secrets: readonly SecretOrigin[];
  /** Knows the secrets of the metric; the provider adds those that it reads itself. */
  redactor: Redactor;
}

export interface MetricProvider {
  /**
   * One measurement. Placeholders in the metric are substituted before.
   * Throws `ProviderError` with a message for people, which holds no credentials once `redactor` has cleaned it.
   */
  measure(metric: Metric, context: MeasureContext): Promise<MetricValue>;
}

export type ProviderName = keyof Metric['provider'];

/** The providers there are, by the field of `provider` that asks for them. */
export type Providers = Readonly<Record<ProviderName, MetricProvider>>;

/** One key of a Secret, and where it may go. */
export interface SecretValue {
  value: string;
  annotations?: SecretOrigin['annotations'];
}

/** Reads one key of a Secret; rejects with a message for people where there is none. */
export type ReadSecret = (namespace: string, name: string, key: string) => Promise<SecretValue>;

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
