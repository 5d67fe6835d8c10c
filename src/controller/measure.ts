// One look at a metric: secrets in, the store asked, the answer cleaned. Secrets stay out of what is judged and recorded.
import type { AnalysisRunSpec, Metric } from '../api/analysis.ts';
import { MIN_INTERVAL_MS } from '../api/metric.ts';
import { argumentValues, substitute } from '../analysis/run/arguments.ts';
import {
  ProviderError,
  providerOf,
  type Handle,
  type MeasureContext,
  type MetricProvider,
  type Progress,
  type Providers,
  type ReadSecret,
} from '../analysis/provider.ts';
import { Redactor } from '../analysis/redactor.ts';
import type { UnderWay } from '../analysis/run/measurements.ts';
import type { Measured } from '../analysis/run/run.ts';
import { cleanValue } from '../analysis/value.ts';
import type { SecretOrigin } from '../ports/egress.ts';

export interface MeasureOptions {
  namespace: string;
  providers: Providers;
  readSecret: ReadSecret;
  /** Milliseconds since the epoch. */
  now: () => number;
  signal: AbortSignal;
  measurement: MeasureContext['measurement'];
  /** A measurement of this metric that takes long: it is asked for again in place of another one. */
  underWay?: UnderWay | undefined;
  /** Awaited with the value as it may be recorded, before it is judged. Its rejection is an error. */
  beforeJudging?: (value: string, startedAt: number) => Promise<void>;
}

/** What a look came to; `given` is a handle that nobody waits for any more. */
export type Outcome = { measured: Measured; given?: Handle } | { underWay: UnderWay };

/** Longest message of a measurement, in characters. */
const MAX_MESSAGE = 2048;
/** Longest handle as JSON, in characters. */
const MAX_HANDLE = 1024;

/** Fills in secrets and asks the provider. Never rejects: what goes wrong is an error of the measurement. */
export async function measure(spec: AnalysisRunSpec, metric: string, options: MeasureOptions): Promise<Outcome> {
  const { underWay, now } = options;
  const startedAt = underWay?.startedAt ?? now();
  const redactor = new Redactor();
  const clean = (text: string): string => redactor.clean(text, MAX_MESSAGE);
  let given = underWay?.handle;
  try {
    const { provider, filled, context } = await prepare(spec, metric, options, redactor);
    const progress = await (underWay === undefined
      ? provider.start(filled, context)
      : provider.poll(filled, underWay.handle, context));
    if (!('value' in progress)) {
      given = progress.handle;
      return { underWay: { ...checked(progress, redactor, now()), startedAt } };
    }
    given = undefined;
    const value = cleanValue(progress.value, (text, most) => redactor.clean(text, most));
    await options.beforeJudging?.(value.text, startedAt);
    return { measured: { value, clean, startedAt, finishedAt: now() } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const measured = { error: `${metric}: ${clean(reason)}`, startedAt, finishedAt: now() };
    return given === undefined ? { measured } : { measured, given };
  }
}

/** Tells the provider that nobody waits for it any more. Rejects where that has to be tried again; the message holds no secret. */
export async function endMeasurement(
  spec: AnalysisRunSpec,
  metric: string,
  handle: Handle,
  options: MeasureOptions,
): Promise<void> {
  const redactor = new Redactor();
  try {
    const { provider, filled, context } = await prepare(spec, metric, options, redactor);
    await provider.end(filled, handle, context);
  } catch (error) {
    throw new Error(redactor.clean(error instanceof Error ? error.message : String(error), MAX_MESSAGE));
  }
}

interface Prepared {
  provider: MetricProvider;
  filled: Metric;
  context: MeasureContext;
}

async function prepare(
  spec: AnalysisRunSpec,
  metric: string,
  options: MeasureOptions,
  redactor: Redactor,
): Promise<Prepared> {
  const declared = spec.metrics.find((each) => each.name === metric);
  if (declared === undefined) throw new ProviderError(`the run has no metric ${metric}`);
  const { filled, secrets } = await withSecrets(spec, declared, options, redactor);
  const provider = providerOf(options.providers, filled);
  if (provider === undefined)
    throw new ProviderError(`there is no provider ${Object.keys(filled.provider).join(', ')}`);
  const { namespace, signal, measurement } = options;
  return { provider, filled, context: { namespace, signal, secrets, redactor, measurement } };
}

/** A handle is recorded, where people see it. */
function checked(
  { handle, pollAfterMs }: Extract<Progress, { handle: Handle }>,
  redactor: Redactor,
  now: number,
): Omit<UnderWay, 'startedAt'> {
  const text = JSON.stringify(handle);
  if (text.length > MAX_HANDLE) throw new ProviderError('the measurement cannot be kept: its handle is too long');
  if (redactor.clean(text) !== text)
    throw new ProviderError('the measurement cannot be kept: its handle holds a secret');
  return { handle, pollAt: now + Math.max(pollAfterMs, MIN_INTERVAL_MS) };
}

/** The metric as it is asked for, and the Secrets that are in it; their values are told to the redactor. Reads only those it names. */
async function withSecrets(
  spec: AnalysisRunSpec,
  metric: Metric,
  options: MeasureOptions,
  redactor: Redactor,
): Promise<{ filled: Metric; secrets: SecretOrigin[] }> {
  const named = JSON.stringify(metric);
  const given = argumentValues(spec.args ?? []);
  // Whether a value may stand where it is named is asked before any is read.
  check(substitute([metric], given, 'metric'));
  const values = new Map(given.values);
  const secrets: SecretOrigin[] = [];
  for (const { name, valueFrom } of spec.args ?? []) {
    const ref = valueFrom?.secretKeyRef;
    if (ref === undefined || !named.includes(`args.${name}`)) continue;
    const { value, annotations } = await options.readSecret(options.namespace, ref.name, ref.key);
    redactor.add(value);
    values.set(name, value);
    secrets.push({ namespace: options.namespace, name: ref.name, annotations });
  }
  return { filled: check(substitute([metric], { ...given, values }, 'metric')), secrets };
}

function check(filled: ReturnType<typeof substitute>): Metric {
  const [metric] = filled.ok ? filled.value : [];
  if (metric !== undefined) return metric;
  const issues = filled.ok ? [] : filled.error;
  throw new ProviderError(issues.map((issue) => `${issue.field}: ${issue.message}`).join('; '));
}
