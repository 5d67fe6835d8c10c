// One measurement from end to end: secrets in, the store asked, the answer judged. Secrets stay out of what is recorded.
import type { AnalysisRunSpec, Metric } from '../api/analysis.ts';
import { argumentValues, redact, substitute } from './arguments.ts';
import { assess } from './assess.ts';
import { ProviderError, providerOf, type Providers, type ReadSecret } from './provider.ts';
import type { Measured } from './run.ts';

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

/** Fills in secrets, asks the provider, judges the answer. Never rejects: what goes wrong is an Error measurement. */
export async function measure(spec: AnalysisRunSpec, metric: string, options: MeasureOptions): Promise<Measured> {
  const startedAt = options.now();
  const secrets: string[] = [];
  try {
    const declared = await withSecrets(spec, metric, options, secrets);
    const provider = providerOf(options.providers, declared);
    if (provider === undefined)
      throw new ProviderError(`there is no provider ${Object.keys(declared.provider).join(', ')}`);
    const value = await provider.measure(declared, options.namespace, options.signal);
    await options.beforeJudging?.(redact(value.text, secrets), startedAt);
    const { message, ...verdict } = assess(declared, value);
    return {
      ...verdict,
      ...(message !== undefined && { message: redact(message, secrets) }),
      value: redact(value.text, secrets),
      startedAt,
      finishedAt: options.now(),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${metric}: ${redact(reason, secrets)}`;
    return { phase: 'Error', message, startedAt, finishedAt: options.now() };
  }
}

/** The metric as it is asked for; the secrets it needs are added to `secrets`. Reads only those it names. */
async function withSecrets(
  spec: AnalysisRunSpec,
  name: string,
  options: MeasureOptions,
  secrets: string[],
): Promise<Metric> {
  const metric = spec.metrics.find((each) => each.name === name);
  if (metric === undefined) throw new ProviderError(`the run has no metric ${name}`);
  const text = JSON.stringify(metric);
  const { values } = argumentValues(spec.args ?? []);
  const all = new Map(values);
  for (const arg of spec.args ?? []) {
    const ref = arg.valueFrom?.secretKeyRef;
    if (ref === undefined || !text.includes(`args.${arg.name}`)) continue;
    const value = await options.readSecret(options.namespace, ref.name, ref.key);
    secrets.push(value);
    all.set(arg.name, value);
  }
  const filled = substitute(metric, { values: all, secrets: new Set() }, 'metric');
  if (filled.ok) return filled.value;
  throw new ProviderError(filled.error.map((issue) => `${issue.field}: ${issue.message}`).join('; '));
}
