// One measurement from end to end: secrets in, the store asked, the answer judged. Secrets stay out of what is judged and recorded.
import type { AnalysisRunSpec, Metric } from '../api/analysis.ts';
import type { SecretOrigin } from '../ports/egress.ts';
import { argumentValues, substitute } from '../analysis/run/arguments.ts';
import { assess } from '../analysis/judges/assess.ts';
import { ProviderError, providerOf, type Providers, type ReadSecret } from '../analysis/provider.ts';
import { Redactor } from '../analysis/redactor.ts';
import type { Measured } from '../analysis/run/run.ts';
import { MAX_TEXT, type MetricValue } from '../analysis/value.ts';

export interface MeasureOptions {
  namespace: string;
  providers: Providers;
  readSecret: ReadSecret;
  /** Milliseconds since the epoch. */
  now: () => number;
  signal: AbortSignal;
  /** Awaited with the value as it may be recorded, before it is judged. Its rejection is an Error measurement. */
  beforeJudging?: (value: string, startedAt: number) => Promise<void>;
}

/** Longest message of a measurement, in characters. */
const MAX_MESSAGE = 2048;

/** Fills in secrets, asks the provider, judges the answer. Never rejects: what goes wrong is an Error measurement. */
export async function measure(spec: AnalysisRunSpec, metric: string, options: MeasureOptions): Promise<Measured> {
  const startedAt = options.now();
  const redactor = new Redactor();
  try {
    const declared = spec.metrics.find((each) => each.name === metric);
    if (declared === undefined) throw new ProviderError(`the run has no metric ${metric}`);
    const { filled, secrets } = await withSecrets(spec, declared, options, redactor);
    const provider = providerOf(options.providers, filled);
    if (provider === undefined)
      throw new ProviderError(`there is no provider ${Object.keys(filled.provider).join(', ')}`);
    const { namespace, signal } = options;
    const value = withoutSecrets(await provider.measure(filled, { namespace, signal, secrets, redactor }), redactor);
    await options.beforeJudging?.(value.text, startedAt);
    const { message, ...verdict } = assess(filled, value);
    return {
      ...verdict,
      ...(message !== undefined && { message: redactor.clean(message, MAX_MESSAGE) }),
      value: value.text,
      startedAt,
      finishedAt: options.now(),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${metric}: ${redactor.clean(reason, MAX_MESSAGE)}`;
    return { phase: 'Error', message, startedAt, finishedAt: options.now() };
  }
}

/** A store that gives a secret back gives conditions nothing to compare: neither its letters nor its order. */
function withoutSecrets(value: MetricValue, redactor: Redactor): MetricValue {
  if (value.kind !== 'string') return { ...value, text: redactor.clean(value.text) };
  return { ...value, value: redactor.clean(value.value), text: redactor.clean(value.text, MAX_TEXT) };
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
