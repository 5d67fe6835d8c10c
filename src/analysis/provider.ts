// The door to metric stores: how a measurement is begun, looked after and ended, and the errors that say why there is none. The providers
// are in providers/, one folder each.
import type { Metric } from '../api/analysis.ts';
import type { SecretOrigin } from '../ports/egress.ts';
import type { ProviderName } from './providers/forms.ts';
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
  /** Which measurement it is, for names of what is made for it: the same for the same one, whichever process begins it. */
  measurement: { run: string; uid: string; metric: string; number: number };
}

/**
 * How a measurement that takes long is found again, by this process or the next one. It is in the run's status: a few short texts, and no
 * secret.
 */
export type Handle = Readonly<Record<string, string>>;

/** The value, or where it will come from and when to ask again. */
export type Progress = { value: MetricValue } | { handle: Handle; pollAfterMs: number };

/**
 * Placeholders in the metric are substituted before. All of it may be called again for the same measurement, after a crash in between: what
 * is made is made once, what is ended is ended.
 *
 * `start` and `poll` throw `ProviderError` with a message for people, which holds no credentials once `redactor` has cleaned it; then the
 * measurement is an error, and what was begun is ended. A store that is away for a moment is answered by the same handle.
 */
export interface MetricProvider {
  start(metric: Metric, context: MeasureContext): Promise<Progress>;
  /** What has become of it. With a value nothing is left to be ended. */
  poll(metric: Metric, handle: Handle, context: MeasureContext): Promise<Progress>;
  /** Nobody waits for it any more. Rejects where it should be tried again. */
  end(metric: Metric, handle: Handle, context: MeasureContext): Promise<void>;
}

/** A store that answers each question at once: there is never anything to look after. */
export const answeredAtOnce = (
  measure: (metric: Metric, context: MeasureContext) => Promise<MetricValue>,
): MetricProvider => {
  const start: MetricProvider['start'] = async (metric, context) => ({ value: await measure(metric, context) });
  return { start, poll: (metric, _handle, context) => start(metric, context), end: () => Promise.resolve() };
};

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
